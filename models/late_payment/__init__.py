"""When will this invoice be paid: a discrete-time hazard model around the due date."""
