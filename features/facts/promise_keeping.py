"""Whether promises to pay were kept, judged once, at a moment of its own."""

from __future__ import annotations

import numpy as np
from numba import njit

from features.facts.book import Stream
from features.facts.lookup import first_not_before
from features.facts.versions import DAY

GRACE_DAYS = 3
"""A promise is judged so many days after the promised one, by what is known then."""
ENOUGH = 0.9
"""Share of the promised amount that keeps a promise."""


@njit(cache=True, nogil=True)
def _kept(  # type: ignore[no-untyped-def]
    owner, made, judged, amount, invoice,
    paid_offsets, paid_known, paid_void, paid_amount,
    item_offsets, item_known, item_void, item_invoice, item_open, item_amount, enough,
):  # fmt: skip
    kept = np.zeros(len(owner), np.int64)
    for p in range(len(owner)):
        c = owner[p]
        if invoice[p] >= 0:
            high = first_not_before(item_known, item_offsets[c], item_offsets[c + 1], judged[p])
            for r in range(item_offsets[c], high):
                if item_invoice[r] == invoice[p] and item_void[r] >= judged[p]:
                    covered = item_amount[r] - item_open[r]
                    wanted = amount[p] if amount[p] > 0 else item_amount[r]
                    kept[p] = item_open[r] == 0 or covered >= enough * wanted
            continue
        low = first_not_before(paid_known, paid_offsets[c], paid_offsets[c + 1], made[p])
        high = first_not_before(paid_known, low, paid_offsets[c + 1], judged[p])
        total = 0
        for r in range(low, high):
            if paid_void[r] >= judged[p]:
                total += paid_amount[r]
        kept[p] = total > 0 and total >= enough * amount[p]
    return kept


def judged_promises(promises: Stream, paid: Stream, items: Stream) -> Stream:
    """Return each promise as an event of the moment at which it is judged.

    A promise about the account is kept if the customer paid `ENOUGH` of it from its making on; one
    about an invoice if that much of the invoice is covered. Judged `GRACE_DAYS` after the promised
    day, or when it became known if that is later, by what was known before: the answer is final.
    """
    measures = promises.measures
    made = measures["made_day"] * DAY
    judged = np.maximum((measures["promised_day"] + GRACE_DAYS + 1) * DAY, promises.known)
    kept = _kept(
        promises.owner, made, judged, measures["amount"], measures["invoice"],
        paid.offsets, paid.known, paid.void, paid.measures["amount"],
        items.offsets, items.known, items.void, items.measures["invoice"],
        items.measures["open"], items.measures["amount"], ENOUGH,
    )  # fmt: skip
    still = promises.void > judged
    count = np.ones(int(still.sum()), dtype=np.int64)
    return Stream.sort(
        promises.owner[still],
        judged[still],
        promises.void[still],
        {"count": count, "kept": kept[still], "broken": count - kept[still]},
        len(promises.offsets) - 1,
    )
