"""The ledger and its intake, the point-in-time engine, the feature catalogue and the labels."""
