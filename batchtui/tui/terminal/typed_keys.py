"""Keys and pasted text, handled one after the other.

Textual sends a key through the queues of the focused widget and its ancestors, and handles the next one
meanwhile. Keys typed ahead, as on a slow line, would act on what was there before a dialog opened.
"""

from __future__ import annotations

import time
from typing import Self

from textual import events
from textual.app import ReturnType
from textual.message import Message

from batchtui.tui.terminal.painted_app import PaintedApp


class _Passed(Message):
    """An event that `OrderedKeysApp` itself passes from the focused widget to its ancestors."""

    is_stopped = False

    @property
    def is_forwarded(self) -> bool:
        """Have the app treat it as an event that no widget stopped."""
        return True

    def stop(self, stop: bool = True) -> Self:
        """Keep it from the ancestors and the bindings."""
        self.is_stopped = stop
        super().stop(stop)
        return self


class Key(_Passed, events.Key, bubble=False):
    """A key. Widgets receive it in `on_key`."""


class Paste(_Passed, events.Paste, bubble=False):
    """Pasted text. Widgets receive it in `on_paste`."""


class PriorityKey(events.Key, no_dispatch=True):
    """A key for the priority bindings only: widgets ignore it."""


class OrderedKeysApp(PaintedApp[ReturnType]):
    """An app in which a key acts before the next one is looked at."""

    _early: list[events.Key | events.Paste] | None = None
    """What was typed before `handle_early_keys`; None after it."""
    typed_at = 0.0
    """Monotonic time of the last key."""

    async def on_event(self, event: events.Event) -> None:
        """Handle keys and pasted text; called by Textual for every event."""
        if not isinstance(event, (events.Key, events.Paste)) or event.is_forwarded:
            await super().on_event(event)
        elif self._early is not None:
            self._early.append(event)
        else:
            await self._handle(event)

    def hold_keys(self) -> None:
        """Keep what is typed until `handle_early_keys`."""
        self._early = []

    async def handle_early_keys(self) -> None:
        """Handle what was typed before the first screen was ready."""
        early, self._early = self._early or [], None
        for event in early:
            await self._handle(event)

    async def _handle(self, event: events.Key | events.Paste) -> None:
        """Pass a key to the priority bindings, the focused widget, its ancestors, and the other bindings.

        That is the order of Textual.
        """
        self.typed_at = time.monotonic()
        if isinstance(event, events.Paste):
            typed: Key | Paste = Paste(event.text)
        else:
            priority_key = PriorityKey(event.key, event.character)
            await super().on_event(priority_key)
            if not priority_key.is_forwarded:
                return
            typed = Key(event.key, event.character)
        for node in (self.focused or self.screen).ancestors_with_self:
            typed.prevent_default(False)
            await node.on_event(typed)
            if typed.is_stopped:
                return
