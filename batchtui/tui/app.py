"""The app: it owns the workspace and the network thread, and opens the first screen."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import Any, ClassVar, cast

from textual import events, work
from textual.actions import ActionParseResult
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.dom import DOMNode
from textual.filter import LineFilter
from textual.screen import Screen
from textual.widgets import Input

from batchtui.api import ApiError, NotAuthorized, NotReachable
from batchtui.cache import Batch
from batchtui.config import ConfigError, Profile, Settings, redact
from batchtui.process import END_SIGNALS, NOT_AUTHORIZED, NOT_REACHABLE, bug_report
from batchtui.text import clean_line, clean_text
from batchtui.tui.dialogs.groups import Groups
from batchtui.tui.screens.base import BaseScreen
from batchtui.tui.screens.batches import BatchesScreen
from batchtui.tui.services.batch_lookup import BatchesById
from batchtui.tui.services.executor import ContextExecutor
from batchtui.tui.services.network import Network
from batchtui.tui.services.submit_flow import Submitting
from batchtui.tui.terminal.clipboard import clipboard_sequence
from batchtui.tui.terminal.control_filter import ControlFilter
from batchtui.tui.terminal.driver import driver_for
from batchtui.tui.terminal.early_screen import EarlyScreen
from batchtui.tui.terminal.painter import PaintedApp
from batchtui.tui.terminal.styles_cache import release_closed_widgets
from batchtui.tui.theme import THEMES
from batchtui.workspace import Workspace, check_key

SWITCH_SECONDS = 0.0005
FREE_SECONDS = 0.3
"""Memory is collected once nothing was typed for so long: it holds up everything for up to 0.1 s."""
TOASTS_MOST = 3
"""Toasts at a time: more would bury the screen."""


def no_profile(name: str) -> Profile:
    """Stand in where no other profile can be loaded, as in the demo.

    Raises:
        ConfigError: Always.
    """
    raise ConfigError(f"there is no profile {name} here.")


class BatchtuiApp(PaintedApp[None]):
    """The screens over one workspace.

    Args:
        profile: Where to call and as whom.
        cache_root: The cache folder.
        data_root: The folder of what was submitted.
        settings: How the screens behave.
        is_demo: Whether the API is the sandbox inside.
        profile_names: The profiles that may be gone over to.
        load: Loads one of them by its name.
        early: What the terminal shows already, if anything.
    """

    CSS = """
    BaseScreen { background: $background; }
    Toast { width: 70; max-width: 100%; padding: 0 1; }
    CommandPalette > Vertical { background: $panel; width: 80; max-width: 100%; }
    SearchIcon { display: none; }
    """
    """Everything sits on one calm background; what lies over it is a shade lighter."""

    COMMANDS = App.COMMANDS | {BatchesById}
    """What the command palette searches."""

    ALLOW_SELECT = False
    """Text is selected by the terminal itself; Textual's own way repaints, and trips over toasts that go."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c", "leave", show=False, priority=True),
        Binding("ctrl+l", "repaint", show=False, priority=True, id="everywhere.repaint"),
    ]
    """What also acts while a dialog is open."""

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
        super().__init__(driver_class=driver_for(early, has_alt_keys=has_alt_keys))
        release_closed_widgets()
        # Each step of an animation would be sent, over SSH too.
        self.animation_level = "none"
        self.profile_names = profile_names
        self.settings = settings
        self.is_demo = is_demo
        # The follower tries again by itself, in sight of the person: the client need not.
        self.workspace = Workspace(profile, cache_root, data_root, attempts=1)
        self.network = Network()
        self.load_profile = load
        """Loads another profile by its name."""
        self.next_profile: Profile | None = None
        """The profile to go on with once these screens are closed."""
        self.last_words = ""
        """One sentence for stderr once the screens are closed."""
        self._typed_early: list[events.Key | events.Paste] | None = []
        """What is typed before the first screen can take it; None once it can."""
        self._typed_at = 0.0
        self._control_filter = ControlFilter()
        # Before the first paint: a change of theme later would paint everything again.
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = f"batchtui-{settings.theme}"
        self.set_keymap(dict(settings.keys))

    def get_line_filters(self) -> Sequence[LineFilter]:
        """What every line of every widget passes; the last one is the backstop against control characters."""
        return [*super().get_line_filters(), self._control_filter]

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """What the command palette offers: what the keys of this screen do."""
        if not isinstance(screen, BaseScreen):
            return
        for key in screen.keys:
            if key.group != "list" and key.action not in ("command_palette", "back"):
                yield SystemCommand(key.label, f"{key.help}  ({key.shown})", partial(screen.run_key, key))

    async def on_event(self, event: events.Event) -> None:
        """Takes keys for itself; called by Textual with everything that happens."""
        if isinstance(event, (events.Key, events.Paste)) and not event.is_forwarded:
            await self._take_typed(event)
        else:
            await super().on_event(event)

    async def _take_typed(self, event: events.Key | events.Paste) -> None:
        """Lets what is typed act before what is typed next is looked at.

        Textual sends keys through the queues of the widgets: those typed ahead, as over a slow line, would
        be for what was there before a filter or a dialog opened.
        """
        if self._typed_early is not None:
            self._typed_early.append(event)
            return
        self.app_focus = True
        self._typed_at = time.monotonic()
        field, key = self.focused, event if isinstance(event, events.Key) else None
        if isinstance(field, Input) and (not key or field.check_consume_key(key.key, key.character)):
            await field.on_event(event)
        elif key and not await self._check_bindings(key.key, priority=True):
            await self._check_bindings(key.key)

    async def take_typed_early(self) -> None:
        """Once the first screen is there: lets what was typed before act on it."""
        early, self._typed_early = self._typed_early or [], None
        for event in early:
            await self._take_typed(event)

    async def run_action(
        self,
        action: str | ActionParseResult,
        default_namespace: DOMNode | None = None,
        namespaces: Mapping[str, DOMNode] | None = None,
    ) -> bool:
        """Does what a key, the palette or a click asks for, or says why it cannot be done now."""
        screen, refusal = default_namespace, ""
        if isinstance(screen, (BaseScreen, Groups)) and isinstance(action, str):
            refusal = screen.refusal(action)
        if refusal:
            self.tell(refusal)
            return True
        return await super().run_action(action, default_namespace, namespaces)

    def on_mount(self) -> None:
        """Ends in good order when a signal says so."""
        # After the app was suspended, the terminal has lost what was painted.
        self.app_resume_signal.subscribe(self, lambda _: self.repaint())
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ContextExecutor())
        for number in END_SIGNALS:
            loop.add_signal_handler(number, self._end_by, number)

    @cached_property
    def _submitting(self) -> Submitting:
        return Submitting(self)

    def submit_file(self, path: Path) -> None:
        """Submit a file of requests, after checking and asking."""
        self._submitting.file(path)

    def submit_again(self, batch_id: str, custom_ids: Sequence[str], notes: Sequence[str]) -> None:
        """Submit some requests of a batch again, after asking; `notes` says which are left out."""
        self._submitting.again(batch_id, custom_ids, notes)

    def look_for_lost(self) -> None:
        """Find out what became of submissions that got no answer."""
        self._submitting.look_for_lost()

    def show_sending(self, words: str) -> None:
        """Show how far a submission is."""
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
        """The list of batches, which lies under everything."""
        return cast("BatchesScreen", self.screen_stack[0])

    def get_default_screen(self) -> BatchesScreen:
        """The first screen; it paints from the cache."""
        return BatchesScreen(self.workspace, self.network, self.settings, is_demo=self.is_demo)

    def on_unmount(self) -> None:
        """Ends the network thread."""
        self.network.stop(self.workspace.aclose)

    def _end_by(self, number: signal.Signals) -> None:
        """Ends as a shell expects of a signal, but with the terminal as it was."""
        self.exit(return_code=128 + number)

    def copy_to_clipboard(self, text: str) -> None:
        """What Textual's own fields call for a copy."""
        self.copy_raw(text)

    def copy_raw(self, text: str) -> bool:
        """Puts raw text into the terminal's clipboard; answers whether it fits, and says so if not."""
        sequence = clipboard_sequence(text, os.environ)
        if sequence is None:
            self.tell("That is too long for a terminal's clipboard; write it to a file (w).", failed=True)
            return False
        self._clipboard = text
        if self._driver:
            self._driver.write(sequence)
        return True

    def ring(self, message: str) -> None:
        """The terminal's bell, and where it is wanted a notification of the desktop (OSC 9)."""
        self.bell()
        if self.settings.notify_osc9 and self._driver:
            self._driver.write(f"\x1b]9;{clean_line(message)}\x07")

    def free_memory_soon(self) -> None:
        """Collect what a closed screen leaves behind, as soon as nobody types.

        Widgets and their screen refer to each other, and Python looks for cycles seldom (see `__main__`): the
        lines that tens of closed screens painted would wait in memory, and split it up for good.
        """
        self.set_timer(FREE_SECONDS, self._free_memory)

    def _free_memory(self) -> None:
        if time.monotonic() - self._typed_at < FREE_SECONDS:
            self.free_memory_soon()
        else:
            gc.collect()

    def open_batch(self, batch_id: str) -> None:
        """Go to a batch in the list, fetching it if need be."""
        while len(self.screen_stack) > 1:
            self.pop_screen()
        self.first_screen.fetch(batch_id)

    def next_theme(self) -> None:
        """Goes on to the next theme."""
        names = [theme.name for theme in THEMES]
        self.theme = names[(names.index(self.theme) + 1) % len(names)]

    @work(exclusive=True, group="profile")
    async def use_profile(self, name: str) -> None:
        """Close these screens, for `run` to open them again with another profile, if that can be used."""
        try:
            profile = await asyncio.to_thread(self.load_profile, name)
            await self.network.call(partial(check_key, profile))
        except (ConfigError, NotAuthorized) as error:
            here = self.workspace.profile.name
            self.tell(f"Still on {here}. Profile {name} cannot be used: {error}", failed=True)
            return
        except ApiError:
            pass  # offline: what is cached can be seen
        self.next_profile = profile
        self.exit()

    def tell(self, message: str, *, failed: bool = False) -> None:
        """A toast; the text may come from outside."""
        for oldest in list(self._notifications)[: 1 - TOASTS_MOST]:
            self._unnotify(oldest)
        self.notify(clean_text(redact(message)), severity="error" if failed else "information", markup=False)

    def action_repaint(self) -> None:
        """Send the whole screen again."""
        self.repaint()

    def action_leave(self) -> None:
        """Closes the app."""
        self.leave()

    def leave(self, error: ApiError | None = None) -> None:
        """Closes the app; after an error that kept it from the API, says so and exits as a command would."""
        code = 0
        if isinstance(error, NotAuthorized):
            code = NOT_AUTHORIZED
        elif isinstance(error, NotReachable):
            code = NOT_REACHABLE
        if code:
            self.last_words = clean_text(redact(f"batchtui: {error}"))
        self.exit(return_code=code)

    def _fatal_error(self) -> None:
        """Ends after a bug. Textual would print all local variables, answers and keys among them."""
        self.last_words = bug_report(sys.exception() or RuntimeError())
        self._close_messages_no_wait()


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
        profile: Where to call and as whom.
        cache_root: The cache folder.
        data_root: The folder of what was submitted.
        settings: How the screens behave.
        is_demo: Whether the API is the sandbox inside.
        mouse: Whether to take the mouse.
        profile_names: The profiles that may be gone over to.
        load: Loads another profile by its name, when the person asks for it.
        early: What the terminal shows already, if anything.
    """
    # While another thread works, keys wait for Python's lock: at most so long each time, instead of 5 ms.
    sys.setswitchinterval(SWITCH_SECONDS)
    # What is imported stays: a look for cycles need not go through it.
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
        if app.last_words:
            print(app.last_words, file=sys.stderr)  # noqa: T201 - the screens are gone
        if app.next_profile is None:
            return app.return_code or 0
        profile, early = app.next_profile, None
