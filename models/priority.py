"""Collection priority: what a contact today is expected to be worth.

The first, simple form: a contact is assumed to bring in a fixed share of the cash that would not
come by itself within the horizon. Contact logs will replace the assumption by an estimate.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from configs.settings import PrioritySettings

Text = npt.NDArray[np.object_]


def next_action(worst_dpd: npt.NDArray[np.float64], settings: PrioritySettings) -> Text:
    """Return the policy's step for a customer's oldest open invoice."""
    steps = [
        worst_dpd >= settings.stop_delivery_from_days,
        worst_dpd >= settings.letter_from_days,
        worst_dpd >= settings.call_from_days,
    ]
    names = ["stop_delivery", "letter", "call"]
    return np.select(steps, names, default="reminder").astype(object)


def rank_worklist(customers: pd.DataFrame, settings: PrioritySettings) -> pd.DataFrame:
    """Rank the customers worth a contact.

    Parameters
    ----------
    customers : DataFrame
        ``customer_id collector_id currency cash_at_risk overdue expected_cash_30d worst_dpd
        reason_1..4``; amounts in reporting major units. ``cash_at_risk`` is the overdue amount
        not expected within the horizon.
    settings : PrioritySettings

    Returns
    -------
    DataFrame
        The worklist's columns, best first, at most ``capacity`` rows. Ties go by overdue amount
        and customer, so that a list can be repeated.
    """
    listed = customers[customers["overdue"] >= settings.min_overdue].copy()
    listed["priority_value"] = (settings.contact_effect * listed["cash_at_risk"]).round(2)
    listed["next_action"] = next_action(listed["worst_dpd"].to_numpy(dtype=np.float64), settings)
    listed = listed.sort_values(
        ["priority_value", "overdue", "customer_id"], ascending=[False, False, True]
    ).head(settings.capacity)
    listed["rank"] = np.arange(1, len(listed) + 1)
    columns = ["rank", "customer_id", "collector_id", "currency", "priority_value"]
    columns += ["cash_at_risk", "overdue", "expected_cash_30d", "next_action"]
    columns += [f"reason_{number}" for number in range(1, 5)]
    return listed[columns].reset_index(drop=True)
