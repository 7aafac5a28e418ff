"""The catalogue as a page for people, rendered from the declarations."""

from __future__ import annotations

from features.catalogue import CUSTOMER_FEATURES, GROUPS, INVOICE_FEATURES, Feature

_INTRODUCTION = """\
# The features

Every feature that the models see, as declared in `features/catalogue/`. This page is written by
`payrisk features list --out docs/features.md`; see [how to add one](adding-a-feature.md).

A row about an invoice has {invoice} features, one about a customer {customer}. Names read
`<entity>_<measure>_<statistic>_<window>`. Windows end at the moment of the row and run on when a
fact became known: `30d` to `365d` days, `all` everything, `last20` the latest 20 settled invoices,
`ewm` those fading with age, `like` those of similar terms and amount, `now` the state at the
moment. **Higher is** says what a higher value means where that is certain: the default model and
the scorecard are held to it. The meaning is the sentence that a reason code shows.
"""

_DIRECTIONS = {1: "riskier", -1: "safer", 0: ""}
_COLUMNS = ("Name", "Unit", "Higher is", "Meaning", "Missing", "Owner")


def documentation() -> str:
    """Return the whole catalogue as Markdown, a table per group."""
    parts = [_INTRODUCTION.format(invoice=len(INVOICE_FEATURES), customer=len(CUSTOMER_FEATURES))]
    for group, features in GROUPS.items():
        title = group[0].upper() + group[1:]
        lines = [f"## {title}", "", _line(_COLUMNS), _line(["---"] * len(_COLUMNS))]
        parts.append("\n".join([*lines, *(_row(feature) for feature in features)]) + "\n")
    return "\n".join(parts)


def _row(feature: Feature) -> str:
    return _line(
        (
            f"`{feature.name}`",
            feature.unit.replace("_", " "),
            _DIRECTIONS[feature.direction],
            feature.meaning,
            feature.missing,
            feature.owner,
        )
    )


def _line(cells: tuple[str, ...] | list[str]) -> str:
    return "| " + " | ".join(cells) + " |"
