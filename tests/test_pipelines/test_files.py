from __future__ import annotations

import pandas as pd
import pytest

from pipelines.files import write_frame, write_frames

OLD = {"a": pd.DataFrame({"x": [1]}), "b": pd.DataFrame({"y": [2]})}
NEW = {"a": pd.DataFrame({"x": [10]}), "b": pd.DataFrame({"y": [20]})}


def test_frames_are_written_as_parquet_and_csv_on_request(tmp_path):
    files = write_frames(tmp_path / "out", OLD, csv=True)
    assert sorted(path.name for path in files) == ["a.csv", "a.parquet", "b.csv", "b.parquet"]
    assert sorted((tmp_path / "out").iterdir()) == sorted(files)
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "out" / "a.parquet"), OLD["a"])
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "out" / "b.csv"), OLD["b"])


@pytest.mark.parametrize("fails_at", [1, 2])
def test_a_failure_in_the_middle_leaves_the_old_files(tmp_path, monkeypatch, fails_at):
    write_frames(tmp_path, OLD, csv=False)
    write, calls = pd.DataFrame.to_parquet, []

    def full_disk(frame, path, **options):
        calls.append(path)
        if len(calls) == fails_at:
            path.write_bytes(b"half a fi")
            raise OSError(28, "No space left on device")
        return write(frame, path, **options)

    monkeypatch.setattr(pd.DataFrame, "to_parquet", full_disk)
    with pytest.raises(OSError, match="No space"):
        write_frames(tmp_path, NEW, csv=False)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.parquet", "b.parquet"]
    for name, frame in OLD.items():
        pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / f"{name}.parquet"), frame)


def test_a_single_frame_replaces_its_file_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "frame.csv"
    write_frame(path, OLD["a"])
    before = path.read_bytes()
    monkeypatch.setattr(pd.DataFrame, "to_csv", _full_disk)
    with pytest.raises(OSError, match="No space"):
        write_frame(path, NEW["a"])
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def _full_disk(*_args: object, **_options: object) -> None:
    raise OSError(28, "No space left on device")


def test_another_suffix_and_a_file_as_folder_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"\.parquet or a \.csv"):
        write_frame(tmp_path / "frame.xlsx", OLD["a"])
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="is a file"):
        write_frames(tmp_path / "file", OLD, csv=False)
