"""The parts of the rows that a model is judged on apart."""

from __future__ import annotations

import numpy as np
import pandas as pd

THIN = 3
"""A customer with fewer settled invoices has a thin history."""
LARGEST = 10


def slice_labels(rows: pd.DataFrame) -> dict[str, pd.Series]:
    """Return for every way of slicing the part that each row belongs to.

    Parameters
    ----------
    rows : DataFrame
        ``customer_id invoice_id amount segment unseen settled_invoices``.

    Returns
    -------
    dict of str to Series of str
        ``history``, ``customer`` (the ten with the largest amounts each, and the others),
        ``largest_customers`` (the same together), ``seen``, ``segment``, ``amount`` (quarters of
        the rows).
    """
    by_customer = rows.drop_duplicates(["customer_id", "invoice_id"])
    totals = by_customer.groupby("customer_id")["amount"].sum()
    # The id decides between equals, so that the order of rows does not.
    ranked = totals.reset_index().sort_values(
        ["amount", "customer_id"], ascending=[False, True], kind="stable"
    )
    largest = ranked["customer_id"].head(LARGEST)
    is_large = rows["customer_id"].isin(largest)
    edges = np.quantile(rows["amount"], [0.25, 0.5, 0.75]) if len(rows) else np.zeros(3)
    bands = np.array(
        [
            f"up to {edges[0]:,.0f}",
            f"{edges[0]:,.0f} to {edges[1]:,.0f}",
            f"{edges[1]:,.0f} to {edges[2]:,.0f}",
            f"above {edges[2]:,.0f}",
        ]
    )
    band = bands[np.searchsorted(edges, rows["amount"], side="left")]
    thin = rows["settled_invoices"] < THIN
    labels = {
        "history": np.where(thin, f"fewer than {THIN} settled", f"{THIN} or more settled"),
        "seen": np.where(rows["unseen"], "unseen before the cutoff", "seen before the cutoff"),
        "largest_customers": np.where(is_large, f"the {LARGEST} largest", "all others"),
        "customer": rows["customer_id"].astype(str).where(is_large, "all others"),
        "segment": rows["segment"].astype(str),
        "amount": band,
    }
    return {name: pd.Series(values, index=rows.index) for name, values in labels.items()}
