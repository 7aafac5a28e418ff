"""How the contract's tables are stored: physical types, and what is added to each table."""

from __future__ import annotations

import pyarrow as pa

from features.ledger.contract import ColumnType, Table

_PHYSICAL: dict[ColumnType, pa.DataType] = {
    "id": pa.string(),
    "text": pa.string(),
    "choice": pa.string(),
    "currency": pa.string(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
    "money": pa.int64(),
    "number": pa.float64(),
    "integer": pa.int64(),
    "boolean": pa.bool_(),
}


def reporting_column(money_column: str) -> str:
    """Return the name of the column that holds a money column in reporting minor units."""
    return f"{money_column}_reporting"


def physical_schema(table: Table) -> pa.Schema:
    """Return the columns of a table as stored.

    To the contract's columns come, for each money column, ``<name>_reporting`` (integer minor
    units of the reporting currency at the event's rate), and for every table but ``fx_rates``
    ``known_at`` (the later of event and ``recorded_at``; null for master data without a date =
    always known) and ``removed`` (this version says that a later extract no longer has the row).
    Payments and disputes carry their invoice's ``customer_id``; an empty ``kind`` or ``status``
    is stored as its default.
    """
    fields = []
    for column in table.columns:
        fields.append(pa.field(column.name, _PHYSICAL[column.type]))
        if column.type == "money":
            fields.append(pa.field(reporting_column(column.name), pa.int64()))
    if table.name != "fx_rates":
        fields += [pa.field("known_at", pa.timestamp("us")), pa.field("removed", pa.bool_())]
    return pa.schema(fields)


def stored_schema(table: Table) -> pa.Schema:
    """Return `physical_schema` and ``void_at``, which is worked out when a ledger is written.

    ``void_at`` is the moment from which another version of the same fact stood in its place, null
    for none. It is found among all versions, so a part of the ledger can be read by itself.
    """
    schema = physical_schema(table)
    if table.name == "fx_rates":
        return schema
    return schema.append(pa.field("void_at", pa.timestamp("us")))


QUARANTINE_SCHEMA = pa.schema(
    [
        pa.field("table", pa.string()),
        pa.field("rule", pa.string()),
        pa.field("reason", pa.string()),
        pa.field("source_row", pa.string()),
        pa.field("extract_date", pa.date32()),
    ]
)
"""``source_row`` is the refused row as JSON, every value as the extract had it."""
