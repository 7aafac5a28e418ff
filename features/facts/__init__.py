"""What the ledger says happened, as arrays by customer and moment of knowledge."""

from features.facts.book import Book

__all__ = ["Book"]
