from __future__ import annotations

import pytest
from pydantic import ValidationError

from configs import Settings, load_settings


def write(folder, text: str):
    path = folder / "settings.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_no_file_means_the_defaults():
    assert load_settings() == Settings()


def test_an_empty_file_means_the_defaults(tmp_path):
    assert load_settings(write(tmp_path, "")) == Settings()


def test_a_file_changes_what_it_names_and_nothing_else(tmp_path):
    settings = load_settings(write(tmp_path, "late_payment:\n  seeds: 2\n"))
    assert settings.late_payment.seeds == 2
    assert settings.late_payment.seed == Settings().late_payment.seed
    assert settings.limits == Settings().limits


@pytest.mark.parametrize(
    ("text", "there_are"),
    [
        ("lgd: 0.4\n", "reporting_currency, intake, .*, serving"),
        ("default:\n  lgdd: 0.4\n", "consecutive_days, .*, lgd"),
        ("late_payment:\n  capacities:\n    trees: {lgdd: 1}\n", "min_cases, .*, lambda_l2"),
    ],
)
def test_an_unknown_key_is_refused_and_the_keys_are_named(tmp_path, text, there_are):
    said = f"lgdd?: Extra inputs are not permitted; the keys are {there_are}$"
    with pytest.raises(ValueError, match=said):
        load_settings(write(tmp_path, text))


def test_all_faults_are_reported_at_once(tmp_path):
    path = write(
        tmp_path,
        "default:\n  lgd: 7\nscorecard:\n  pdo: 0\n  colour: red\nreporting_currency: euro\n",
    )
    with pytest.raises(ValueError) as refusal:
        load_settings(path)
    text = str(refusal.value)
    assert text.startswith(str(path))
    for key in ("default.lgd", "scorecard.pdo", "scorecard.colour", "reporting_currency"):
        assert f"{key}: " in text
    assert "\n" not in text


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("- a\n- b\n", "holds a list"),
        ("word", "holds a str"),
        ("default: [1\n", "not a YAML file"),
        ("default: 3\n", "default: "),
    ],
)
def test_what_is_not_a_mapping_of_sections_is_refused(tmp_path, text, fault):
    with pytest.raises(ValueError, match=fault):
        load_settings(write(tmp_path, text))


def test_a_file_that_is_not_text_is_refused(tmp_path):
    path = tmp_path / "settings.yaml"
    path.write_bytes(b"\xff\xfe\x00default")
    with pytest.raises(ValueError, match="not a YAML file"):
        load_settings(path)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(ValueError, match="cannot be read"):
        load_settings(tmp_path / "absent.yaml")


def test_settings_cannot_be_changed_after_reading():
    with pytest.raises(ValidationError, match="frozen"):
        Settings().limits.max_limit = 5.0  # type: ignore[misc]


def test_the_master_scale_ascends_to_one():
    upper = list(Settings().scorecard.grades.values())
    assert upper == sorted(upper)
    assert upper[-1] == 1.0
