"""Every private name of Textual that batchtui uses, and how it does without each of them.

Private names change without notice. Each is checked when this module is imported, and one that is missing or
has changed shape turns off only what needs it: the app still starts, and every key still works. No other
module uses a private name of Textual or Rich.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, TextIO

from textual.app import App, ReturnType
from textual.command import Command, CommandList, CommandPalette
from textual.driver import Driver
from textual.drivers import linux_driver
from textual.geometry import Region
from textual.strip import Strip

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console, RenderableType
    from textual.message import Message
    from textual.screen import Screen


class PrivateName(NamedTuple):
    """A private name of Textual."""

    name: str
    """The identifier, as it is written in Textual's source."""
    purpose: str
    without: str
    """What happens when it is missing or has changed shape."""


PRIVATE_NAMES = (
    PrivateName("_display", "App: replace the text of a frame by what the painter sends", "Textual draws"),
    PrivateName("_compositor", "module: the two classes of frames", "Textual draws"),
    PrivateName("LayoutUpdate", "a frame of the whole screen: strips, region", "Textual draws"),
    PrivateName("ChopsUpdate", "a frame of some pieces: spans, chops, chop_ends", "Textual draws"),
    PrivateName("render_segments", "where Textual asks a frame for its text", "Textual draws"),
    PrivateName("_file", "LinuxDriver: write to stdout", "the screens go to stderr, and `2>log` hides them"),
    PrivateName("XTermParser", "read escape and a key in one piece as two keys", "they are read as alt+key"),
    PrivateName("_styles_cache", "module: the cache of painted lines", "closed screens keep 3 MB of memory"),
    PrivateName("StylesCache", "its class", "closed screens keep 3 MB of memory"),
    PrivateName("get_inner_outer", "its cached method", "closed screens keep 3 MB of memory"),
    PrivateName("_refresh_command_list", "CommandPalette: close it while it searches", "a bug ends the app"),
    PrivateName("_fatal_error", "App: report a bug in one line", "the line does not say where the bug is"),
)
"""Textual draws: more bytes are sent, which is slower over SSH."""

Piece = tuple[int, int, Strip]
"""A piece of a line of the screen: line, first column, text."""


def _find(module: str, name: str) -> Any:  # noqa: ANN401 - private, so of any type
    """Return a name of a module, or None if either is missing."""
    try:
        return getattr(importlib.import_module(module), name, None)
    except ImportError:
        return None


def _takes(function: object, *names: str) -> bool:
    """Return whether a function exists and its parameters have these names."""
    return callable(function) and tuple(inspect.signature(function).parameters) == names


# Frames

_LayoutUpdate: Any = _find("textual._compositor", "LayoutUpdate")
_ChopsUpdate: Any = _find("textual._compositor", "ChopsUpdate")


def _can_read_frames() -> bool:
    """Return whether `_pieces` understands the two classes of frames."""
    try:
        layout, chops = _LayoutUpdate([], Region()), _ChopsUpdate([], [], [])
    except TypeError:
        return False
    has_parts = all(hasattr(layout, part) for part in ("strips", "region")) and all(
        hasattr(chops, part) for part in ("spans", "chops", "chop_ends")
    )
    return has_parts and _takes(getattr(_LayoutUpdate, "render_segments", None), "self", "console")


PAINTS = _takes(getattr(App, "_display", None), "self", "screen", "renderable") and _can_read_frames()
"""Whether frames can be taken from Textual."""


def _pieces(update: Any) -> Iterator[Piece]:  # noqa: ANN401 - a class that may be missing
    """Yield the pieces of a frame."""
    if isinstance(update, _LayoutUpdate):
        for y, strips in enumerate(update.strips, update.region.y):
            yield y, update.region.x, Strip.join(strips)
    else:
        for y, left, right in update.spans:
            for end, (x, piece) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
                start, stop = max(x, left), min(end, right)
                if piece is not None and start < stop:
                    yield y, start, piece.crop(start - x, stop - x)


if PAINTS:

    class _PaintedFrame(_LayoutUpdate):  # type: ignore[misc]  # of any type
        """A frame whose text is already rendered."""

        def __init__(self, text: str) -> None:
            super().__init__([], Region())
            self._text = text
            self.is_sent = False

        def render_segments(self, console: Console) -> str:
            self.is_sent = True
            return self._text


class PrivateApp(App[ReturnType]):
    """An app with overridable hooks where Textual has private ones."""

    def render_frame(self, screen: Screen[object], pieces: Iterable[Piece]) -> str:
        """Return the text that brings the terminal up to date, empty if it is."""
        raise NotImplementedError

    def forget_frames(self) -> None:
        """Assume nothing of what the terminal shows: the last frame was not sent."""
        raise NotImplementedError

    if PAINTS:

        def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
            if self.is_headless or not isinstance(renderable, (_LayoutUpdate, _ChopsUpdate)):
                super()._display(screen, renderable)
            elif text := self.render_frame(screen, _pieces(renderable)):
                frame = _PaintedFrame(text)
                super()._display(screen, frame)
                if not frame.is_sent:  # in a batch of updates, or Textual draws in another way
                    self.forget_frames()
                    super()._display(screen, renderable)
            else:
                self.post_display_hook()

    if _takes(getattr(App, "_fatal_error", None), "self"):

        def _fatal_error(self) -> None:
            self.panic()


class PrivatePalette(CommandPalette):
    """A command palette that may be closed while commands are being found."""

    if _takes(
        getattr(CommandPalette, "_refresh_command_list", None),
        *("self", "command_list", "commands", "clear_current"),
    ):

        def _refresh_command_list(
            self, command_list: CommandList, commands: list[Command], clear_current: bool
        ) -> None:
            if self.is_attached and self.query(CommandList):  # else it is closed
                super()._refresh_command_list(command_list, commands, clear_current)


# The driver

_XTermParser: Any = getattr(linux_driver, "XTermParser", None)


def send_to(file: TextIO | None, driver: Driver) -> None:
    """Have a driver write to a file instead of stderr. Without `_file`, nothing changes."""
    driver._file = file  # type: ignore[attr-defined]


def preprocess_input(change: Callable[[str], str]) -> None:
    """Change what new drivers read before it is parsed; a driver has no other way to be given a parser.

    Args:
        change: Gets the text that was read, and returns what to parse.
    """
    if not _takes(getattr(_XTermParser, "feed", None), "self", "data"):
        return

    class Parser(_XTermParser):  # type: ignore[misc]  # of any type
        def feed(self, data: str) -> Iterable[Message]:
            messages: Iterable[Message] = super().feed(change(data))
            return messages

    linux_driver.XTermParser = Parser  # type: ignore[attr-defined]


# Memory


def release_closed_widgets() -> None:
    """Have Textual remember backgrounds for all widgets together instead of for each one.

    `StylesCache.get_inner_outer` depends on two colors only, but is a plain method behind an `lru_cache`. So
    that cache keeps the `StylesCache` of the last 1,024 widgets alive, with all the lines that they painted:
    3.4 MB were measured for each screen of results that was opened and closed.
    """
    cache = _find("textual._styles_cache", "StylesCache")
    method = inspect.getattr_static(cache, "get_inner_outer", None)
    compute = getattr(method, "__wrapped__", None)
    if compute and not isinstance(method, classmethod):
        shared: Any = lru_cache(1024)(compute)
        cache.get_inner_outer = classmethod(shared)
