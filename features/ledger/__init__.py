"""The ledger: its contract, its money and its storage."""

from features.ledger.contract import TABLES, Column, Table
from features.ledger.storage import Ledger

__all__ = ["TABLES", "Column", "Ledger", "Table"]
