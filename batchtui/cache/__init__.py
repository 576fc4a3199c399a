"""What this disk knows of a workspace: batches and their count history (SQLite)."""

from batchtui.cache.batches import BatchCache, newest_known
from batchtui.cache.known import KnownBatches
from batchtui.cache.records import RESULTS_DAYS, Batch, Counts

__all__ = ["RESULTS_DAYS", "Batch", "BatchCache", "Counts", "KnownBatches", "newest_known"]
