"""Amounts: minor units of their currency, and the same in the reporting currency."""

from __future__ import annotations

from datetime import date

from configs.settings import ImportSettings
from features.intake.references import currency_rule
from features.intake.rules import MAX_AMOUNT, NOT_POSITIVE, ZERO_ALLOWED
from features.intake.sqltext import quoted
from features.intake.staging import Rule, Staging
from features.ledger.contract import TABLES
from features.ledger.money import EXPONENTS
from features.ledger.storage import reporting_column


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
    row = staging.row(
        "SELECT currency FROM stage_invoices GROUP BY 1 ORDER BY count(*) DESC, currency LIMIT 1"
    )
    if not row:
        raise ValueError(
            "no accepted invoice tells the reporting currency; "
            "set reporting_currency in the settings"
        )
    staging.note(
        "reporting_currency",
        "",
        0,
        f"The reporting currency is {row[0]}, that of most invoices.",
    )
    return str(row[0])


def prepare_rates(staging: Staging, reporting: str) -> None:
    """Collect exponents and exchange rates; a rate that the ledger holds otherwise is refused."""
    con = staging.con
    con.execute("CREATE TABLE exponents (code VARCHAR, exponent INTEGER)")
    con.executemany("INSERT INTO exponents VALUES (?, ?)", list(EXPONENTS.items()))
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
    staging.replace("fx_rates", "SELECT * EXCLUDE (known_rate) FROM stage_fx_rates")
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
    relation = (
        f"WITH dated AS (SELECT stage.*, {day} AS x_day, e.exponent AS x_exponent, {scaled} "
        f"FROM stage_{table} AS stage LEFT JOIN exponents AS e ON e.code = stage.currency) "
        f"SELECT dated.*, CASE WHEN dated.currency = '{reporting}' THEN 1.0 "
        f"WHEN x_day - r.rate_date <= {limits.fx_max_age_days} THEN r.rate END AS x_rate "
        "FROM dated ASOF LEFT JOIN rates AS r "
        "ON dated.currency = r.currency AND dated.x_day >= r.rate_date"
    )
    staging.judge(table, _rules(table, money, reporting, limits), relation)
    _note_rounded(staging, table, money)
    exponent = EXPONENTS[reporting]
    minor = ", ".join(f"{_half_even(quoted('x_' + name))} AS {quoted(name)}" for name in money)
    converted = ", ".join(
        f"CASE WHEN currency = '{reporting}' THEN {quoted(name)} ELSE round_even("
        f"{quoted(name)} * x_rate * power(10.0, {exponent} - x_exponent), 0)::BIGINT END "
        f"AS {quoted(reporting_column(name))}"
        for name in money
    )
    dropped = ", ".join(quoted("x_" + name) for name in money)
    staging.replace(
        table,
        f"SELECT * EXCLUDE ({dropped}, x_day, x_exponent, x_rate), {converted} "
        f"FROM (SELECT * REPLACE ({minor}) FROM stage_{table})",
    )


def _rules(table: str, money: list[str], reporting: str, limits: ImportSettings) -> list[Rule]:
    rules = currency_rule(table)
    for name in money:
        if (table, name) not in ZERO_ALLOWED:
            rules.append(
                Rule(
                    "amount_not_positive",
                    NOT_POSITIVE,
                    f"{_half_even(quoted('x_' + name))} <= 0",
                    f"'{name} ' || {quoted('r_' + name)} || ' is less than a minor unit'",
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
    broken = " OR ".join(f"{quoted('x_' + name)} <> floor({quoted('x_' + name)})" for name in money)
    count, example = staging.row(
        f"SELECT count(*), min({quoted('r_' + money[0])}) FROM stage_{table} WHERE {broken}"
    )
    if count:
        staging.note(
            "rounded_amounts",
            table,
            count,
            "Amounts with more decimals than their currency has were rounded half to even.",
            example,
        )


def _half_even(scaled: str) -> str:
    whole = f"floor({scaled})::BIGINT"
    rest = f"({scaled} - floor({scaled}))"
    up = f"{rest} > 0.5 OR ({rest} = 0.5 AND {whole} % 2 <> 0)"
    return f"({whole} + CASE WHEN {up} THEN 1 ELSE 0 END)"
