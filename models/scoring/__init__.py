"""From models and the book to the outputs: invoices, proposed invoices, customers, worklist."""

from models.scoring.customers import score_customers
from models.scoring.invoices import open_invoices, score_invoices

__all__ = ["open_invoices", "score_customers", "score_invoices"]
