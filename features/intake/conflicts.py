"""Several rows of one extract about the same fact: which one is kept."""

from __future__ import annotations

from features.intake.sqltext import listed, quoted
from features.intake.staging import Rule, Staging
from features.ledger.contract import TABLES, Table


def resolve_same_keys(staging: Staging, table: str) -> None:
    """Keep one row per key and ``recorded_at``; rows with another ``recorded_at`` are versions.

    Rows that say the same are merged. Of rows that contradict each other the most frequent is kept,
    then the smallest by content, whatever the order of the file; the others are quarantined.
    """
    declared = TABLES[table]
    fact = _fact(declared)
    staging.con.execute(
        f"CREATE OR REPLACE TABLE contested AS SELECT {listed(fact)} FROM stage_{table} "
        f"GROUP BY ALL HAVING count(*) > 1"
    )
    if not staging.number("SELECT count(*) FROM contested"):
        return
    if table == "customers":
        _choose_names(staging, fact)
    content = [column.name for column in declared.columns]
    inside = " AND ".join(f"c.{quoted(n)} IS NOT DISTINCT FROM stage.{quoted(n)}" for n in fact)
    staging.replace(
        table,
        f"SELECT stage.*, EXISTS (FROM contested AS c WHERE {inside}) AS _contested "
        f"FROM stage_{table} AS stage",
    )
    staging.replace(
        table,
        f"WITH folded AS (SELECT s.*, sum(s._weight) OVER same AS _votes, "
        f"row_number() OVER (same ORDER BY {staging.source_row(table)}) AS _place "
        f"FROM stage_{table} AS s JOIN raw_{table} AS r USING (_row) "
        f"WHERE _contested WINDOW same AS (PARTITION BY {listed(content)})), "
        f"ranked AS (SELECT *, row_number() OVER (PARTITION BY {listed(fact)} "
        f"ORDER BY _votes DESC, {listed(content)}) AS _rank FROM folded WHERE _place = 1) "
        f"SELECT *, 0 AS _votes, 1 AS _place, 1 AS _rank FROM stage_{table} WHERE NOT _contested "
        f"UNION ALL SELECT * FROM ranked "
        f"UNION ALL SELECT *, 0 AS _rank FROM folded WHERE _place > 1",
    )
    merged = staging.number(f"SELECT count(*) FROM stage_{table} WHERE _place > 1")
    staging.count(table, "merged", merged)
    staging.con.execute(f"DELETE FROM stage_{table} WHERE _place > 1")
    key = declared.key[0]
    staging.judge(
        table,
        [
            Rule(
                "conflicting_rows",
                "Another row of the extract has the same key and other content; one was kept.",
                "_rank > 1",
                f"'{key} ' || {quoted(key)} || ' has several rows that differ'",
            )
        ],
    )
    staging.drop_columns(table, ("_contested", "_votes", "_place", "_rank"))


def note_near_duplicates(staging: Staging) -> None:
    """Report invoices that agree in all but their id; they are kept, the books may be right."""
    same = "customer_id, amount, currency, issued_on, due_on, kind"
    groups, rows, example = staging.row(
        f"SELECT count(*), sum(n), min(first) FROM (SELECT count(DISTINCT invoice_id) AS n, "
        f"min(invoice_id) || ' and ' || max(invoice_id) AS first FROM stage_invoices "
        f"GROUP BY {same} HAVING n > 1)"
    )
    if groups:
        staging.note(
            "near_duplicates",
            "invoices",
            int(rows),
            f"Invoices in {groups} groups agree in customer, amount and dates but not in their id; "
            "all were kept.",
            f"invoice_id {example}",
        )


def _fact(table: Table) -> list[str]:
    return [*table.key, *(["recorded_at"] if "recorded_at" in table.by_name else [])]


def _choose_names(staging: Staging, fact: list[str]) -> None:
    keys = listed(fact)
    same = " AND ".join(f"v.{quoted(n)} IS NOT DISTINCT FROM stage.{quoted(n)}" for n in fact)
    staging.con.execute(
        f"CREATE TABLE name_votes AS SELECT {keys}, name, sum(_weight) AS votes "
        f"FROM stage_customers WHERE name IS NOT NULL GROUP BY {keys}, name"
    )
    staging.replace(
        "customers",
        f"WITH v AS (SELECT * FROM name_votes QUALIFY row_number() OVER "
        f"(PARTITION BY {keys} ORDER BY votes DESC, name) = 1) "
        "SELECT stage.* REPLACE (coalesce(v.name, stage.name) AS name) "
        f"FROM stage_customers AS stage LEFT JOIN v ON {same}",
    )
    count, example = staging.row(
        f"SELECT count(*), max_by(customer_id || ' has ' || names, (names, customer_id)) "
        f"FROM (SELECT {keys}, count(*) AS names FROM name_votes GROUP BY {keys} HAVING names > 1)"
    )
    if count:
        staging.note(
            "several_names",
            "customers",
            count,
            "Customers came with several names; the most frequent was kept.",
            example,
        )
