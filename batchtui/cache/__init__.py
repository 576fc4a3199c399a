"""Local cache of a workspace's batches and the history of their request counts (SQLite)."""

from batchtui.cache.batches import CACHE_FILE, BatchCache, load_cached_list
from batchtui.cache.known import KnownBatches
from batchtui.cache.records import RESULTS_DAYS, Batch, Counts

__all__ = ["CACHE_FILE", "RESULTS_DAYS", "Batch", "BatchCache", "Counts", "KnownBatches", "load_cached_list"]
