"""Feature tables on disk: any size of ledger, bucket by bucket, on one core or many."""

from features.table.building import TableSummary, build_table

__all__ = ["TableSummary", "build_table"]
