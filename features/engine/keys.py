"""What features are asked for."""

from __future__ import annotations

from dataclasses import dataclass

from features.facts.versions import Int64


@dataclass(frozen=True, eq=False)
class Keys:
    """Customers, and invoices of theirs, each at its own moment.

    Arrays of shape (n,). ``customer`` is a position in the book (-1: unknown to it), ``as_of``
    microseconds since 1970. For keys that are not about an invoice, ``issued_day``, ``due_day``
    and ``amount`` (reporting minor units) are -1. ``invoice`` is the position of an invoice that
    the ledger already has, else -1.
    """

    customer: Int64
    as_of: Int64
    issued_day: Int64
    due_day: Int64
    amount: Int64
    invoice: Int64

    def __len__(self) -> int:
        return len(self.customer)

    def take(self, rows: Int64 | slice) -> Keys:
        """Return the keys of some rows, in their order."""
        return Keys(
            self.customer[rows],
            self.as_of[rows],
            self.issued_day[rows],
            self.due_day[rows],
            self.amount[rows],
            self.invoice[rows],
        )
