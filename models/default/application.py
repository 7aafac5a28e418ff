"""Application scoring: the PD of a customer without any history, from what an application has.

Portfolio, then segment, then country, then age of the business and bureau score: each is believed
as far as the first months of earlier customers carry it. What an application lacks is taken as
average, so an application with nothing but an id gets the portfolio's PD.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from configs.settings import DefaultModelSettings
from features.catalogue import CATALOGUE, CUSTOMER_FEATURES
from features.engine import Moment
from features.facts.book import Book
from models.default.signed_regression import SignedRegression, fit_signed_regression
from models.default.upper import UpperBound, fit_upper_bound
from models.snapshots import Snapshots, customer_keys

Float64 = npt.NDArray[np.float64]
Text = npt.NDArray[np.object_]

BUREAU, BUSINESS = "customer_bureau_score_value_now", "customer_business_days_value_now"
FIRST_MONTHS = 6
"""Snapshots of each customer that are learnt from: the first ones."""
_PRIOR_ROWS = 300.0
"""Rows of average risk added to each segment and country: 50 customers' first months."""
_LASSO, _RIDGE = 2.0, 2.0
_DIRECTIONS = np.array([1, 1, -1, -1])
_MOST_BUSINESS_DAYS = 1095.0
"""As the catalogue's feature: three years count as ever."""


@dataclass(frozen=True, eq=False)
class ApplicationModel:
    """P(default within the performance window) of applicants.

    Parameters
    ----------
    segments, countries : mapping of str to float
        Log-odds of each against the portfolio's, shrunk.
    regression : SignedRegression
        On segment's and country's evidence, age of the business (days) and bureau score.
    upper : UpperBound
    """

    segments: Mapping[str, float]
    countries: Mapping[str, float]
    regression: SignedRegression
    upper: UpperBound

    def matrix(self, frame: pd.DataFrame) -> Float64:
        """Return what the regression reads; NaN where an application does not say.

        Parameters
        ----------
        frame : DataFrame
            ``segment country business_days bureau_score``.
        """
        return np.column_stack(
            [
                frame["segment"].map(self.segments).to_numpy(dtype=np.float64),
                frame["country"].map(self.countries).to_numpy(dtype=np.float64),
                np.clip(frame["business_days"].to_numpy(np.float64), 0.0, _MOST_BUSINESS_DAYS),
                frame["bureau_score"].to_numpy(dtype=np.float64),
            ]
        )

    def predict(self, matrix: Float64) -> tuple[Float64, Float64]:
        """Return the probability of default and its upper bound, each of shape (n,)."""
        chance = np.asarray(1.0 / (1.0 + np.exp(-self.regression.raw(matrix))))
        return chance, self.upper.apply(chance, np.zeros(len(chance)))

    def basis(self, matrix: Float64) -> Text:
        """Return ``bureau``, ``segment``, ``country`` or ``portfolio``: the best that is known."""
        known = ~np.isnan(matrix)
        return np.select(
            [known[:, 3], known[:, 0], known[:, 1]], ["bureau", "segment", "country"], "portfolio"
        ).astype(object)

    def reasons(self, frame: pd.DataFrame, matrix: Float64) -> list[list[str]]:
        """Return sentences for each application, what raises the risk most first."""
        shares = self.regression.contributions(matrix)
        answers = []
        for row, (segment, country) in enumerate(
            zip(frame["segment"], frame["country"], strict=True)
        ):
            said = (
                f"its segment is {segment}",
                f"its country is {country}",
                CATALOGUE[BUSINESS].describe(matrix[row, 2]),
                CATALOGUE[BUREAU].describe(matrix[row, 3]),
            )
            order = [int(column) for column in np.argsort(-shares[row], kind="stable")]
            texts = [
                f"{said[c]}: {'raises' if shares[row, c] > 0 else 'lowers'} the risk"
                for c in order
                if abs(shares[row, c]) > 1e-6
            ]
            missing = [c for c in order if np.isnan(matrix[row, c])]
            texts += [f"{_NOT_SAID[c]}: taken as average" for c in missing]
            answers.append(texts)
        return answers

    def to_document(self) -> dict[str, Any]:
        """Return the model as plain data."""
        return {
            "segments": dict(self.segments),
            "countries": dict(self.countries),
            "regression": self.regression.to_document(),
            "upper": self.upper.to_document(),
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> ApplicationModel:
        """Rebuild the model."""
        return cls(
            document["segments"],
            document["countries"],
            SignedRegression.from_document(document["regression"]),
            UpperBound.from_document(document["upper"]),
        )


_NOT_SAID = (
    "its segment is not known here",
    "its country is not known here",
    "the age of its business is not known",
    "no bureau score is known",
)


def fit_application(
    book: Book, snapshots: Snapshots, settings: DefaultModelSettings, window_months: int
) -> ApplicationModel:
    """Fit on customers' first months.

    Parameters
    ----------
    book : Book
    snapshots : Snapshots
        Matured, of all customers' months.
    settings : DefaultModelSettings
    window_months : int
    """
    by_customer = pd.Series(snapshots.as_of).groupby(snapshots.customer)
    first = snapshots.take(np.flatnonzero(by_customer.rank(method="first") <= FIRST_MONTHS))
    order = np.lexsort((first.as_of, first.customer))
    first = first.take(order)
    latest = Moment(book, customer_keys(first.customer, first.as_of)).latest
    names = {kind: _names(book, latest(book.masters, kind)) for kind in ("segment", "country")}
    tables = {kind: _evidence(values, first.bad) for kind, values in names.items()}
    columns = [CUSTOMER_FEATURES.index(name) for name in (BUSINESS, BUREAU)]
    evidence = [pd.Series(names[k]).map(tables[k]).to_numpy(dtype=np.float64) for k in names]
    matrix = np.column_stack([*evidence, first.matrix[:, columns]])
    regression = fit_signed_regression(matrix, first.bad, _DIRECTIONS, _LASSO, _RIDGE)
    upper = fit_upper_bound(first, regression.raw(matrix), window_months, settings.upper_confidence)
    return ApplicationModel(tables["segment"], tables["country"], regression, upper)


def _names(book: Book, codes: Float64) -> list[str | None]:
    return [None if code != code or code < 0 else book.places[int(code)][1] for code in codes]


def _evidence(names: Sequence[str | None], bad: npt.NDArray[np.bool_]) -> dict[str, float]:
    """Return each name's log-odds of default against all rows', drawn towards 0."""
    share = float(np.clip(bad.mean(), 1e-4, 1 - 1e-4))
    frame = pd.DataFrame({"name": names, "bad": bad}).dropna()
    counts = frame.groupby("name")["bad"].agg(["sum", "count"])
    rate = (counts["sum"] + _PRIOR_ROWS * share) / (counts["count"] + _PRIOR_ROWS)
    logit = np.log(rate / (1 - rate)) - np.log(share / (1 - share))
    return {str(name): float(value) for name, value in logit.items()}
