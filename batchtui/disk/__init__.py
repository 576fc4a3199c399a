"""Files that hold what must not be lost or seen by others: SQLite databases. A leaf."""

from batchtui.disk.sqlite import (
    NETWORK_FILE_SYSTEMS,
    NewerSchema,
    file_system,
    is_damage,
    open_database,
    open_read_only,
    set_aside,
    transaction,
)

__all__ = [
    "NETWORK_FILE_SYSTEMS",
    "NewerSchema",
    "file_system",
    "is_damage",
    "open_database",
    "open_read_only",
    "set_aside",
    "transaction",
]
