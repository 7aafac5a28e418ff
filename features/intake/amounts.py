"""Amounts: minor units of their currency, and the same in the reporting currency."""

from __future__ import annotations

from datetime import date

from configs.settings import ImportSettings
from features.intake.references import currency_rule
from features.intake.rules import MAX_AMOUNT, NOT_POSITIVE, ZERO_ALLOWED
from features.intake.sqltext import literal, quoted
from features.intake.staging import Rule, Staging
from features.ledger.contract import TABLES
from features.ledger.money import EXPONENTS
from features.ledger.schema import reporting_column


def choose_reporting_currency(staging: Staging, wanted: str | None, held: str | None) -> str:
    """Return the ledger's reporting currency: held, else wanted, else that of most invoices.

    Raises
    ------
    ValueError
        Another one is wanted than an existing ledger has, or nothing tells which.
    """
    if held is not None:
        if wanted is not None and wanted != held:
            raise ValueError(
                f"the ledger reports in {held}, the settings say {wanted}; its amounts are "
                f"converted already: set reporting_currency to {held} or import into a new ledger"
            )
        return held
    if wanted is not None:
        if wanted not in EXPONENTS:
            raise ValueError(f"reporting_currency '{wanted}' is no currency of ISO 4217")
        return wanted
    most = "GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1"
    row = staging.row(f"SELECT currency FROM stage_invoices {most}") or staging.row(
        # Nothing was accepted: any readable currency lets the report say why.
        f"SELECT code FROM raw_invoices JOIN exponents ON code = "
        f"coalesce(upper(trim(r_currency)), {literal(staging.source.currency or '')}) {most}"
    )
    if not row:
        raise ValueError(
            "no invoice tells the reporting currency; set reporting_currency in the settings"
        )
    staging.note(
        "reporting_currency",
        "",
        0,
        f"The reporting currency is {row[0]}, that of most invoices.",
    )
    return str(row[0])


def prepare_rates(staging: Staging, reporting: str) -> None:
    """Collect the exchange rates; a rate that the ledger holds otherwise is refused."""
    con = staging.con
    rules = [
        Rule(
            "fx_rate_changed",
            "Amounts were converted with another rate that the ledger has for that day; it stays.",
            "known_rate <> rate",
            "currency || ' ' || rate_date || ': ' || rate || ', the ledger has ' || known_rate",
        ),
        Rule(
            "fx_rate_of_reporting",
            "The reporting currency's own rate is 1.",
            f"currency = '{reporting}' AND rate <> 1",
            "currency || ' ' || rate_date || ': ' || rate || ' instead of 1'",
        ),
    ]
    staging.judge(
        "fx_rates",
        rules,
        "SELECT stage.*, k.rate AS known_rate FROM stage_fx_rates AS stage "
        "LEFT JOIN known_fx_rates AS k USING (currency, rate_date)",
    )
    con.execute(
        "CREATE TABLE rates AS SELECT currency, rate_date, rate FROM stage_fx_rates "
        "UNION SELECT currency, rate_date, rate FROM known_fx_rates"
    )


def convert_amounts(
    staging: Staging, table: str, reporting: str, extract_date: date, limits: ImportSettings
) -> None:
    """Turn a stage's decimal amounts into minor units and add them in the reporting currency.

    The rate is that of the event's day, else the last before it that is not older than
    ``fx_max_age_days``; for what starts after the extract, the extract's last day.
    """
    declared = TABLES[table]
    money = [column.name for column in declared.columns if column.type == "money"]
    if not money:
        return
    day = f"least({quoted(declared.event or '')}, DATE '{extract_date}' - 1)"
    scaled = ", ".join(
        f"{quoted(name)} * power(10, coalesce(e.exponent, 2))::DECIMAL(4, 0) "
        f"AS {quoted('x_' + name)}"
        for name in money
    )
    whole = ", ".join(f"floor({quoted('x_' + n)}) AS {quoted('w_' + n)}" for n in money)
    minor = ", ".join(f"{_half_even(name)} AS {quoted('m_' + name)}" for name in money)
    converted = ", ".join(
        f"CASE WHEN currency = '{reporting}' THEN {quoted('m_' + name)} ELSE TRY_CAST(round_even("
        f"{quoted('m_' + name)} * x_rate * power(10.0, {EXPONENTS[reporting]} - x_exponent), 0) "
        f"AS BIGINT) END AS {quoted(reporting_column(name))}"
        for name in money
    )
    staging.replace(
        table,
        f"WITH dated AS (SELECT stage.*, {day} AS x_day, e.exponent AS x_exponent, {scaled} "
        f"FROM stage_{table} AS stage LEFT JOIN exponents AS e ON e.code = stage.currency), "
        f"cut AS (SELECT *, {whole} FROM dated), rounded AS (SELECT *, {minor} FROM cut), "
        f"rated AS (SELECT rounded.*, CASE WHEN rounded.currency = '{reporting}' THEN 1.0 "
        f"WHEN x_day - r.rate_date <= {limits.fx_max_age_days} THEN r.rate END AS x_rate "
        "FROM rounded ASOF LEFT JOIN rates AS r "
        "ON rounded.currency = r.currency AND rounded.x_day >= r.rate_date) "
        f"SELECT *, {converted} FROM rated",
    )
    staging.judge(table, _rules(table, money, reporting, limits))
    _note_rounded(staging, table, money)
    for name in money:
        staging.drop_columns(table, (name, "x_" + name, "w_" + name))
        staging.con.execute(
            f"ALTER TABLE stage_{table} RENAME COLUMN {quoted('m_' + name)} TO {quoted(name)}"
        )
    staging.drop_columns(table, ("x_day", "x_exponent", "x_rate"))


def _rules(table: str, money: list[str], reporting: str, limits: ImportSettings) -> list[Rule]:
    rules = currency_rule(table)
    for name in money:
        if (table, name) not in ZERO_ALLOWED:
            rules.append(
                Rule(
                    "amount_not_positive",
                    NOT_POSITIVE,
                    f"{quoted('m_' + name)} <= 0",
                    f"'{name} ' || {quoted(name)} || ' is less than a minor unit'",
                )
            )
    given = " OR ".join(f"{quoted(name)} IS NOT NULL" for name in money)
    rules.append(
        Rule(
            "fx_rate_missing",
            f"There is no rate to {reporting} of that day or the {limits.fx_max_age_days} before; "
            "add it to fx_rates.csv (currency, rate_date, rate).",
            f"x_rate IS NULL AND ({given})",
            "'no rate for ' || currency || ' on ' || x_day || '; add it to fx_rates.csv'",
        )
    )
    largest = " OR ".join(f"abs({quoted(name)}) * x_rate > {MAX_AMOUNT}" for name in money)
    rules.append(
        Rule(
            "amount_too_large",
            "An amount is beyond what the ledger can hold.",
            largest,
            f"'too large in {reporting}'",
        )
    )
    return rules


def _note_rounded(staging: Staging, table: str, money: list[str]) -> None:
    broken = " OR ".join(f"{quoted('x_' + name)} <> {quoted('w_' + name)}" for name in money)
    count, example = staging.row(
        f"SELECT count(*), min({quoted(money[0])}) FROM stage_{table} WHERE {broken}"
    )
    if count:
        staging.note(
            "rounded_amounts",
            table,
            count,
            "Amounts with more decimals than their currency has were rounded half to even.",
            example,
        )


def _half_even(name: str) -> str:
    scaled, whole = quoted("x_" + name), quoted("w_" + name)
    odd = f"{whole}::BIGINT % 2 <> 0"
    up = f"{scaled} - {whole} > 0.5 OR ({scaled} - {whole} = 0.5 AND {odd})"
    # Nearly all amounts are whole; only the others pay for the wide arithmetic.
    raised = f"CASE WHEN {up} THEN 1 ELSE 0 END"
    return f"{whole}::BIGINT + CASE WHEN {scaled} > {whole} THEN {raised} ELSE 0 END"
