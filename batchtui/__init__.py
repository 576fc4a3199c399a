"""See, read and steer Anthropic Message Batches from a terminal.

From Python: `load_profile` says where and as whom, `BatchesClient` makes the API's calls, and `Workspace` is
what the screens and the commands stand on.
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
