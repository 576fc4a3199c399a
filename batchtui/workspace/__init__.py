"""The one way in for both faces: the batches of a workspace, their results and submissions.

Importing this costs nothing: each name's module comes with its first use.
"""

from typing import TYPE_CHECKING

from batchtui.lazy import lazy_names

if TYPE_CHECKING:
    from batchtui.workspace.changes import Changes
    from batchtui.workspace.workspace import (
        LARGEST_PAGE,
        PAGE,
        UnknownBatch,
        Workspace,
        WorkspaceError,
        check_key,
        glance,
    )

__all__ = [
    "LARGEST_PAGE",
    "PAGE",
    "Changes",
    "UnknownBatch",
    "Workspace",
    "WorkspaceError",
    "check_key",
    "glance",
]

__getattr__ = lazy_names(
    __name__, dict.fromkeys(__all__, f"{__name__}.workspace") | {"Changes": f"{__name__}.changes"}
)
