"""Reading text as the contract's types, in SQL: what cannot be read becomes NULL."""

from __future__ import annotations

from features.intake.sqltext import literal
from features.ledger.contract import Column

FLOAT_ID = r"^(\d+|[A-Za-z0-9]+[-:/|_]\d{6,})\.0+$"
"""An id that passed through a float column: digits, or a company prefix and digits, and ``.0``."""
LOST_ID = r"^([A-Za-z0-9]+[-:/|_])?(\d(\.\d+)?[eE]\+\d+|\d{16,}\.0+)$"
"""An id of which a float or a spreadsheet has dropped digits."""
_DATE = r"^\d{4}[-/]\d{1,2}[-/]\d{1,2}([ T].*)?$"
_OFFSET = r"\d{2}:\d{2}.*([Zz]|[+-]\d{2}(:?\d{2})?)$"
_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
_SHORT_NUMBER = r"^[+-]?\d{1,12}(\.\d{0,6})?$"
_TRUE = "('true', 't', 'yes', 'y', '1')"
_FALSE = "('false', 'f', 'no', 'n', '0')"
MONEY_TYPE = "DECIMAL(28, 12)"
"""Major units as read; twelve decimals hold what a float column writes for a cent."""


def cleaned(raw: str) -> str:
    """Return SQL for a text without the blanks around it; nothing left is NULL."""
    blank = "chr(32) || chr(9) || chr(160)"
    # Trimming is slow; a look at the first and the last character spares it nearly always.
    edges = " OR ".join(f"{raw}[{place}] <= ' ' OR {raw}[{place}] = chr(160)" for place in (1, -1))
    return f"CASE WHEN {edges} THEN nullif(trim({raw}, {blank}), '') ELSE {raw} END"


def repaired_id(text: str) -> str:
    """Return SQL for an id without the ``.0`` of a float column."""
    whole = f"regexp_replace({text}, '\\.0+$', '')"
    return (
        f"CASE WHEN regexp_matches({text}, {literal(FLOAT_ID)}) "
        f"AND NOT regexp_matches({text}, {literal(LOST_ID)}) THEN {whole} ELSE {text} END"
    )


def parsed(column: Column, text: str, repair_ids: bool) -> str:
    """Return SQL that reads a cleaned text as a column's type.

    Parameters
    ----------
    column : Column
        Of the contract.
    text : str
        SQL of the text.
    repair_ids : bool
        Ids lose the ``.0`` of a float column.
    """
    match column.type:
        case "id":
            return repaired_id(text) if repair_ids else text
        case "date":
            return f"CASE WHEN regexp_matches({text}, '{_DATE}') THEN TRY_CAST({text} AS DATE) END"
        case "timestamp":
            zoned = f"TRY_CAST(TRY_CAST({text} AS TIMESTAMPTZ) AS TIMESTAMP)"
            return (
                f"CASE WHEN NOT regexp_matches({text}, '{_DATE}') THEN NULL "
                f"WHEN regexp_matches({text}, '{_OFFSET}') THEN {zoned} "
                f"ELSE TRY_CAST({text} AS TIMESTAMP) END"
            )
        case "money":
            # Wide decimals are read a hundred times slower than those of 18 digits.
            return (
                f"CASE WHEN regexp_matches({text}, '{_SHORT_NUMBER}') "
                f"THEN TRY_CAST({text} AS DECIMAL(18, 6))::{MONEY_TYPE} "
                f"ELSE {_number(text, MONEY_TYPE)} END"
            )
        case "number":
            value = _number(text, "DOUBLE")
            return f"CASE WHEN isfinite({value}) THEN {value} END"
        case "integer":
            return (
                f"CASE WHEN regexp_matches({text}, '^[+-]?\\d+(\\.0*)?$') "
                f"THEN TRY_CAST(regexp_replace({text}, '\\.0*$', '') AS BIGINT) END"
            )
        case "boolean":
            low = f"lower({text})"
            return f"CASE WHEN {low} IN {_TRUE} THEN true WHEN {low} IN {_FALSE} THEN false END"
        case "currency":
            return f"upper({text})"
        case "choice":
            choices = ", ".join(literal(choice) for choice in column.choices)
            return f"CASE WHEN lower({text}) IN ({choices}) THEN lower({text}) END"
        case _:
            return text


def _number(text: str, target: str) -> str:
    return f"CASE WHEN regexp_matches({text}, '{_NUMBER}') THEN TRY_CAST({text} AS {target}) END"
