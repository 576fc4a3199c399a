"""Files that hold what must not be lost or seen by others: SQLite databases. A leaf."""

from batchtui.disk.sqlite import NewerSchema, open_database, open_read_only, set_aside, transaction

__all__ = ["NewerSchema", "open_database", "open_read_only", "set_aside", "transaction"]
