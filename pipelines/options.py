"""What the commands' arguments may look like."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import click


class Day(click.ParamType[date]):
    """A calendar day as YYYY-MM-DD."""

    name = "YYYY-MM-DD"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Read the day."""
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(str(value).strip())
        except ValueError:
            self.fail(f"{value!r} is not a day; write YYYY-MM-DD", param, ctx)


class Days(click.ParamType[tuple[date, ...]]):
    """Several days, separated by commas."""

    name = "D1,D2,..."

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[date, ...]:
        """Read the days."""
        if isinstance(value, tuple):
            return value
        return tuple(Day().convert(part, param, ctx) for part in str(value).split(","))


DAY = Day()
DAYS = Days()
FOLDER = click.Path(path_type=Path)

config = click.option(
    "--config", type=FOLDER, help="YAML file with the settings to change (default: none)."
)
ledger = click.option("--ledger", type=FOLDER, required=True, help="The ledger's folder.")
as_of = click.option(
    "--as-of", type=DAY, required=True, help="What was known before 00:00 of this day counts."
)


def model_versions(values: tuple[str, ...]) -> dict[str, str]:
    """Read ``NAME=VERSION`` pairs.

    Raises
    ------
    ValueError
        A value without a name or a version.
    """
    pairs = [value.partition("=") for value in values]
    for name, _, version in pairs:
        if not name or not version:
            raise ValueError(f"--model {name}: write NAME=VERSION, such as late_payment=2")
    return {name: version for name, _, version in pairs}
