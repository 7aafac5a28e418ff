"""The extract's date: facts are complete up to the day before it."""

from __future__ import annotations

from datetime import date, timedelta

import duckdb

from configs.settings import ImportSettings
from features.intake.staging import Staging

_LONGEST_GAP_DAYS = 366


def find_extract_date(staging: Staging, given: date | None, limits: ImportSettings) -> date:
    """Return the date of an extract: given, else the source's, else read off the data.

    From the data it is the day after the last invoice or payment was made or recorded. A date more
    than a year behind all others is an error of entry and does not count, nor does an invoice due
    before it was issued.

    Raises
    ------
    ValueError
        No date is given and the data has none, or the source's rule fails.
    """
    last = _last_fact(staging, limits)
    stated = given or _of_source(staging)
    if stated is not None:
        if last is not None and (stated - last).days > _LONGEST_GAP_DAYS:
            staging.note(
                "extract_date",
                "",
                0,
                f"The extract's date is {stated}, {(stated - last).days:,} days after the last "
                f"invoice or payment: what was open on {last} counts as unpaid ever since.",
            )
        return stated
    if last is None:
        raise ValueError(
            f"source '{staging.source.name}': no invoice or payment has a readable date, so the "
            "extract's date is not known; name it with --extract-date YYYY-MM-DD"
        )
    found = last + timedelta(days=1)
    staging.note(
        "extract_date",
        "",
        0,
        f"The extract's date was taken from the data: {found}, the day after the last fact.",
    )
    return found


def _last_fact(staging: Staging, limits: ImportSettings) -> date | None:
    """Return the last day of an invoice or payment before a gap of more than a year."""
    (last,) = staging.row(
        f"""
        WITH days AS (
          SELECT greatest(issued_on, recorded_at::DATE) AS day FROM stage_invoices
          WHERE due_on IS NULL OR due_on >= issued_on
          UNION ALL SELECT greatest(paid_on, recorded_at::DATE) FROM stage_payments
        ), usable AS (
          SELECT day FROM days
          WHERE day BETWEEN DATE '{limits.earliest_date}' AND DATE '{limits.latest_date}'
        ), gaps AS (
          SELECT day, lead(day) OVER (ORDER BY day) - day AS gap
          FROM (SELECT DISTINCT day FROM usable)
        )
        SELECT min(day) FROM gaps
        WHERE day >= (SELECT quantile_disc(day, 0.5) FROM usable)
          AND (gap IS NULL OR gap > {_LONGEST_GAP_DAYS})
        """
    )
    found: date | None = last
    return found


def _of_source(staging: Staging) -> date | None:
    rule = staging.source.extract_date
    if rule is None or isinstance(rule, date):
        return rule
    where = f"source '{staging.source.name}': extract_date"
    try:
        row = staging.con.execute(f"SELECT TRY_CAST(({rule}) AS DATE)").fetchone()
    except duckdb.Error as error:
        reason = " ".join(str(error).split("LINE ")[0].split())
        raise ValueError(f"{where}: SQL fails: {reason}") from error
    if not row or not isinstance(row[0], date):
        raise ValueError(f"{where}: the SQL yields no date; name it with --extract-date YYYY-MM-DD")
    return row[0]
