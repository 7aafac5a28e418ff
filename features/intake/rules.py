"""What a single row must satisfy, generated from the contract."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from configs.settings import ImportSettings
from features.intake.parsing import LOST_ID, cleaned
from features.intake.sqltext import literal, quoted
from features.intake.staging import Rule
from features.ledger.contract import Column, Table
from features.ledger.money import EXPONENTS

ZERO_ALLOWED = frozenset(
    {
        ("credit_limits", "amount"),
        ("orders", "open_amount"),
        ("bureau_scores", "limit_amount"),
        ("insurance", "cover_amount"),
    }
)
"""Money that may be zero: no credit, nothing left to invoice, no cover."""
MAX_AMOUNT = 10**14
"""Major units; far below the range of the 64-bit integers that hold minor units."""
PLANNED = frozenset({"credit_limits", "insurance", "fx_rates"})
"""Tables whose event may lie in the future: an agreed limit, a cover, a budget rate."""
NOT_POSITIVE = "Amounts must be above zero (limits and covers may be zero)."

_UNREADABLE = {
    "date": (
        "unreadable_date",
        "A date must be a day of the calendar written YYYY-MM-DD.",
        "a date",
    ),
    "timestamp": (
        "unreadable_date",
        "A date must be a day of the calendar written YYYY-MM-DD.",
        "a date or time",
    ),
    "money": (
        "unreadable_number",
        "A number must be written with a decimal point only.",
        "a number",
    ),
    "number": (
        "unreadable_number",
        "A number must be written with a decimal point only.",
        "a number",
    ),
    "integer": (
        "unreadable_number",
        "A number must be written with a decimal point only.",
        "a whole number",
    ),
    "boolean": (
        "unknown_choice",
        "The value is not one of those the ledger knows.",
        "true or false",
    ),
}


def row_rules(table: Table, limits: ImportSettings, extract_date: date) -> list[Rule]:
    """Return the rules that a row of a table is held to, in the order in which they are tried."""
    rules = [rule for column in table.columns for rule in _presence(column)]
    rules += [rule for column in table.columns for rule in _readable(column)]
    rules += [rule for column in table.columns for rule in _in_range(table, column, limits)]
    rules += _between_columns(table, limits)
    rules += _after_extract(table, extract_date)
    return rules


def _presence(column: Column) -> Iterator[Rule]:
    name = quoted(column.name)
    raw = cleaned(quoted("r_" + column.name))
    if column.type == "id":
        yield Rule(
            "id_digits_lost",
            "An id in scientific notation, or a float of more than 15 digits, has lost digits.",
            f"regexp_matches({name}, {literal(LOST_ID)})",
            f"'{column.name} ' || {name} || ' has lost digits; export it as text'",
        )
    if column.required and column.type == "money":
        yield Rule(
            "amount_missing",
            "A row without its amount cannot be counted.",
            f"{name} IS NULL AND {raw} IS NULL",
            f"'{column.name} is empty'",
        )
    elif column.required:
        yield Rule(
            "missing_value",
            "A required value is empty.",
            f"{name} IS NULL AND {raw} IS NULL",
            f"'{column.name} is empty'",
        )


def _readable(column: Column) -> Iterator[Rule]:
    name, raw = quoted(column.name), cleaned(quoted("r_" + column.name))
    value = f"'{column.name} ''' || {raw} || "
    if column.type == "money":
        yield Rule(
            "amount_too_large",
            "An amount is beyond what the ledger can hold.",
            f"abs({name}) > {MAX_AMOUNT} OR "
            f"{name} IS NULL AND abs(TRY_CAST({raw} AS DOUBLE)) BETWEEN {MAX_AMOUNT} AND 1e300",
            value + "''' is too large'",
        )
    if column.type == "currency":
        codes = ", ".join(literal(code) for code in EXPONENTS)
        yield Rule(
            "unknown_currency",
            "A currency must be a code of ISO 4217.",
            f"{name} NOT IN ({codes})",
            value + "''' is no currency of ISO 4217'",
        )
    elif column.type == "choice":
        yield Rule(
            "unknown_choice",
            "The value is not one of those the ledger knows.",
            f"{name} IS NULL AND {raw} IS NOT NULL",
            value + f"''' is none of {', '.join(column.choices)}'",
        )
    elif column.type in _UNREADABLE:
        rule, sentence, wanted = _UNREADABLE[column.type]
        yield Rule(
            rule, sentence, f"{name} IS NULL AND {raw} IS NOT NULL", value + f"''' is not {wanted}'"
        )


FOUNDED_FROM = date(1600, 1, 1)
"""Since when a customer's business may exist: older than any invoice."""


def _in_range(table: Table, column: Column, limits: ImportSettings) -> Iterator[Rule]:
    name = quoted(column.name)
    shown = f"'{column.name} ' || {name}"
    if column.type in ("date", "timestamp"):
        founding = table.event is None and column.type == "date"
        earliest = FOUNDED_FROM if founding else limits.earliest_date
        yield Rule(
            "date_out_of_range",
            f"A date must lie from {limits.earliest_date} to {limits.latest_date}.",
            f"{name}::DATE NOT BETWEEN DATE '{earliest}' AND DATE '{limits.latest_date}'",
            shown + " || ' is absurd'",
        )
    elif column.type == "money":
        sign = "<" if (table.name, column.name) in ZERO_ALLOWED else "<="
        raw = quoted("r_" + column.name)
        yield Rule(
            "amount_not_positive",
            NOT_POSITIVE,
            f"{name} {sign} 0",
            f"'{column.name} ' || {raw} || ' is not above zero'",
        )
    elif (table.name, column.name) == ("fx_rates", "rate"):
        yield Rule(
            "rate_not_positive", "An exchange rate must be above zero.", f"{name} <= 0", shown
        )
    elif (table.name, column.name) == ("insurance", "percent"):
        yield Rule(
            "percent_out_of_range",
            "A percentage must lie from 0 to 100.",
            f"{name} NOT BETWEEN 0 AND 100",
            shown,
        )


def _between_columns(table: Table, limits: ImportSettings) -> Iterator[Rule]:
    if table.name == "invoices":
        yield Rule(
            "due_before_issued",
            "An invoice cannot be due before it is issued.",
            "due_on < issued_on",
            "'due ' || due_on || ' before issued ' || issued_on",
        )
        yield Rule(
            "terms_too_long",
            f"A due date more than {limits.max_terms_days} days after issue is an error of entry.",
            f"due_on - issued_on > {limits.max_terms_days}",
            "'due ' || due_on || ' is ' || (due_on - issued_on) || ' days after issue'",
        )
    if table.name == "payments":
        yield Rule(
            "payer_unknown",
            "A payment must name its invoice or, as unapplied cash, its customer.",
            "invoice_id IS NULL AND customer_id IS NULL",
            "'payment ' || payment_id || ' names neither invoice nor customer'",
        )
    if table.name == "promises":
        yield Rule(
            "promised_before_made",
            "Money cannot be promised for a day before the promise.",
            "promised_on < made_on",
            "'promised for ' || promised_on || ' on ' || made_on",
        )
    if "valid_to" in table.by_name:
        yield Rule(
            "ends_before_start",
            "What ends cannot end before it starts.",
            "valid_to < valid_from",
            "'valid to ' || valid_to || ' from ' || valid_from",
        )


def _after_extract(table: Table, extract_date: date) -> Iterator[Rule]:
    columns = ["recorded_at"] if "recorded_at" in table.by_name else []
    if table.event and table.name not in PLANNED:
        columns.insert(0, table.event)
    for column in columns:
        yield Rule(
            "after_extract_date",
            "An extract knows only what happened before its date.",
            f"{quoted(column)} >= TIMESTAMP '{extract_date}'",
            f"'{column} ' || {quoted(column)} || ' is not before the extract of {extract_date}'",
        )
