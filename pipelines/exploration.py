"""The frames a data scientist explores."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from configs.settings import Settings
from features.build import build, moment_in_microseconds
from features.facts.loading import load_book
from features.ledger.storage import Ledger
from models.scoring import open_invoices
from models.snapshot_months import active
from pipelines.scoring import check_as_of


def feature_frame(ledger_path: Path, as_of: date, entity: str, settings: Settings) -> pd.DataFrame:
    """Return keys and features of every open invoice, or every active customer, at a moment."""
    ledger = Ledger.open(ledger_path)
    check_as_of(ledger, as_of)
    book = load_book(ledger, settings.settlement)
    if entity == "invoices":
        keys = open_invoices(book, as_of)
    else:
        chosen = np.flatnonzero(active(book, moment_in_microseconds(as_of)))
        keys = pd.DataFrame({"customer_id": book.customer_ids[chosen]})
    return pd.concat([keys.assign(as_of=as_of), build(book, keys, as_of)], axis=1)
