"""Global options, and the workspace they select."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from batchtui.cli.output import say
from batchtui.process import forbid_memory_reads

if TYPE_CHECKING:
    from batchtui.config import Profile, ProfileDraft
    from batchtui.workspace import Workspace

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Place:
    """The profile and folders of a command."""

    profile: Profile
    cache_root: Path
    data_root: Path
    is_demo: bool


@dataclass(frozen=True, slots=True)
class Session:
    """The global options."""

    open_screens: Callable[[Session], int]
    profile: str | None = None
    base_url: str | None = None
    cache_dir: Path | None = None
    read_only: bool = False
    demo: bool = False
    mouse: bool = True

    @contextmanager
    def place(self) -> Iterator[Place]:
        """Yield the profile and folders; with `--demo`, a sandbox and folders that are removed afterwards."""
        with _demo() if self.demo else self._configured() as place:
            profile = replace(place.profile, read_only=self.read_only or place.profile.read_only)
            yield replace(place, profile=profile)

    @contextmanager
    def _configured(self) -> Iterator[Place]:
        from batchtui.config import data_dir

        try:
            yield Place(self.load_profile(self.profile), self.cache_root, data_dir(), is_demo=False)
        finally:
            # At the end, when its imports are already loaded.
            from batchtui.disk.scratch import remove_abandoned

            remove_abandoned()

    @property
    def cache_root(self) -> Path:
        """The cache folder of all profiles except the demo."""
        from batchtui.config import cache_dir

        return cache_dir(self.cache_dir, os.environ)

    @property
    def config_path(self) -> Path:
        """The config file, which may not exist."""
        from batchtui.config import config_dir

        return config_dir() / "config.toml"

    def draft_profile(self, name: str | None) -> ProfileDraft:
        """Return a profile without reading its key."""
        from batchtui.config import draft_profile

        return draft_profile(name, base_url=self.base_url, env=os.environ, config_path=self.config_path)

    def load_profile(self, name: str | None) -> Profile:
        """Return a profile by name, or the default one."""
        draft = self.draft_profile(name)
        forbid_memory_reads()
        profile = draft.load()
        return replace(profile, read_only=self.read_only or profile.read_only)

    def run(self, work: Callable[[Workspace], Coroutine[Any, Any, T]]) -> T:
        """Run a coroutine with an open workspace."""

        async def with_workspace(place: Place) -> T:
            async with _open(place) as workspace:
                return await work(workspace)

        import asyncio  # 15 ms, not needed for `--help`

        with self.place() as place:
            return asyncio.run(with_workspace(place))


@asynccontextmanager
async def _open(place: Place) -> AsyncIterator[Workspace]:
    from batchtui.workspace import Workspace

    workspace = Workspace(place.profile, place.cache_root, place.data_root)
    try:
        yield workspace
    finally:
        for notice in workspace.notices:
            say(notice)
        await workspace.aclose()


@contextmanager
def _demo() -> Iterator[Place]:
    from batchtui.config import Credentials, Profile, Secret
    from batchtui.disk.scratch import scratch_folder
    from batchtui.sandbox import SandboxOptions, embedded, new_key

    with (
        scratch_folder() as folder,
        embedded(SandboxOptions(key=new_key(), counts="live")) as api,
    ):
        credentials = Credentials(Secret(api.api_key), "key")
        profile = Profile(name="demo", base_url=api.base_url, credentials=credentials)
        yield Place(profile, folder, folder / "data", is_demo=True)
