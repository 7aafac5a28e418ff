"""What rows say about other rows: payments about invoices, everything about customers."""

from __future__ import annotations

from features.intake.sqltext import listed, literal, quoted
from features.intake.staging import Rule, Staging
from features.ledger.contract import TABLES

_OPTIONAL = {
    ("invoices", "credited_invoice_id"): ("invoices", "invoice_id"),
    ("payments", "reverses_payment_id"): ("payments", "payment_id"),
    ("promises", "invoice_id"): ("invoices", "invoice_id"),
    ("activities", "invoice_id"): ("invoices", "invoice_id"),
}
_CURRENCY_MISSING = Rule(
    "currency_missing",
    "An amount without its currency cannot be counted.",
    "",
    "'an amount and no currency'",
)


def remember_keys(staging: Staging) -> None:
    """Keep the keys of an extract before any row is refused: what is refused has not vanished."""
    for name in ("invoices", "payments"):
        key = listed(TABLES[name].key)
        staging.con.execute(f"CREATE TABLE seen_{name} AS SELECT DISTINCT {key} FROM stage_{name}")


def index_invoices(staging: Staging) -> None:
    """Collect the invoices that rows may refer to: the extract's accepted ones and the ledger's."""
    newest = "ORDER BY recorded_at DESC NULLS LAST"
    staging.con.execute(
        f"""
        CREATE TABLE invoice_index AS
        WITH fresh AS (
          SELECT invoice_id, customer_id, currency, issued_on FROM stage_invoices
          QUALIFY row_number() OVER (PARTITION BY invoice_id {newest}) = 1
        )
        SELECT * FROM fresh
        UNION ALL
        SELECT invoice_id, customer_id, currency, issued_on FROM latest_invoices
        WHERE NOT removed AND invoice_id NOT IN (SELECT invoice_id FROM fresh)
        """
    )


def resolve_invoices(staging: Staging, table: str) -> None:
    """Check the invoices that payments and disputes name; take customer and currency from them."""
    columns = TABLES[table].by_name
    if table not in ("payments", "disputes", "promises"):
        return
    relation = (
        f"SELECT stage.*, i.customer_id AS i_customer, i.currency AS i_currency, "
        "i.issued_on AS i_issued, s.invoice_id IS NOT NULL AS i_seen "
        f"FROM stage_{table} AS stage LEFT JOIN invoice_index AS i USING (invoice_id) "
        "LEFT JOIN seen_invoices AS s ON s.invoice_id = stage.invoice_id"
    )
    staging.replace(table, relation)
    staging.judge(table, _invoice_rules() if table != "promises" else [])
    _note_differences(staging, table)
    if table != "promises":
        staging.con.execute(
            f"UPDATE stage_{table} SET customer_id = i_customer "
            "WHERE i_customer IS NOT NULL AND customer_id IS DISTINCT FROM i_customer"
        )
    if table == "payments":
        _take_customer_of_reversed(staging)
    if not columns["currency"].required:
        staging.con.execute(
            f"UPDATE stage_{table} SET currency = i_currency WHERE currency IS NULL"
        )
    staging.drop_columns(table, ("i_customer", "i_currency", "i_issued", "i_seen"))


def _take_customer_of_reversed(staging: Staging) -> None:
    """Store a reversal without an invoice with the customer whose payment it takes back."""
    staging.con.execute(
        """
        UPDATE stage_payments SET customer_id = r.customer_id
        FROM (SELECT payment_id AS reversed_id, customer_id FROM stage_payments
              UNION ALL
              SELECT payment_id, customer_id FROM latest_payments
              WHERE payment_id NOT IN (SELECT payment_id FROM stage_payments)) AS r
        WHERE kind = 'reversal' AND invoice_id IS NULL AND r.reversed_id = reverses_payment_id
          AND r.customer_id IS NOT NULL
        """
    )


def _invoice_rules() -> list[Rule]:
    missing = "invoice_id IS NOT NULL AND i_customer IS NULL"
    return [
        Rule(
            "invoice_quarantined",
            "What belongs to a quarantined invoice waits with it.",
            f"{missing} AND i_seen",
            "'invoice ' || invoice_id || ' is in quarantine'",
        ),
        Rule(
            "invoice_unknown",
            "The invoice is neither in the extract nor in the ledger.",
            missing,
            "'invoice ' || invoice_id || ' is not known'",
        ),
        Rule(
            "currency_mismatch",
            "An amount must be in its invoice's currency.",
            "currency <> i_currency",
            "currency || ' for an invoice in ' || i_currency",
        ),
    ]


def _note_differences(staging: Staging, table: str) -> None:
    if table != "payments":
        return
    payers, payer, early, first = staging.row(
        f"""
        SELECT count(*) FILTER (customer_id <> i_customer),
               min(payment_id) FILTER (customer_id <> i_customer),
               count(*) FILTER (paid_on < i_issued), min(payment_id) FILTER (paid_on < i_issued)
        FROM stage_{table}
        """
    )
    if payers:
        staging.note(
            "payer_differs",
            table,
            payers,
            "Payments name another customer than their invoice; the invoice's was stored.",
            f"payment_id {payer}",
        )
    if early:
        staging.note(
            "paid_before_issued",
            table,
            early,
            "Payments dated before their invoice was issued were kept as they are.",
            f"payment_id {first}",
        )


def currency_rule(table: str) -> list[Rule]:
    """Return the rule against amounts without a currency, where the contract lets it be empty."""
    columns = TABLES[table].by_name
    money = [column.name for column in TABLES[table].columns if column.type == "money"]
    if not money or columns["currency"].required:
        return []
    given = " OR ".join(f"{quoted(name)} IS NOT NULL" for name in money)
    rule = _CURRENCY_MISSING
    return [Rule(rule.name, rule.sentence, f"currency IS NULL AND ({given})", rule.reason)]


def note_dangling(staging: Staging) -> None:
    """Report optional references to rows that neither extract nor ledger has."""
    for (table, column), (target, key) in _OPTIONAL.items():
        count, example = staging.row(
            f"SELECT count(*), min({quoted(column)}) FROM stage_{table} AS stage "
            f"WHERE {quoted(column)} IS NOT NULL "
            f"AND NOT EXISTS (FROM stage_{target} AS t WHERE t.{key} = stage.{quoted(column)}) "
            f"AND NOT EXISTS (FROM known_{target} AS t WHERE t.{key} = stage.{quoted(column)})"
        )
        if count:
            staging.note(
                "reference_unknown",
                table,
                count,
                f"{column} names what neither the extract nor the ledger has; kept as it is.",
                example,
            )


def add_placeholders(staging: Staging) -> None:
    """Create a customer of which only the id is known for each one that the master lacks."""
    named = " UNION ALL ".join(
        f"SELECT customer_id, {literal(name)} AS origin FROM stage_{name}"
        for name, table in TABLES.items()
        if name != "customers" and "customer_id" in table.by_name
    )
    staging.con.execute(
        f"""
        CREATE TABLE placeholders AS
        SELECT DISTINCT customer_id FROM ({named})
        WHERE customer_id IS NOT NULL
          AND customer_id NOT IN (SELECT customer_id FROM stage_customers)
          AND customer_id NOT IN (SELECT customer_id FROM known_customers)
        """
    )
    count, example = staging.row("SELECT count(*), min(customer_id) FROM placeholders")
    if count:
        staging.count("customers", "placeholders", count)
        staging.note(
            "customer_not_in_master",
            "customers",
            count,
            "Customers that rows refer to and the master lacks were added with their id only.",
            f"customer_id {example}",
        )
