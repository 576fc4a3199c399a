"""The app as a protocol, so that screens and services do not import it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

if TYPE_CHECKING:
    from textual.app import App

    from batchtui.api import ApiError
    from batchtui.cache import Batch
    from batchtui.config import Settings
    from batchtui.submissions import Failures
    from batchtui.tui.services.network import Network
    from batchtui.workspace import Workspace


class Host(Protocol):
    """The app as its screens see it. `BatchtuiApp` documents the methods."""

    workspace: Workspace
    network: Network
    settings: Settings
    is_demo: bool
    profile_names: Sequence[str]

    def tell(self, message: str, *, failed: bool = False) -> None: ...
    def ring(self, message: str) -> None: ...
    def copy_raw(self, text: str) -> bool: ...
    def repaint(self) -> None: ...
    def next_theme(self) -> None: ...
    def free_memory_soon(self) -> None: ...
    async def handle_early_keys(self) -> None: ...
    def leave(self, error: ApiError | None = None) -> None: ...
    def use_profile(self, name: str) -> object: ...

    # The list of batches

    def loaded_batches(self) -> Sequence[Batch]: ...
    def open_batch(self, batch_id: str) -> None: ...
    def go_to(self, batch_ids: Sequence[str]) -> None: ...

    # Submitting

    def submit_file(self, path: Path) -> None: ...
    def resubmit(self, batch_id: str, failures: Failures, scope: Sequence[str]) -> None: ...
    def find_lost(self) -> None: ...
    def show_sending(self, words: str) -> None: ...


def host_of(app: App[Any]) -> Host:
    """Return the app, typed for its screens."""
    return cast("Host", app)
