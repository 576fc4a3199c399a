"""What both screens have in common: where things stand, and the keys that act everywhere."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import ClassVar, Self

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.geometry import Region
from textual.reactive import Reactive
from textual.screen import Screen
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Input

from batchtui.config.keys import Group, Key, keys_on
from batchtui.text import clean_text
from batchtui.tui.dialogs.help import Help
from batchtui.tui.dialogs.log import Log
from batchtui.tui.dialogs.palette import Palette
from batchtui.tui.format.layout import BREAKPOINTS, LOW_BREAKPOINTS, PANE_COLUMNS, PANE_ROWS, reached
from batchtui.tui.keys import bindings, read_only_refusal
from batchtui.tui.services.host import Host, host_of
from batchtui.tui.widgets.document import Document
from batchtui.tui.widgets.filter_bar import FilterBar
from batchtui.tui.widgets.key_bar import KeyBar
from batchtui.tui.widgets.line_table import LineTable
from batchtui.tui.widgets.panel import Panel, Room
from batchtui.tui.widgets.title_bar import TitleBar

REST_SECONDS = 0.08
"""Wait after a move before the pane follows: a key held down does not cost bytes at every row."""


class BaseScreen(Screen[None]):
    """A title line, a list with the opened row beside or below it, and a line of keys.

    Subclasses give the list and the pane, and answer the keys of their group.
    """

    BINDINGS: ClassVar[list[BindingType]] = bindings("everywhere")
    """The keys that act on every screen."""

    GROUP: ClassVar[Group]
    """The keys that are this screen's own."""

    FILTER_TERMS: ClassVar[Sequence[tuple[str, str]]] = ()
    """What its filter may hold, and what that finds; for the help."""

    HORIZONTAL_BREAKPOINTS = BREAKPOINTS
    """Beside each other, below each other, one at a time."""

    VERTICAL_BREAKPOINTS = LOW_BREAKPOINTS
    """Where there are few lines, nothing stands below the list."""

    DEFAULT_CSS = f"""
    BaseScreen {{
        & #body {{ height: 1fr; }}
        &.-wide #body {{ layout: horizontal; }}
        &.-medium #body, &.-narrow #body {{ layout: vertical; }}
        &.-wide #pane {{ width: {PANE_COLUMNS}; }}
        &.-medium #pane {{ height: {PANE_ROWS}; }}
        &.-narrow #pane, &.-medium.-low #pane {{ display: none; height: 1fr; }}
        &.-narrow.-reading #pane, &.-medium.-low.-reading #pane {{ display: block; }}
        &.-narrow.-reading #list, &.-medium.-low.-reading #list {{ display: none; }}
    }}
    """
    """The list takes the room there is; the pane what it needs."""

    focused: Reactive[Widget | None] = Reactive(None, repaint=False)
    """Textual's own repaints the whole screen whenever the focus moves; widgets repaint what changes."""

    def __init__(self, table: LineTable, pane: Widget, title: TitleBar, *, read_only: bool) -> None:
        self._is_beginning = True
        super().__init__()
        self.table = table
        self.title_bar = title
        self.list_panel = Panel(table, id="list")
        self.pane_panel = Panel(pane, id="pane")
        self.filter_bar = FilterBar(self.set_filter, lambda: self._go_to(self.table))
        self._read_only = read_only
        self._resting: Timer | None = None

    def compose(self) -> ComposeResult:
        """Title, list and pane, filter, keys."""
        # Textual finds the breakpoints only after the first paint, and would then paint everything again.
        width, height = self.app.size
        self.add_class(reached(BREAKPOINTS, width), reached(LOW_BREAKPOINTS, height))
        yield self.title_bar
        with Room(id="body"):
            yield self.list_panel
            yield self.pane_panel
        yield self.filter_bar
        yield self.key_bar

    def refresh(
        self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False
    ) -> Self:
        """Repaint; called by Textual also as a screen begins, right after that has been painted."""
        if self._is_beginning and self.is_mounted and not (regions or layout or recompose):
            self._is_beginning = False
            return self
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)

    def on_screen_suspend(self) -> None:
        """Hide the keys, which do not act now. When the screen resumes, all is painted again."""
        self._is_beginning = False
        self.key_bar.show_keys([])

    def on_screen_resume(self) -> None:
        """Show the keys again."""
        self._show_keys(self.focused)

    @cached_property
    def keys(self) -> list[Key]:
        """The keys that act here, for the key bar, the help and the palette."""
        return keys_on(self.GROUP, self._read_only, self.batchtui.settings.keys)

    @cached_property
    def key_bar(self) -> KeyBar:
        """The line of keys."""
        return KeyBar(self.bar_keys)

    @property
    def bar_keys(self) -> list[Key]:
        """The keys that the key bar may show."""
        return self.keys

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Show the keys that act where the focus is: letters are text while a filter is typed."""
        self._show_keys(event.widget)

    def _show_keys(self, focused: Widget | None) -> None:
        is_typing = focused is not None and self.filter_bar in focused.ancestors
        self.key_bar.show_keys(self._filter_keys if is_typing else self.bar_keys)

    @cached_property
    def _filter_keys(self) -> list[Key]:
        keys = keys_on("filter", keymap=self.batchtui.settings.keys)
        return [key for key in keys if key.group == "filter"]

    def refusal(self, action: str) -> str:
        """Return why an action cannot be done: in a read-only session, or with what is shown now."""
        refused = read_only_refusal(self.GROUP, action) if self._read_only else ""
        return refused or self.why_not(action)

    def why_not(self, action: str) -> str:
        """Why something cannot be done now, in one sentence; empty if it can.

        Args:
            action: The action of a key.
        """
        return ""

    def show_asleep(self) -> None:
        """Dims the keys that cannot act now."""
        self.key_bar.dim(lambda key: self.why_not(key.action))

    @property
    def batchtui(self) -> Host:
        """The app, as what it is."""
        return host_of(self.app)

    def run_key(self, key: Key) -> None:
        """Does what a key does, for the palette and for a click in the key bar."""
        if key.group == "filter":
            self.call_later(self.app.run_action, key.action, self.filter_bar)
        else:
            self.run_key_of(key.action)

    def run_key_of(self, action: str) -> None:
        """Does what the key of an action does."""
        self.call_later(self._run, action)

    async def _run(self, action: str) -> None:
        node = self if hasattr(self, f"action_{action}") else self.table
        await self.app.run_action(action, node)

    @property
    def is_settled(self) -> bool:
        """Whether what is shown now stays until a key is pressed or the server tells something."""
        raise NotImplementedError

    def show_current(self) -> None:
        """Shows the row under the cursor in the pane."""
        raise NotImplementedError

    def show_soon(self) -> None:
        """Shows the row under the cursor once the cursor rests."""
        if self._resting:
            self._resting.stop()
        self._resting = self.set_timer(REST_SECONDS, self.show_current)

    @on(KeyBar.Clicked)
    def _key_clicked(self, event: KeyBar.Clicked) -> None:
        self.run_key(event.key)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leaves out what could lose something, when read-only; called by Textual."""
        own = any(key.action == action for key in self.keys) or not hasattr(self, f"action_{action}")
        return own and super().check_action(action, parameters)

    # What opens something waits until it is there: the next key, typed already perhaps, is for it.

    async def action_help(self) -> None:
        """The keys of this screen."""
        await self.app.push_screen(Help(self.keys, self.FILTER_TERMS))

    async def action_log(self) -> None:
        """Every call to the API."""
        await self.app.push_screen(Log(self.batchtui.workspace.calls))

    def action_theme(self) -> None:
        """The next theme."""
        self.batchtui.next_theme()

    def action_repaint(self) -> None:
        """Send the whole screen again."""
        self.batchtui.repaint()

    def action_suspend(self) -> None:
        """Back to the shell, with the terminal as it was; `fg` returns."""
        self.app.action_suspend_process()

    async def action_command_palette(self) -> None:
        """Textual's palette, filled with our actions."""
        palette = Palette()
        await self.app.push_screen(palette)
        palette.query_one(Input).cursor_blink = False

    def action_focus_next(self) -> None:
        """To the other pane; where only one is shown, the other one takes its place."""
        self._go_to(self.reading_view if self.table.has_focus else self.table)

    def _go_to(self, view: Widget) -> None:
        self.set_class(view is not self.table, "-reading")
        self.set_focus(view)

    @property
    def reading_view(self) -> Widget:
        """What the focus goes to in the pane."""
        return self.query_one(Document)

    def action_filter(self) -> None:
        """Opens the filter."""
        self.filter_bar.open(self.filter_text)

    @property
    def filter_text(self) -> str:
        """The filter that holds now."""
        return ""

    def set_filter(self, text: str) -> None:
        """Shows only what matches."""
        raise NotImplementedError

    def action_back(self) -> None:
        """One level back: from the pane to the list, the filter, the screen, but never out of the app."""
        if self.has_class("-reading"):
            self._go_to(self.table)
        elif not self.step_back() and len(self.app.screen_stack) > 1:
            self.leave()

    def step_back(self) -> bool:
        """Takes the filter away; answers whether there was anything to take away."""
        was_filtered = bool(self.filter_text)
        if was_filtered:
            self.set_filter("")
        return was_filtered

    def leave(self) -> None:
        """Goes back to the screen before."""
        self.dismiss()

    @property
    def _is_reading_alone(self) -> bool:
        """Whether there is room for one pane only, and it is not the list."""
        is_alone = self.has_class("-narrow") or self.has_class("-medium", "-low")
        return self.has_class("-reading") and is_alone

    def action_quit(self) -> None:
        """Back, or out."""
        if self._is_reading_alone:
            self.action_focus_next()
        else:
            self.leave()

    def copy(self, text: str, what: str) -> None:
        """Puts text into the clipboard of the terminal, raw, and says so."""
        if self.batchtui.copy_raw(text):
            self.batchtui.tell(clean_text(f"Copied {what}."))
