"""Frames to files: Parquet, CSV on request, all of a folder's files at once."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Mapping
from pathlib import Path

import pandas as pd


def write_frame(path: Path, frame: pd.DataFrame) -> None:
    """Write a frame as Parquet or CSV, by the file's suffix, replacing the file whole.

    Raises
    ------
    ValueError
        Another suffix.
    """
    if path.suffix not in (".parquet", ".csv"):
        raise ValueError(f"{path}: write to a .parquet or a .csv file")
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{uuid.uuid4().hex}{path.suffix}")
    try:
        if path.suffix == ".csv":
            frame.to_csv(draft, index=False)
        else:
            frame.to_parquet(draft, index=False)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def write_frames(folder: Path, frames: Mapping[str, pd.DataFrame], csv: bool) -> list[Path]:
    """Write frames as ``<name>.parquet``, and as CSV if asked; all are complete before any shows.

    Returns
    -------
    list of Path
        The files written.
    """
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder}: is a file; name a folder to write to")
    draft = folder / f".{uuid.uuid4().hex}"
    draft.mkdir(parents=True)
    try:
        for name, frame in frames.items():
            write_frame(draft / f"{name}.parquet", frame)
            if csv:
                write_frame(draft / f"{name}.csv", frame)
        written = []
        for path in sorted(draft.iterdir()):
            written.append(path.replace(folder / path.name))
        return written
    finally:
        shutil.rmtree(draft, ignore_errors=True)
