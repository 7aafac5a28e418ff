"""Backtests: each model trained at rolling cutoffs and measured on what came after."""
