"""Ids: repairs that are reported, and one form for customers written with and without zeros."""

from __future__ import annotations

from features.intake.parsing import cleaned
from features.intake.sqltext import quoted
from features.intake.staging import Staging
from features.ledger.contract import TABLES


def note_repaired_ids(staging: Staging) -> None:
    """Report the ids that came as floats and were read without ``.0``."""
    for name in staging.present():
        for column in TABLES[name].columns:
            if column.type != "id" or column.name not in staging.yielded[name]:
                continue
            text = cleaned(quoted("r_" + column.name))
            count, example = staging.row(
                f"SELECT count(*), min({text}) FROM stage_{name} JOIN raw_{name} USING (_row) "
                f"WHERE {text} <> {quoted(column.name)}"
            )
            if count:
                staging.note(
                    "float_ids",
                    name,
                    count,
                    f"{column.name} came as a number with '.0', which was taken off.",
                    example,
                )


def merge_leading_zeros(staging: Staging) -> None:
    """Give customer ids of digits that differ only by leading zeros one form.

    The form the ledger already has, else the longest of the extract. An id that the ledger has
    keeps its form, so that no two known customers ever become one.
    """
    if not staging.source.ids.merge_leading_zeros:
        return
    con = staging.con
    tables = [name for name, table in TABLES.items() if "customer_id" in table.by_name]
    seen = " UNION ".join(f"SELECT customer_id FROM stage_{name}" for name in tables)
    con.execute(
        f"""
        CREATE TABLE customer_forms AS
        WITH forms AS (
          SELECT customer_id AS id, ltrim(customer_id, '0') AS core, bool_or(known) AS known
          FROM (SELECT customer_id, false AS known FROM ({seen})
                UNION ALL SELECT customer_id, true FROM known_customers)
          WHERE regexp_matches(customer_id, '^[0-9]+$')
          GROUP BY ALL
        ), chosen AS (
          SELECT core, coalesce(max_by(id, length(id)) FILTER (known),
                                max_by(id, length(id))) AS form
          FROM forms GROUP BY core
        )
        SELECT id, form FROM forms JOIN chosen USING (core) WHERE id <> form AND NOT known
        """
    )
    count, example = staging.row(
        "SELECT count(*), min('''' || id || ''' is ''' || form || '''') FROM customer_forms"
    )
    if not count:
        return
    for name in tables:
        staging.replace(
            name,
            "SELECT stage.* REPLACE (coalesce(form, customer_id) AS customer_id) "
            f"FROM stage_{name} AS stage LEFT JOIN customer_forms ON customer_id = id",
        )
    staging.note(
        "leading_zeros",
        "customers",
        count,
        "Customer ids that differ only by leading zeros were taken for one customer.",
        example,
    )
