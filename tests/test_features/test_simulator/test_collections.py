"""Disputes, discounts, promises, contacts, insurance and groups, read from the documents."""

from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from features.simulator.business_days import build_calendar
from features.simulator.documents import ledger_tables
from features.simulator.dunning import LEVEL_DAYS
from features.simulator.insurance import insurance_table
from features.simulator.master_data import relation_ends
from features.simulator.payment_truth import late_columns
from features.simulator.population import SEGMENTS, draw_population
from features.simulator.records import DEFAULTS, INVOICES
from features.simulator.simulate import histories

START, CUSTOMERS, SEED = date(2021, 1, 1), 800, 3
DAY = pd.Timedelta(days=1)


@pytest.fixture(scope="module")
def chunk():
    return histories(np.arange(CUSTOMERS), SEED, build_calendar(START, 36))


@pytest.fixture(scope="module")
def tables(chunk):
    made = ledger_tables(chunk.people, chunk.calendar, chunk.records)
    until = relation_ends(chunk.calendar, chunk.records.weekly_state)
    made["insurance"] = insurance_table(
        chunk.people, chunk.calendar, until, chunk.records.weekly_state
    )
    return {name: read(rows) for name, rows in made.items()}


def read(rows: pa.Table):
    frame = rows.to_pandas()
    for field in rows.schema:
        if pa.types.is_date(field.type):
            frame[field.name] = pd.to_datetime(frame[field.name])
        if pa.types.is_decimal(field.type):
            frame[field.name] = frame[field.name].astype(float)
    return frame


@pytest.fixture(scope="module")
def disputes(tables):
    """One row a dispute: the opening, with ``end`` and ``outcome`` where it is over."""
    rows = tables["disputes"]
    opened = rows[rows["status"] == "open"].set_index("dispute_id")
    ended = rows[rows["status"] != "open"].set_index("dispute_id")
    assert opened.index.is_unique and ended.index.is_unique
    return opened.assign(
        end=ended["event_on"], outcome=ended["status"], fault=ended["seller_fault"] == "true"
    ).merge(
        tables["invoices"].set_index("invoice_id")[["amount", "issued_on", "due_on"]],
        left_on="invoice_id",
        right_index=True,
        suffixes=("", "_invoice"),
    )


def settled(tables):
    """Return invoices with the day of their last payment, where fully paid."""
    invoices = tables["invoices"].set_index("invoice_id")
    notes = invoices[invoices["kind"] == "credit_note"]
    owed = invoices["amount"].sub(
        notes.groupby("credited_invoice_id")["amount"].sum(), fill_value=0
    )
    payments = tables["payments"].dropna(subset=["invoice_id"])
    payments = payments[payments["kind"] != "write_off"]
    sign = np.where(payments["kind"] == "reversal", -1, 1)
    total = (sign * payments["amount"]).groupby(payments["invoice_id"]).sum()
    invoices = invoices[invoices["kind"] == "invoice"]
    last = payments.groupby("invoice_id")["paid_on"].max().reindex(invoices.index)
    missing = (owed - total.reindex(owed.index).fillna(0)).reindex(invoices.index)
    return invoices.assign(paid_on=last.where(missing < 0.01), missing=missing)


def test_a_dispute_opens_and_ends_as_the_contract_says(tables, disputes):
    over = disputes.dropna(subset=["end"])
    assert (over["end"] > over["event_on"]).all()
    part = disputes.dropna(subset=["amount"])
    assert (part["amount"] < part["amount_invoice"]).all()
    assert set(over["outcome"]) == {"resolved", "credited", "withdrawn"}
    assert 0.25 < disputes["amount"].notna().mean() < 0.5
    rows = tables["disputes"]
    assert (rows["recorded_at"] > rows["event_on"]).mean() > 0.1
    by_customer = disputes["invoice_id"].str[1:7] == disputes["customer_id"].str[1:]
    assert by_customer.all() and disputes["invoice_id"].is_unique


def test_the_seller_is_at_fault_in_a_third_to_half_of_the_disputes(disputes):
    over = disputes.dropna(subset=["end"])
    assert 0.33 < over["fault"].mean() < 0.5
    assert not over.loc[over["outcome"] == "withdrawn", "fault"].any()


def test_few_invoices_are_disputed_most_in_construction(chunk, tables, disputes):
    invoices = tables["invoices"]
    invoices = invoices[invoices["kind"] == "invoice"]
    disputed = invoices["invoice_id"].isin(disputes["invoice_id"])
    assert 0.02 < disputed.mean() < 0.04
    segment = np.array(SEGMENTS)[chunk.people.segment[invoices["customer_id"].str[1:].astype(int)]]
    by_segment = disputed.groupby(segment).mean()
    assert by_segment["construction"] > 1.5 * by_segment.drop("construction").max()


def test_a_credited_dispute_ends_with_a_credit_note(tables, disputes):
    credited = disputes[disputes["outcome"] == "credited"]
    notes = tables["invoices"]
    notes = notes[notes["kind"] == "credit_note"].set_index("credited_invoice_id")
    note = notes.loc[credited["invoice_id"]]
    assert note.index.is_unique
    assert (note["issued_on"].to_numpy() == credited["end"].to_numpy()).all()
    most = credited["amount"].fillna(credited["amount_invoice"])
    assert (note["amount"].to_numpy() <= most.to_numpy()).all()


def test_nobody_pays_what_is_disputed_until_the_dispute_ends(tables, disputes):
    payments = tables["payments"].dropna(subset=["invoice_id"])
    payments = payments[payments["kind"] == "payment"]
    both = payments.merge(disputes.reset_index(), on="invoice_id", suffixes=("_paid", ""))
    early = both[both["paid_on"] < both["end"].fillna(pd.Timestamp("2100-01-01"))]
    # The undisputed part, on the day of the dispute, and nothing else.
    assert (early["paid_on"] == early["event_on"]).all() and len(early) > 100
    rest = early["amount_invoice"] - early["amount"]
    issued_credit = tables["invoices"].dropna(subset=["credited_invoice_id"])
    plain = ~early["invoice_id"].isin(issued_credit["credited_invoice_id"])
    assert (early["amount_paid"] - rest)[plain].abs().max() < 0.01


def test_a_dispute_delays_the_payment(tables, disputes):
    paid = settled(tables).dropna(subset=["paid_on"])
    late = (paid["paid_on"] - paid["due_on"]) / DAY
    disputed = paid.index.isin(disputes["invoice_id"])
    assert late[disputed].median() > late[~disputed].median() + 14


def test_payment_and_discount_settle_the_invoice_in_time(chunk, tables):
    payments = tables["payments"]
    discounts = payments[payments["kind"] == "discount"].set_index("invoice_id")
    assert discounts.index.is_unique
    invoices = settled(tables).loc[discounts.index]
    assert (invoices["missing"].abs() < 0.01).mean() > 0.97  # the rest is unapplied cash
    taken = discounts["paid_on"] - invoices["issued_on"]
    rate = discounts["amount"] / invoices["amount"]
    customer = invoices["customer_id"].str[1:].astype(int)
    assert (taken / DAY <= chunk.people.discount_days[customer]).all()
    plain = ~invoices.index.isin(tables["invoices"]["credited_invoice_id"].dropna())
    assert np.allclose(rate[plain], chunk.people.discount_rate[customer][plain], atol=1e-4)
    takes = (chunk.people.discount_days > 0).mean()
    assert 0.11 < takes < 0.19
    cash = payments[payments["kind"] == "payment"].dropna(subset=["invoice_id"])
    both = cash.merge(discounts, left_on="invoice_id", right_index=True, suffixes=("", "_taken"))
    assert (both["paid_on"] == both["paid_on_taken"]).all() and len(both) > 1000


def test_contacts_follow_lateness(tables):
    invoices = settled(tables)
    rows = tables["activities"]
    assert set(rows["kind"]) == {
        "reminder", "letter", "call", "email", "visit", "stop_delivery", "agency", "legal",
    }  # fmt: skip
    about = rows.dropna(subset=["invoice_id"]).join(invoices, on="invoice_id", rsuffix="_invoice")
    late = (about["happened_on"] - about["due_on"]) / DAY
    levels = about["level"].notna()
    wanted = LEVEL_DAYS[about.loc[levels, "level"].astype(int) - 1]
    assert (late[levels] >= wanted).all()
    # After a dispute the days count from its end.
    never_disputed = ~about.loc[levels, "invoice_id"].isin(tables["disputes"]["invoice_id"])
    assert (late[levels] <= wanted + 2)[never_disputed].mean() > 0.99
    assert (late[about["kind"] == "call"] >= 8).all()
    assert (about["paid_on"].isna() | (about["paid_on"] > about["happened_on"])).all()
    assert set(about.loc[levels & (about["level"] == 3), "kind"]) == {"letter"}
    assert (rows["happened_on"].dt.weekday[~rows["kind"].isin(["agency", "legal"])] < 5).all()


def test_hand_overs_are_the_customer_events(tables):
    rows, events = tables["activities"], tables["customer_events"]
    columns = ["customer_id", "kind", "happened_on", "recorded_at"]
    given = rows.loc[rows["kind"].isin(["agency", "legal"]), columns]
    known = events.loc[events["kind"].isin(["agency", "legal"]), columns]
    assert given.to_numpy().tolist() == known.to_numpy().tolist() and len(given) > 5


def test_who_is_not_dunned_hears_nothing(chunk, tables):
    rows = tables["activities"]
    rows = rows[rows["kind"].isin(["reminder", "letter", "call", "email", "visit"])]
    assert chunk.people.dunned[rows["customer_id"].str[1:].astype(int)].all()


def test_contacted_customers_pay_earlier_than_the_same_without_contact():
    calendar = build_calendar(START, 8)
    observed, expected = [], []
    for contacts in (True, False):
        alike = histories(np.arange(2500), 9, calendar, with_shock=False, with_contacts=contacts)
        records, made = alike.records, ledger_tables(alike.people, calendar, alike.records)
        invoices = settled({name: read(made[name]) for name in ("invoices", "payments")})
        # The first weeks: later on, who is contacted is also delivered more.
        early = invoices["issued_on"] < pd.Timestamp(START) + 60 * DAY
        late = (invoices["paid_on"] - invoices["due_on"]) / DAY
        observed.append((late.fillna(999) >= 30)[early].mean())
        issued = records.invoices["issued"][: records.counts[INVOICES]]
        in_30 = late_columns().index("p_late_30d")
        expected.append(records.late[: len(issued)][issued < 60, in_30].mean())
    assert 0.9 * observed[1] < observed[0] < observed[1]
    assert 0.9 * expected[1] < expected[0] < 0.98 * expected[1]


def test_promises_are_kept_by_runs_that_pay(tables):
    promises = tables["promises"].dropna(subset=["invoice_id"])
    invoices = settled(tables).loc[promises["invoice_id"]]
    paid = invoices["paid_on"].to_numpy()
    end = promises["recorded_at"].max()
    over = (promises["promised_on"] < end).to_numpy()
    kept = (paid <= promises["promised_on"].to_numpy())[over]
    assert 0.25 < kept.mean() < 0.75
    assert (promises["promised_on"] >= promises["made_on"]).all()
    # Money that comes after a promise comes in time or is at least another run late.
    wait = (paid - promises["made_on"].to_numpy()) / DAY
    assert (wait[over & ~np.isnan(wait)] > 0).all()
    calls = tables["activities"].query("kind == 'call'")
    assert 0.25 < len(tables["promises"]) / len(calls) < 0.45


def test_promises_of_failing_customers_are_worth_less(chunk, tables):
    promises = tables["promises"].dropna(subset=["invoice_id"])
    invoices = settled(tables).loc[promises["invoice_id"]]
    kept = invoices["paid_on"].to_numpy() <= promises["promised_on"].to_numpy()
    customer = promises["customer_id"].str[1:].astype(int).to_numpy()
    n = chunk.records.counts[DEFAULTS]
    bad = np.isin(customer, chunk.records.defaults["customer"][:n])
    assert kept[bad].mean() < kept[~bad].mean() - 0.1


def test_insurance_covers_a_share_and_is_cut_where_risk_grows(chunk, tables):
    covers = tables["insurance"]
    insured = covers["customer_id"].str[1:].astype(int)
    assert 0.2 < insured.nunique() / CUSTOMERS < 0.36
    assert (covers["valid_to"] >= covers["valid_from"]).all()
    assert covers["percent"].between(80, 90).all()
    key = ["customer_id", "policy_id", "valid_from"]
    again = covers[covers.duplicated(key)]
    first = covers[~covers.duplicated(key)].set_index(key)
    before = first.loc[list(again[key].itertuples(index=False, name=None))]
    assert (before["recorded_at"].to_numpy() < again["recorded_at"].to_numpy()).all()
    assert (before["valid_to"].to_numpy() > again["valid_to"].to_numpy()).all()
    n = chunk.records.counts[DEFAULTS]
    bad = insured.isin(chunk.records.defaults["customer"][:n])
    cut = insured.isin(again["customer_id"].str[1:].astype(int))
    by_customer = pd.DataFrame({"bad": bad, "cut": cut, "c": insured}).drop_duplicates("c")
    share = by_customer.groupby("bad")["cut"].mean()
    assert share[True] > 3 * share[False] and len(again) > 5


def test_members_of_a_group_are_alike():
    people = draw_population(1, np.arange(20_000), build_calendar(START, 12))
    members = people.group >= 0
    assert 0.10 < members.mean() < 0.14
    for trait in (np.log(people.quality), np.log(people.skip)):
        values = pd.Series(trait[members])
        group = pd.Series(people.group[members])
        between = values.groupby(group).transform("mean").var()
        lone = pd.Series(trait[~members][: len(values)])
        by_chance = lone.groupby(group).transform("mean").var()
        assert between > 1.5 * by_chance
    assert people.quality[members].mean() == pytest.approx(people.quality[~members].mean(), rel=0.1)
    calendars = pd.Series(people.calendar[members]).groupby(people.group[members]).nunique()
    assert (calendars == 1).all()


def test_chunks_make_no_difference(chunk, tables):
    part = histories(np.arange(100, 260), SEED, chunk.calendar)
    alone = ledger_tables(part.people, part.calendar, part.records)
    for name in ("disputes", "promises", "activities", "payments", "truth/customers"):
        whole = tables[name]
        kept = whole[whole["customer_id"].str[1:].astype(int).between(100, 259)]
        pd.testing.assert_frame_equal(kept.reset_index(drop=True), read(alone[name]))
