"""What happened: when invoices were paid, and which customers defaulted."""
