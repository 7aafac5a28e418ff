from __future__ import annotations

import csv
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from configs import Settings
from configs.settings import (
    DefaultModelSettings,
    LatePaymentSettings,
    ScorecardSettings,
    TreeSettings,
)

if TYPE_CHECKING:
    from features.facts.book import Book
    from models.late_payment.fitting import Fitted
    from models.snapshots import Snapshots
    from models.training import Trained

SAMPLE = Path(__file__).parents[2] / "data" / "sample"
AS_OF = date(2025, 10, 1)


def write_extract(folder: Path, keep_every: int) -> Path:
    """Copy the sample's customers in default and some of the others: a third of the rows."""
    folder.mkdir(parents=True)
    with (SAMPLE / "customer_events.csv").open(encoding="utf-8", newline="") as stream:
        marked = {row["customer_id"] for row in csv.DictReader(stream)}
    for path in SAMPLE.glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as stream:
            rows = csv.DictReader(stream)
            kept = [
                row
                for row in rows
                if row["customer_id"] in marked or int(row["customer_id"][1:]) % keep_every == 0
            ]
        with (folder / path.name).open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, rows.fieldnames or ())
            writer.writeheader()
            writer.writerows(kept)
    return folder


@pytest.fixture(scope="session")
def settings() -> Settings:
    """Small models: seconds, not minutes."""
    return Settings(
        late_payment=LatePaymentSettings(
            capacities={"lean": TreeSettings(trees=20)},
            regression_ridges=(100.0,),
            regression_rows=5_000,
        ),
        default_model=DefaultModelSettings(trees=30, seeds=2),
        scorecard=ScorecardSettings(max_characteristics=6),
    )


@pytest.fixture(scope="session")
def as_of() -> date:
    return AS_OF


@pytest.fixture(scope="session")
def book(tmp_path_factory, settings) -> Book:
    from features.facts.loading import load_book
    from features.intake import import_extract, load_source
    from features.ledger.storage import Ledger

    root = tmp_path_factory.mktemp("models")
    extract = write_extract(root / "extract", keep_every=6)
    import_extract(load_source("canonical"), extract, root / "ledger", settings)
    return load_book(Ledger.open(root / "ledger"), settings.settlement)


@pytest.fixture(scope="session")
def snapshots(book, settings) -> Snapshots:
    from features.build import moment_in_microseconds
    from models.snapshots import matured_snapshots

    return matured_snapshots(book, settings.default, moment_in_microseconds(AS_OF))


@pytest.fixture(scope="session")
def learnt(book, settings) -> Snapshots:
    """The same, and those of whose window enough has passed."""
    from features.build import moment_in_microseconds
    from models.snapshots import training_snapshots

    return training_snapshots(book, settings.default, moment_in_microseconds(AS_OF))


@pytest.fixture(scope="session")
def late_payment(book, settings) -> Fitted:
    from features.build import moment_in_microseconds
    from models.late_payment.fitting import fit_late_payment

    return fit_late_payment(book, moment_in_microseconds(AS_OF), settings.late_payment)


@pytest.fixture(scope="session")
def default(book, settings) -> Trained:
    from models.training import train

    return train("default", book, AS_OF, settings)


@pytest.fixture(scope="session")
def scorecard(book, settings) -> Trained:
    from models.training import train

    # Only what tells enough alone is binned: that is the slow part.
    quick = settings.scorecard.model_copy(update={"min_iv": 0.2})
    return train("scorecard", book, AS_OF, settings.model_copy(update={"scorecard": quick}))
