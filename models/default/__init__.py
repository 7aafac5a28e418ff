"""Will this customer default within a year: a boosted model on monthly snapshots."""
