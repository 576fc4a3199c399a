"""Browse, monitor and manage Anthropic Message Batches from the terminal.

From Python: `load_profile` loads a profile, `BatchesClient` calls the API, and `Workspace` is the core of the
app and the command line.
"""

from typing import TYPE_CHECKING

from batchtui.lazy import lazy_names

if TYPE_CHECKING:
    from batchtui.api import BatchesClient
    from batchtui.config import Profile, load_profile
    from batchtui.workspace import Workspace

__version__ = "0.1.0"

__all__ = ["BatchesClient", "Profile", "Workspace", "__version__", "load_profile"]

if not TYPE_CHECKING:  # a checker knows the names by the imports above, and so sees a wrong one
    __getattr__ = lazy_names(
        __name__,
        {
            "BatchesClient": "batchtui.api",
            "Profile": "batchtui.config",
            "Workspace": "batchtui.workspace",
            "load_profile": "batchtui.config",
        },
    )
