"""The one way in for the command line and the screens: the batches, results and submissions of a key.

Importing this package is cheap: each name's module is imported on first use.
"""

from typing import TYPE_CHECKING

from batchtui.lazy import lazy_names

if TYPE_CHECKING:
    from batchtui.workspace.batch_list import LARGEST_PAGE, PAGE
    from batchtui.workspace.changes import Changes
    from batchtui.workspace.watch import PollFailure, PollResult
    from batchtui.workspace.workspace import (
        Details,
        Family,
        UnknownBatch,
        Workspace,
        WorkspaceError,
        check_key,
        load_cached_batches,
    )

_MODULES = {
    "LARGEST_PAGE": "batch_list",
    "PAGE": "batch_list",
    "Changes": "changes",
    "PollFailure": "watch",
    "PollResult": "watch",
    "Details": "workspace",
    "Family": "workspace",
    "UnknownBatch": "workspace",
    "Workspace": "workspace",
    "WorkspaceError": "workspace",
    "check_key": "workspace",
    "load_cached_batches": "workspace",
}
__all__ = [
    "LARGEST_PAGE",
    "PAGE",
    "Changes",
    "Details",
    "Family",
    "PollFailure",
    "PollResult",
    "UnknownBatch",
    "Workspace",
    "WorkspaceError",
    "check_key",
    "load_cached_batches",
]

__getattr__ = lazy_names(__name__, {name: f"{__name__}.{module}" for name, module in _MODULES.items()})
