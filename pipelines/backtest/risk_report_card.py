"""The part of the page that is about a scorecard: its bins and points, and how they were chosen."""

from __future__ import annotations

import numpy as np
import pandas as pd

from models.plots import scorecard_figure
from models.reports.page import Picture, Section, Table
from models.scorecard.card import Scorecard

_FORMATS = {
    **dict.fromkeys(("woe", "iv", "psi"), ".3f"),
    **dict.fromkeys(
        ("iv_other_customers", "iv_early", "iv_late", "gain", "adds", "correlation"), ".2f"
    ),
    "bad_rate": ".1%",
}
_LISTED = 30
"""Candidates left out that the page lists, by information value."""


def card_section(card: Scorecard) -> Section:
    """Return the card itself: how it adds up, its bins and their plot."""
    bins = pd.DataFrame(card.table())
    bins["bad_rate"] = bins["bads"] / (bins["goods"] + bins["bads"]).where(lambda n: n > 0)
    return Section(
        "The card",
        [
            f"The card of the last cutoff. A customer starts with {card.base_points} points and "
            "adds those of the bin each characteristic falls into; the sum is the score, higher "
            f"is safer. {card.factor * np.log(2):.0f} points double the odds. The "
            f"probability of default is 1 / (1 + exp({card.intercept:.4f} + {card.slope:.4f} * "
            f"(score - {card.offset:.4f}) / {card.factor:.4f})).",
            "Goods and bads are monthly snapshots learnt from: a customer counts once a month, and "
            "a month whose window has not passed yet as what it is expected to become. "
            "Every value there can be has a bin, missing and never seen ones too.",
        ],
        [
            Picture(
                scorecard_figure(card),
                "Points of every bin of every characteristic. The table below has the numbers.",
            )
        ],
        [
            Table(
                bins[["characteristic", "bin", "points", "goods", "bads", "bad_rate", "woe", "iv"]],
                "Bins and points",
                _FORMATS,
            )
        ],
    )


def selection_section(card: Scorecard) -> Section:
    """Return why each characteristic was taken, and the most informative ones left out."""
    record = pd.DataFrame([vars(line) for line in card.selection])
    record = record.sort_values(["taken", "iv"], ascending=False, kind="stable")
    taken = record["taken"].astype(bool)
    columns = ["feature", "why", "iv", "iv_other_customers", "iv_early", "iv_late", "psi", "gain"]
    columns += ["adds", "correlation", "correlated_with"]
    return Section(
        "Why these characteristics",
        [f"{int(taken.sum())} of {len(record)} candidates were taken."],
        (),
        [
            Table(record[taken][columns], "Taken", _FORMATS),
            Table(
                record[~taken].head(_LISTED)[columns],
                f"Left out: the {min(_LISTED, int((~taken).sum()))} with the most information",
                _FORMATS,
            ),
        ],
    )
