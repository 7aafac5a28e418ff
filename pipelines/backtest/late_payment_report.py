"""The late-payment backtest as one HTML page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import pandas as pd

from pipelines.backtest.protocol import Protocol


def late_payment_report(
    tables: Mapping[str, pd.DataFrame], cutoffs: Sequence[date], end: date, protocol: Protocol
) -> str:
    """Return the page."""
    del cutoffs, end, protocol
    return str(tables["pooled"].to_html())
