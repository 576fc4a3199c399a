"""The app: it owns the workspace and the network thread, and opens the first screen."""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import Any, ClassVar, cast

from textual import work
from textual.actions import ActionParseResult
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.dom import DOMNode
from textual.screen import Screen

from batchtui.api import ApiError, NotAuthorized, NotReachable
from batchtui.cache import Batch
from batchtui.config import ConfigError, Profile, Settings, redact
from batchtui.process import END_SIGNALS, NOT_AUTHORIZED, NOT_REACHABLE
from batchtui.submissions import Failures
from batchtui.text import clean_text
from batchtui.tui.dialogs.groups import Groups
from batchtui.tui.screens.base import BaseScreen
from batchtui.tui.screens.batches import BatchesScreen
from batchtui.tui.services.batch_lookup import BatchesById
from batchtui.tui.services.executor import ContextExecutor
from batchtui.tui.services.network import Network
from batchtui.tui.services.submit_flow import SubmitFlow
from batchtui.tui.terminal.early_screen import EarlyScreen
from batchtui.tui.terminal.terminal_app import TerminalApp
from batchtui.tui.theme import THEMES
from batchtui.workspace import Workspace, check_key

SWITCH_SECONDS = 0.0005
"""Python's switch interval. A working thread delays a key by this much at most, instead of 5 ms."""
IDLE_SECONDS = 0.3
"""Seconds without a key before memory is collected, which blocks everything for up to 0.1 s."""


def no_profile(name: str) -> Profile:
    """Refuse to load a profile: there are no others, as in the demo.

    Raises:
        ConfigError: Always.
    """
    raise ConfigError(f"there is no profile {name} here.")


class BatchtuiApp(TerminalApp[None]):
    """The screens over one workspace.

    Args:
        profile: The API to call, and its credentials.
        cache_root: The cache folder.
        data_root: The folder of submitted requests.
        settings: How the screens behave.
        is_demo: Whether the API is the built-in sandbox.
        profile_names: The profiles to switch between.
        load: Loads one of them by its name.
        early: What the terminal shows already, if anything.
    """

    CSS = """
    BaseScreen { background: $background; }
    Toast { width: 70; max-width: 100%; padding: 0 1; }
    CommandPalette > Vertical { background: $panel; width: 80; max-width: 100%; }
    SearchIcon { display: none; }
    """
    """One calm background; what is on top of it is a shade lighter."""

    COMMANDS = App.COMMANDS | {BatchesById}
    """What the command palette searches."""

    ALLOW_SELECT = False
    """The terminal itself selects text. Textual's selection repaints, and fails on toasts that expire."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c", "leave", show=False, priority=True),
        Binding("ctrl+l", "repaint", show=False, priority=True, id="everywhere.repaint"),
    ]
    """Keys that also act while a dialog is open."""

    def __init__(
        self,
        profile: Profile,
        cache_root: Path,
        data_root: Path,
        settings: Settings,
        *,
        is_demo: bool,
        profile_names: Sequence[str] = (),
        load: Callable[[str], Profile] = no_profile,
        early: EarlyScreen | None = None,
    ) -> None:
        has_alt_keys = any("alt+" in keys for keys in settings.keys.values())
        super().__init__(early, has_alt_keys=has_alt_keys, notify_desktop=settings.notify_osc9)
        self.profile_names = profile_names
        self.settings = settings
        self.is_demo = is_demo
        # The poller retries, and shows it. The client need not.
        self.workspace = Workspace(profile, cache_root, data_root, attempts=1)
        self.network = Network()
        self.load_profile = load
        """Loads another profile by its name."""
        self.next_profile: Profile | None = None
        """The profile to switch to once these screens are closed."""
        self.hold_keys()
        # Before the first paint: a change of theme later would paint everything again.
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = f"batchtui-{settings.theme}"
        self.set_keymap(dict(settings.keys))

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Yield the commands of the palette: what the keys of this screen do."""
        if not isinstance(screen, BaseScreen):
            return
        for key in screen.keys:
            if key.group != "list" and key.action not in ("command_palette", "back"):
                yield SystemCommand(key.label, f"{key.help}  ({key.shown})", partial(screen.run_key, key))

    async def run_action(
        self,
        action: str | ActionParseResult,
        default_namespace: DOMNode | None = None,
        namespaces: Mapping[str, DOMNode] | None = None,
    ) -> bool:
        """Run the action of a key, the palette or a click, or say why it cannot run now."""
        screen, refusal = default_namespace, ""
        if isinstance(screen, (BaseScreen, Groups)) and isinstance(action, str):
            refusal = screen.refusal(action)
        if refusal:
            self.tell(refusal)
            return True
        return await super().run_action(action, default_namespace, namespaces)

    def on_mount(self) -> None:
        """Prepare for suspension, threads and signals."""
        # A suspended app loses what it painted.
        self.app_resume_signal.subscribe(self, lambda _: self.repaint())
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ContextExecutor())
        for number in END_SIGNALS:
            loop.add_signal_handler(number, self._exit_on_signal, number)

    @cached_property
    def _submit_flow(self) -> SubmitFlow:
        return SubmitFlow(self)

    def submit_file(self, path: Path) -> None:
        """Submit a file of requests, after checking and asking."""
        self._submit_flow.file(path)

    def resubmit(self, batch_id: str, failures: Failures, scope: Sequence[str]) -> None:
        """Resubmit failed requests of a batch after confirmation."""
        self._submit_flow.resubmit(batch_id, failures, scope)

    def find_lost(self) -> None:
        """Look for batches whose response was lost."""
        self._submit_flow.find_lost()

    def show_sending(self, words: str) -> None:
        """Show the progress of a submission."""
        if self.screen_stack:  # else the app is closing
            self.first_screen.show_sending(words)

    def go_to(self, batch_ids: Sequence[str]) -> None:
        """Move to the first of some batches in the list once they are loaded."""
        self.first_screen.go_to(batch_ids)

    def loaded_batches(self) -> Sequence[Batch]:
        """Return the batches of the list."""
        return list(self.first_screen.loaded)

    @property
    def first_screen(self) -> BatchesScreen:
        """The list of batches, at the bottom of the screen stack."""
        return cast("BatchesScreen", self.screen_stack[0])

    def get_default_screen(self) -> BatchesScreen:
        """Return the first screen, which paints from the cache."""
        return BatchesScreen(self.workspace, self.network, self.settings, is_demo=self.is_demo)

    def on_unmount(self) -> None:
        """Stop the network thread."""
        self.network.stop(self.workspace.aclose)

    def _exit_on_signal(self, number: signal.Signals) -> None:
        """Exit as a shell expects after a signal, with the terminal restored."""
        self.exit(return_code=128 + number)

    def copy_raw(self, text: str) -> bool:
        """Copy text unchanged to the terminal's clipboard, or say that it is too long."""
        is_copied = super().copy_raw(text)
        if not is_copied:
            self.tell("Too long for the terminal's clipboard. Press w to write it to a file.", failed=True)
        return is_copied

    def free_memory_soon(self) -> None:
        """Collect the garbage of a closed screen as soon as nobody types.

        Widgets and their screen refer to each other, and Python collects cycles rarely (see `__main__`). The
        painted lines of many closed screens would pile up, and fragment the memory for good.
        """
        self.set_timer(IDLE_SECONDS, self._free_memory)

    def _free_memory(self) -> None:
        if time.monotonic() - self.typed_at < IDLE_SECONDS:
            self.free_memory_soon()
        else:
            gc.collect()

    def open_batch(self, batch_id: str) -> None:
        """Go to a batch in the list, and fetch it if it is not loaded."""
        while len(self.screen_stack) > 1:
            self.pop_screen()
        self.first_screen.fetch(batch_id)

    def next_theme(self) -> None:
        """Switch to the next theme."""
        names = [theme.name for theme in THEMES]
        self.theme = names[(names.index(self.theme) + 1) % len(names)]

    @work(exclusive=True, group="profile")
    async def use_profile(self, name: str) -> None:
        """Close these screens, for `run` to open them with another profile, if it is valid."""
        try:
            profile = await asyncio.to_thread(self.load_profile, name)
            await self.network.call(partial(check_key, profile))
        except (ConfigError, NotAuthorized) as error:
            current = self.workspace.profile.name
            self.tell(f"Still on {current}. Profile {name} cannot be used: {error}", failed=True)
            return
        except ApiError:
            pass  # offline: cached batches can be shown
        self.next_profile = profile
        self.exit()

    def tell(self, message: str, *, failed: bool = False) -> None:
        """Show a toast; the text may come from outside."""
        self.notify(clean_text(redact(message)), severity="error" if failed else "information", markup=False)

    def action_repaint(self) -> None:
        """Send the whole screen again."""
        self.repaint()

    def action_leave(self) -> None:
        """Close the app."""
        self.leave()

    def leave(self, error: ApiError | None = None) -> None:
        """Close the app. After an error that kept it from the API, report it and exit as a command would."""
        code = 0
        if isinstance(error, NotAuthorized):
            code = NOT_AUTHORIZED
        elif isinstance(error, NotReachable):
            code = NOT_REACHABLE
        if code:
            self.exit_message = clean_text(redact(f"batchtui: {error}"))
        self.exit(return_code=code)


def run(
    profile: Profile,
    cache_root: Path,
    data_root: Path,
    settings: Settings,
    *,
    is_demo: bool,
    mouse: bool,
    profile_names: Sequence[str] = (),
    load: Callable[[str], Profile] = no_profile,
    early: EarlyScreen | None = None,
) -> int:
    """Run the screens until they are closed, and return the exit code.

    Args:
        profile: The API to call, and its credentials.
        cache_root: The cache folder.
        data_root: The folder of submitted requests.
        settings: How the screens behave.
        is_demo: Whether the API is the built-in sandbox.
        mouse: Whether to use the mouse.
        profile_names: The profiles to switch between.
        load: Loads one of them by its name.
        early: What the terminal shows already, if anything.
    """
    sys.setswitchinterval(SWITCH_SECONDS)
    # Imported modules stay: garbage collection can skip them.
    gc.freeze()
    while True:
        app = BatchtuiApp(
            profile,
            cache_root,
            data_root,
            settings,
            is_demo=is_demo,
            profile_names=profile_names,
            load=load,
            early=early,
        )
        app.run(mouse=mouse)
        message = app.final_message()
        if message:
            print(message, file=sys.stderr)  # noqa: T201 - the screens are closed
        if app.next_profile is None:
            return app.return_code or (1 if message else 0)
        profile, early = app.next_profile, None
