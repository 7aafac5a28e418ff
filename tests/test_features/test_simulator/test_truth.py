"""The truth against brute force: labels counted from the documents by a simple second method."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from features.simulator.business_days import build_calendar
from features.simulator.documents import ledger_tables
from features.simulator.simulate import histories

CUSTOMERS, MONTHS, SEED = 2500, 48, 20
START = date(2021, 1, 1)


@pytest.fixture(scope="module")
def calm():
    return histories(np.arange(CUSTOMERS), SEED, build_calendar(START, MONTHS), with_shock=False)


@pytest.fixture(scope="module")
def tables(calm):
    tables = ledger_tables(calm.people, calm.calendar, calm.records)
    return {name: rows.to_pandas() for name, rows in tables.items()}, calm.calendar.horizon


def day_of(dates):
    return (pd.to_datetime(dates) - pd.Timestamp(START)).dt.days.to_numpy()


def customer_of(ids):
    return ids.str[1:7].astype(int).to_numpy()


def first_default_days(tables, horizon):
    """Count day-ends in a (customer, day) table, as known on each day; NEVER = a large number."""
    invoices, payments = tables["invoices"], tables["payments"]
    balance = np.zeros((CUSTOMERS, horizon + 1))
    overdue = np.zeros((CUSTOMERS, horizon + 1))
    due_of = pd.Series(day_of(invoices["due_on"]), invoices["invoice_id"])

    def book(customer, known, due, amount):
        np.add.at(balance, (customer, np.minimum(known, horizon)), amount)
        np.add.at(overdue, (customer, np.clip(np.maximum(known, due), 0, horizon)), amount)

    claims = invoices[invoices["kind"] == "invoice"]
    notes = invoices[invoices["kind"] == "credit_note"]
    for rows, sign, target in (
        (claims, 1.0, claims["invoice_id"]),
        (notes, -1.0, notes["credited_invoice_id"]),
    ):
        book(
            customer_of(rows["customer_id"]),
            day_of(rows["recorded_at"]),
            due_of.reindex(target).to_numpy(),
            sign * rows["amount"].astype(float).to_numpy(),
        )
    # Cash without an invoice reduces what is overdue at once; applying it later changes nothing.
    cash = payments.drop_duplicates("payment_id", keep="first")
    due = due_of.reindex(cash["invoice_id"]).fillna(0).astype(int).to_numpy()
    sign = np.where(cash["kind"] == "reversal", 1.0, -1.0)
    amount = sign * cash["amount"].astype(float).to_numpy()
    book(customer_of(cash["customer_id"]), day_of(cash["recorded_at"]), due, amount)
    # What is disputed is not overdue, from the day it is known to be until its end is.
    disputes = tables["disputes"].merge(
        invoices[["invoice_id", "amount", "due_on"]], on="invoice_id", suffixes=("", "_invoice")
    )
    for rows, sign in (
        (disputes[disputes["status"] == "open"], -1.0),
        (disputes[disputes["status"] != "open"], 1.0),
    ):
        amount = sign * rows["amount"].fillna(rows["amount_invoice"]).astype(float).to_numpy()
        known, due = day_of(rows["recorded_at"]), day_of(rows["due_on"])
        place = (customer_of(rows["customer_id"]), np.clip(np.maximum(known, due), 0, horizon))
        np.add.at(overdue, place, amount)
    balance, overdue = balance.cumsum(axis=1)[:, :-1], overdue.cumsum(axis=1)[:, :-1]
    material = (overdue > 500) & (overdue > 0.01 * balance)
    first = np.full(CUSTOMERS, 10**6)
    run = np.zeros(CUSTOMERS, int)
    for day in range(horizon):
        run = np.where(material[:, day], run + 1, 0)
        first = np.where((run >= 90) & (first > day), day, first)
    events = tables["customer_events"]
    events = events[events["kind"].isin(["insolvency", "legal", "agency"])]
    np.minimum.at(first, customer_of(events["customer_id"]), day_of(events["recorded_at"]))
    return first


@pytest.fixture(scope="module")
def months(tables):
    tables, horizon = tables
    first = first_default_days(tables, horizon)
    months = tables["truth/customers"]
    months = months.assign(
        customer=customer_of(months["customer_id"]), day=day_of(months["month_end"])
    )
    months["default_day"] = first[months["customer"]]
    return months, horizon


def test_the_state_in_default_agrees_with_the_labels(months):
    months, _ = months
    labelled = months["default_day"] < months["day"]
    first_time = labelled & ~months["in_default"]
    # Labels before the month-end and the simulator's own flag differ where a default was cured.
    assert (months["in_default"] & ~labelled).mean() < 0.001
    assert first_time.mean() < 0.03
    assert months.loc[months["in_default"], "true_pd_12m"].isna().all()
    assert months.loc[~months["in_default"], "true_pd_12m"].between(0, 1).all()


def matured(months):
    months, horizon = months
    rows = months[(months["day"] + 365 <= horizon) & ~months["in_default"]]
    rows = rows[rows["default_day"] >= rows["day"]]
    return rows.assign(bad=rows["default_day"] < rows["day"] + 365)


def test_true_default_probabilities_are_calibrated(months):
    rows = matured(months)
    observed, expected = rows["bad"].mean(), rows["true_pd_12m"].mean()
    assert observed / expected == pytest.approx(1, abs=0.08)
    p = rows["true_pd_12m"].clip(1e-5, 1 - 1e-5)
    fit = LogisticRegression(C=1e6).fit(np.log(p / (1 - p)).to_frame(), rows["bad"])
    assert fit.coef_[0, 0] == pytest.approx(1, abs=0.07)
    assert fit.intercept_[0] == pytest.approx(0, abs=0.15)


def test_true_default_probabilities_hold_in_every_decile(months):
    rows = matured(months)
    rows["decile"] = pd.qcut(rows["true_pd_12m"], 10, labels=False)
    for _, part in rows.groupby("decile"):
        gap = part["bad"] - part["true_pd_12m"]
        assert abs(gap.mean()) < 3.5 * clustered_error(gap, part["customer"]) + 0.001


def test_the_oracle_is_good_and_not_perfect(months):
    rows = matured(months)
    assert 0.85 < roc_auc_score(rows["bad"], rows["true_pd_12m"]) < 0.94
    assert 0.04 < rows["bad"].mean() < 0.09


def clustered_error(gap, cluster):
    """Return the standard error of a mean whose terms are dependent within clusters."""
    sums = gap.groupby(np.asarray(cluster)).sum()
    return np.sqrt((sums**2).sum()) / len(gap)


@pytest.fixture(scope="module")
def lateness(tables):
    tables, horizon = tables
    invoices = tables["invoices"]
    credited = invoices[invoices["kind"] == "credit_note"]
    credited = credited["amount"].astype(float).groupby(credited["credited_invoice_id"]).sum()
    rows = invoices[invoices["kind"] == "invoice"].set_index("invoice_id")
    owed = rows["amount"].astype(float)
    less = credited.reindex(rows.index).fillna(0)
    rows = rows[owed - less > 1]
    owed = (owed - less)[rows.index]
    payments = tables["payments"]
    payments = payments[(payments["kind"] != "write_off") & payments["invoice_id"].notna()]
    payments = payments.assign(day=day_of(payments["paid_on"]))
    sign = np.where(payments["kind"] == "reversal", -1.0, 1.0)
    payments["amount"] = sign * payments["amount"].astype(float)
    total = payments.groupby("invoice_id")["amount"].sum().reindex(rows.index).fillna(0)
    last = payments.groupby("invoice_id")["day"].max().reindex(rows.index)
    due = pd.Series(day_of(rows["due_on"]), rows.index)
    late = (last - due).where(owed - total <= 1, 10**6)
    truth = tables["truth/invoices"].set_index("invoice_id").reindex(rows.index)
    return late, due, truth, horizon


@pytest.mark.parametrize("days", [1, 5, 15, 30, 60, 90])
def test_true_payment_days_hold_on_average_and_in_deciles(lateness, days):
    late, due, truth, horizon = lateness
    seen = due + days + 3 < horizon
    p, y = truth.loc[seen, f"p_late_{days}d"].astype(float), late[seen] >= days
    gap, customer = y - p, p.index.str[1:7]
    assert abs(gap.mean()) < 3 * clustered_error(gap, customer)
    deciles = pd.qcut(p.rank(method="first"), 10, labels=False)
    for part in range(10):
        here = (deciles == part).to_numpy()
        assert abs(gap[here].mean()) < 3.5 * clustered_error(gap[here], customer[here]) + 0.003


@pytest.mark.parametrize("days", [-10, 1, 5, 15, 30, 60])
@pytest.mark.parametrize("who", ["disputes", "discounts", "not dunned"])
def test_true_payment_days_hold_for_who_disputes_or_takes_discounts(calm, lateness, who, days):
    people = calm.people
    chosen = {
        "disputes": people.disputes > 0.045,
        "discounts": people.discount_days > 0,
        "not dunned": people.dunned == 0,
    }[who]
    late, due, truth, horizon = lateness
    customer = late.index.str[1:7].astype(int).to_numpy()
    seen = (due + days + 3 < horizon) & chosen[customer]
    column = f"p_late_{'minus_' if days < 0 else ''}{abs(days)}d"
    gap = (late[seen] >= days) - truth.loc[seen, column].astype(float)
    assert len(gap) > 5000
    assert abs(gap.mean()) < 3 * clustered_error(gap, customer[seen])


@pytest.mark.parametrize("who", ["disputes", "discounts", "not dunned", "in a group"])
def test_true_default_probabilities_hold_for_who_disputes_or_takes_discounts(calm, months, who):
    people = calm.people
    chosen = {
        "disputes": people.disputes > 0.045,
        "discounts": people.discount_days > 0,
        "not dunned": people.dunned == 0,
        "in a group": people.group >= 0,
    }[who]
    rows = matured(months)
    rows = rows[chosen[rows["customer"]]]
    gap = rows["bad"] - rows["true_pd_12m"]
    assert abs(gap.mean()) < 3 * clustered_error(gap, rows["customer"])


def test_the_distribution_of_the_payment_day_falls(lateness):
    _, _, truth, _ = lateness
    values = truth.to_numpy(dtype=float)
    assert (np.diff(values, axis=1) <= 1e-6).all()
    assert (values[:, 0] > 0.99).mean() > 0.9
    assert values.min() >= 0 and values.max() <= 1 + 1e-6


def test_the_shock_is_not_foreseen_and_makes_payers_later():
    calendar = build_calendar(START, 36)
    shocked = histories(np.arange(300), 5, calendar)
    calm = histories(np.arange(300), 5, calendar, with_shock=False)
    begin, end = shocked.shock
    pairs = []
    for records in (shocked.records, calm.records):
        n = records.counts[3]
        keys = zip(records.months["customer"][:n], records.months["day"][:n], strict=True)
        pairs.append(dict(zip(keys, records.months["pd_12m"][:n], strict=True)))
    before = [key for key in pairs[0] if key[1] <= begin]
    assert before and all(
        np.array_equal(pairs[0][key], pairs[1][key], equal_nan=True) for key in before
    )
    late = []
    for history in (shocked, calm):
        records = history.records
        m = records.counts[0]
        issued = records.invoices["issued"][:m]
        during = (issued >= begin) & (issued < end)
        late.append(records.late[:m][during, 15].mean())
    assert late[0] > 1.2 * late[1]
