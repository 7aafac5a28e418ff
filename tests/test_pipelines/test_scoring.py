from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from models.bundle import load_champions
from models.loss.expected import SCENARIO_COLUMNS
from pipelines import scoring
from pipelines.proposals import COLUMNS
from pipelines.scoring import score_ledger
from serving.store import RiskStore

AS_OF = date(2025, 12, 1)
CASH = ["as_of", "period", "week_start", "week_end"]
CASH += ["expected_cash", "cash_p10", "cash_p90", "currency"]
REASONS = ["reason_1", "reason_2", "reason_3", "reason_4"]
LATE = [f"p_late_{k}d" for k in (1, 5, 15, 30, 60, 90)]
QUANTILES = ["pay_date_p10", "pay_date_p50", "pay_date_p90"]
INVOICES = [
    *("invoice_id", "customer_id", "issued_on", "due_on", "as_of"),
    *LATE,
    *("expected_days_late", "expected_pay_date", *QUANTILES, "open_amount", "currency"),
    "basis",
    *REASONS,
]
CUSTOMERS = [
    *("customer_id", "as_of", "currency", "pd_12m", "pd_upper", "score", "grade"),
    *(
        "exposure",
        "overdue",
        "insured",
        "lgd",
        "lgd_basis",
        "expected_loss",
        "current_limit",
        "suggested_limit",
        "binding_cap",
        "basis",
    ),
    *REASONS,
    *(f"card_{name}" for name in REASONS),
]
WORKLIST = [
    *("rank", "customer_id", "collector_id", "currency", "priority_value", "cash_at_risk"),
    *("overdue", "expected_cash_30d", "next_action"),
    *REASONS,
]
DETAILS = [
    *("position", "characteristic", "feature", "value", "usual", "contribution", "direction"),
    "reason",
]


def write_proposals(path, n: int = 6, **changes: object):
    frame = pd.DataFrame(
        {
            "invoice_id": [f"N{i}" for i in range(n)],
            "customer_id": ["K000000", "K000007", "nobody", "K000014", "K000021", "K000000"][:n],
            "issued_on": [AS_OF + timedelta(days=i) for i in range(n)],
            "due_on": [AS_OF + timedelta(days=30 + i) for i in range(n)],
            "amount": [100.0 * (i + 1) for i in range(n)],
            "currency": "EUR",
            **changes,
        },
        columns=list(COLUMNS),
    )
    frame.to_csv(path, index=False)
    return path


@pytest.fixture
def score(trained, settings, home, tmp_path):
    """Scores the ledger into a folder and returns the frames written."""

    def call(folder="out", **options):
        out = tmp_path / folder
        options = {"as_of": AS_OF, "ledger": trained.ledger, "home": home, **options}
        ledger, as_of, place = (options.pop(name) for name in ("ledger", "as_of", "home"))
        score_ledger(ledger, as_of, out, place, settings, progress=str, **options)
        return {path.stem: pd.read_parquet(path) for path in out.glob("*.parquet")}

    return call


def test_the_outputs_have_exactly_their_columns(score, tmp_path):
    frames = score(proposed=write_proposals(tmp_path / "p.csv"))
    columns = {name: list(frame.columns) for name, frame in frames.items()}
    assert columns == {
        "invoices": INVOICES,
        "proposed": INVOICES,
        "customers": CUSTOMERS,
        "worklist": WORKLIST,
        "invoice_reasons": ["invoice_id", *DETAILS],
        "proposed_reasons": ["invoice_id", *DETAILS],
        "customer_reasons": ["customer_id", *DETAILS],
        "expected_loss": SCENARIO_COLUMNS,
        "cash_forecast": CASH,
        "cash_forecast_customers": ["customer_id", *CASH],
    }


@pytest.mark.parametrize("name", ["invoice", "proposed", "customer"])
def test_the_reasons_in_detail_are_those_of_the_scores(score, tmp_path, name):
    frames = score(proposed=write_proposals(tmp_path / "p.csv"))
    scores = frames[name if name == "proposed" else f"{name}s"]
    key = "customer_id" if name == "customer" else "invoice_id"
    table = frames[f"{name}_reasons"]
    wide = table.pivot(index=key, columns="position", values="reason").reindex(scores[key])
    for position in range(1, 5):
        expected = scores[f"reason_{position}"].fillna("").tolist()
        assert wide[position].fillna("").tolist() == expected
    assert scores["reason_1"].notna().all()
    assert (np.sign(table["contribution"]) == np.where(table["direction"] == "raises", 1, -1)).all()


def test_scored_invoices_are_plausible(score):
    invoices = score()["invoices"]
    late = invoices[LATE].to_numpy()
    assert invoices["invoice_id"].is_unique and len(invoices) > 100
    assert ((late >= 0) & (late <= 1)).all() and (np.diff(late, axis=1) <= 0).all()
    past_due = (pd.to_datetime(AS_OF) - pd.to_datetime(invoices["due_on"])).dt.days
    for days, column in zip((1, 5, 15, 30, 60, 90), LATE, strict=True):
        assert (invoices.loc[past_due >= days, column] == 1.0).all()
    dates = invoices[[*QUANTILES]].apply(pd.to_datetime)
    assert (dates["pay_date_p10"] <= dates["pay_date_p50"]).all()
    assert (dates["pay_date_p50"] <= dates["pay_date_p90"]).all()
    for column in (*QUANTILES, "expected_pay_date"):
        pay_day = pd.to_datetime(invoices[column])
        assert (pay_day >= pd.Timestamp(AS_OF)).all()
        assert (pay_day >= pd.to_datetime(invoices["issued_on"])).all()
    assert (invoices["expected_days_late"] <= 365).all()
    assert (invoices["expected_days_late"] >= np.minimum(past_due, 365) - 1e-6).all()
    assert (invoices["open_amount"] > 0).all()


def test_scored_customers_and_worklist_are_plausible(score):
    frames = score()
    customers, worklist = frames["customers"], frames["worklist"]
    assert customers["customer_id"].is_unique
    assert customers["pd_12m"].between(0, 1).all()
    held = customers["basis"].isin(["in default", "in probation"])
    assert held.any() and (customers.loc[held, "grade"] == "default").all()
    assert (customers.loc[held, "pd_12m"] == 1.0).all()
    assert set(customers.loc[~held, "grade"]) <= set("ABCDEFGHI")
    scenarios = frames["expected_loss"].set_index("scenario")["expected_loss"]
    assert scenarios["base"] == pytest.approx(customers["expected_loss"].sum(), abs=1)
    assert scenarios["lower LGD"] < scenarios["base"] < scenarios["higher LGD"]
    assert scenarios["base"] < scenarios["upper PD"] < scenarios["upper PD and higher LGD"]
    assert scenarios["base"] < scenarios["no insurer pays"]
    assert (customers["pd_upper"] >= customers["pd_12m"]).all()
    at_risk = customers["exposure"] - customers["insured"]
    assert (at_risk >= 0).all() and (customers["insured"] > 0).any()
    loss = customers["pd_12m"] * customers["lgd"] * at_risk
    assert np.allclose(customers["expected_loss"], loss, atol=0.006)
    assert set(customers.loc[~held, "basis"]) <= {"own history", "bureau", "segment", "portfolio"}
    assert worklist["rank"].tolist() == list(range(1, len(worklist) + 1))
    assert worklist["priority_value"].is_monotonic_decreasing
    assert (worklist["cash_at_risk"] <= worklist["overdue"] + 0.01).all()
    assert set(worklist["customer_id"]) <= set(customers["customer_id"])
    assert worklist["reason_1"].str.contains("overdue").all()


def test_the_same_score_twice_is_the_same_to_the_byte(score, tmp_path):
    proposed = write_proposals(tmp_path / "p.csv")
    score("one", proposed=proposed, csv=True)
    score("two", proposed=proposed, csv=True)
    files = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert len(files) == 20
    for name in files:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_the_scores_are_published_for_serving(score, home):
    frames = score()
    current = RiskStore(home.risk_store).current()
    assert current is not None
    assert current.as_of == AS_OF
    assert dict(current.models) == {"late_payment": "1", "default": "1", "scorecard": "1"}
    assert len(frames["customers"]) > 0


def test_without_models_the_rest_is_scored_and_their_columns_are_empty(score, empty_home, tmp_path):
    frames = score(home=empty_home, proposed=write_proposals(tmp_path / "p.csv"))
    assert list(frames["invoices"].columns) == INVOICES
    for name in ("invoices", "proposed"):
        assert frames[name][[*LATE, "expected_days_late", *QUANTILES]].isna().all(axis=None)
        assert frames[name]["open_amount"].notna().all()
    customers = frames["customers"]
    assert customers[["exposure", "overdue", "suggested_limit", "basis"]].notna().all(axis=None)
    # Who is in default is known without a model.
    defaulted = customers["basis"].isin(["in default", "in probation"])
    empty = ["pd_12m", "score", "grade", "expected_loss", *REASONS]
    assert customers.loc[~defaulted, empty].isna().all(axis=None)
    gone = customers[defaulted]
    assert len(gone) > 0 and (gone["pd_12m"] == 1.0).all() and (gone["grade"] == "default").all()
    assert (gone["suggested_limit"] == 0.0).all() and (gone["binding_cap"] == "no_credit").all()
    assert gone["reason_1"].str.startswith("in default since").all()
    assert frames["expected_loss"]["expected_loss"].isna().all()
    assert (frames["expected_loss"]["exposure"] > 0).all()
    assert (frames["worklist"]["cash_at_risk"] > 0).all()


def test_a_moment_before_all_facts_gives_empty_outputs(score, empty_home):
    frames = score(home=empty_home, as_of=date(2022, 1, 1))
    assert {name: len(frame) for name, frame in frames.items()} == {
        "invoices": 0,
        "customers": 0,
        "expected_loss": 6,
        "worklist": 0,
        "invoice_reasons": 0,
        "customer_reasons": 0,
        "cash_forecast": 15,
        "cash_forecast_customers": 0,
    }
    assert list(frames["customers"].columns) == CUSTOMERS


def test_a_model_trained_after_the_moment_is_refused(score, trained):
    with pytest.raises(ValueError, match="trained as of 2025-10-01, after the as_of") as fault:
        score(as_of=trained.as_of - timedelta(days=1))
    assert "\n" not in str(fault.value)
    assert len(score(as_of=trained.as_of)["invoices"]) > 0


def test_a_moment_far_behind_the_extract_is_refused(score):
    with pytest.raises(ValueError, match="ends with the extract of"):
        score(as_of=date(2027, 1, 1))


def test_rows_of_a_batch_do_not_see_each_other(score, tmp_path):
    together = score("all", proposed=write_proposals(tmp_path / "p.csv"))["proposed"]
    whole = pd.read_csv(tmp_path / "p.csv")
    for number in (0, 2, 5):
        one = tmp_path / f"{number}.csv"
        whole.iloc[[number]].to_csv(one, index=False)
        alone = score(f"one-{number}", proposed=one)["proposed"]
        expected = together.iloc[[number]].reset_index(drop=True)
        pd.testing.assert_frame_equal(alone, expected, check_exact=True)


def test_a_customer_nobody_knows_is_scored(score, tmp_path):
    proposed = score(proposed=write_proposals(tmp_path / "p.csv"))["proposed"]
    stranger = proposed[proposed["customer_id"] == "nobody"]
    assert stranger[LATE].notna().all(axis=None)


def test_refused_rows_are_written_with_their_rule(score, tmp_path):
    amounts = [100.0, -1.0, 300.0, "x", 500.0, 600.0]
    frames = score(proposed=write_proposals(tmp_path / "p.csv", amount=amounts))
    assert frames["proposed"]["invoice_id"].tolist() == ["N0", "N2", "N4", "N5"]
    refused = frames["proposed_refused"]
    assert refused["invoice_id"].tolist() == ["N1", "N3"]
    assert set(refused["rule"]) == {"the amount is not a number above zero"}


def test_a_currency_without_a_rate_is_refused_and_alone_before_anything_is_written(
    score, home, tmp_path
):
    with pytest.raises(ValueError, match="none of .* no rate of the currency; add it to fx"):
        score(proposed=write_proposals(tmp_path / "p.csv", currency="JPY"))
    assert not (tmp_path / "out").exists()
    assert not home.risk_store.exists()
    mixed = ["EUR", "JPY", "EUR", "EUR", "EUR", "EUR"]
    frames = score(proposed=write_proposals(tmp_path / "p.csv", currency=mixed))
    assert len(frames["proposed"]) == 5
    assert frames["proposed_refused"]["invoice_id"].tolist() == ["N1"]


@pytest.mark.parametrize("step", ["write", "publish"])
def test_a_failure_at_the_end_leaves_the_old_files_or_the_old_publication(
    score, home, tmp_path, monkeypatch, step
):
    before = score()
    store = RiskStore(home.risk_store)
    published = store.current()
    if step == "write":
        monkeypatch.setattr(pd.DataFrame, "to_parquet", _full_disk)
    else:
        monkeypatch.setattr(scoring.RiskStore, "publish", _full_disk)
    with pytest.raises(OSError, match="No space"):
        score(as_of=date(2025, 11, 1))
    assert store.current() == published
    if step == "write":
        for name, frame in before.items():
            again = pd.read_parquet(tmp_path / "out" / f"{name}.parquet")
            pd.testing.assert_frame_equal(again, frame)
    assert not [path for path in (tmp_path / "out").iterdir() if path.name.startswith(".")]


def _full_disk(*_args: object, **_options: object) -> None:
    raise OSError(28, "No space left on device")


def test_a_changed_bundle_is_not_scored_with(score, home):
    file = home.bundles / "default" / "1" / "bundle.json"
    file.write_text(file.read_text(encoding="utf-8").replace('"slope": ', '"slope": 1'))
    with pytest.raises(ValueError, match="bundle was changed"):
        score()


def test_a_version_that_is_asked_for_takes_the_champions_place(trained, settings):
    chosen = scoring.choose_models(trained.home, {"default": "1"}, AS_OF)
    assert chosen["default"].fingerprint == load_champions(trained.home)["default"].fingerprint
    with pytest.raises(ValueError, match="default=8: no such version"):
        scoring.choose_models(trained.home, {"default": "8"}, AS_OF)
    with pytest.raises(ValueError, match="--model nonsense: not a model"):
        scoring.choose_models(trained.home, {"nonsense": "1"}, AS_OF)
