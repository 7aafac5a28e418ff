from __future__ import annotations

from datetime import date

import pytest

from models.bundle import champion_versions, load_champions
from models.registry import Registry
from pipelines.training import train_model


def test_every_model_is_registered_published_and_drawn(trained):
    champions = load_champions(trained.home)
    assert set(champions) == {"late_payment", "default", "scorecard"}
    for name, outcome in trained.outcomes.items():
        assert (outcome.registered.version, outcome.registered.alias) == ("1", "champion")
        assert champions[name].fingerprint == outcome.registered.fingerprint
        assert champions[name].trained_as_of == trained.as_of
        assert (outcome.plots / "report.png").stat().st_size > 1000
    registry = Registry(trained.home)
    aliases = {name: registry.champion(name) for name in champions}
    assert aliases == champion_versions(trained.home)


def test_measures_are_out_of_time_and_within_bounds(trained):
    for name, prefix in (("late_payment", "oot_late_5d"), ("default", "oot"), ("scorecard", "oot")):
        metrics = trained.outcomes[name].metrics
        assert 0.6 < metrics[f"{prefix}_auc"] < 0.99, name
        assert 0 < metrics[f"{prefix}_brier"] < 0.25
        assert 0 <= metrics[f"{prefix}_ece"] < 0.3


@pytest.mark.parametrize("name", ["default", "scorecard"])
def test_too_few_defaults_are_a_refusal_in_one_line_and_leave_nothing(
    name, tiny_ledger, empty_home, settings
):
    outcome = train_model(name, tiny_ledger, date(2025, 10, 1), empty_home, settings, str)
    assert outcome.registered is None
    assert outcome.refusal.startswith(f"{name}: ")
    assert "are needed" in outcome.refusal and "\n" not in outcome.refusal
    assert not empty_home.root.exists()


def test_a_moment_before_all_facts_is_a_refusal(trained, empty_home, settings):
    outcome = train_model(
        "late_payment", trained.ledger, date(2022, 1, 1), empty_home, settings, str
    )
    assert "0 settled invoices" in outcome.refusal


def test_a_moment_the_ledger_does_not_reach_is_refused(trained, empty_home, settings):
    with pytest.raises(ValueError, match="ends with the extract of"):
        train_model("default", trained.ledger, date(2030, 1, 1), empty_home, settings, str)


def test_a_history_of_a_few_months_trains(trained, empty_home, settings):
    """No invoice of the last slice can be 30 days late yet: nothing to measure there."""
    outcome = train_model(
        "late_payment", trained.ledger, date(2023, 6, 1), empty_home, settings, str
    )
    assert outcome.registered is not None, outcome.refusal
