"""Widgets get keys and pasted text as in any Textual app, and each key acts before the next one."""

from __future__ import annotations

from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Input, Select, TextArea

from batchtui.tui.terminal.typed_keys import OrderedKeysApp


class Listener(Widget, can_focus=True):
    """Notes what is typed, and stops the key a."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("b", "note('binding')")]

    def on_key(self, event: events.Key) -> None:
        note(self, f"key {event.character}")
        if event.key == "a":
            event.stop()

    def key_x(self) -> None:
        note(self, "key_x")

    @on(events.Paste)
    def note_paste(self, event: events.Paste) -> None:
        note(self, f"paste {event.text}")

    def action_note(self, text: str) -> None:
        note(self, text)


class Outer(Widget):
    """Around a listener."""

    def compose(self) -> ComposeResult:
        yield Listener()

    def on_key(self, event: events.Key) -> None:
        note(self, f"outer {event.character}")

    def on_paste(self) -> None:
        note(self, "outer paste")


class Dialog(ModalScreen[None]):
    """A dialog with a line of text."""

    def compose(self) -> ComposeResult:
        yield Input(select_on_focus=False)


class KeysApp(OrderedKeysApp[None]):
    """Widgets that want keys; ctrl+p goes before them, ctrl+o opens a dialog."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+p", "note('priority')", priority=True),
        Binding("b", "note('app')"),
        Binding("q", "note('app')"),
        Binding("ctrl+o", "open"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.notes: list[str] = []

    def compose(self) -> ComposeResult:
        yield Outer()
        yield TextArea()
        yield Select([("one", 1), ("two", 2)])

    def on_key(self, event: events.Key) -> None:
        self.notes.append(f"app {event.character}")

    def action_note(self, text: str) -> None:
        self.notes.append(text)

    async def action_open(self) -> None:
        await self.push_screen(Dialog())


def note(widget: Widget, text: str) -> None:
    app = widget.app
    assert isinstance(app, KeysApp)
    app.notes.append(text)


async def test_a_key_goes_from_the_focused_widget_to_its_ancestors_and_then_to_the_bindings() -> None:
    app = KeysApp()
    async with app.run_test() as pilot:
        app.query_one(Listener).focus()
        await pilot.press("b")
        assert app.notes == ["key b", "outer b", "app b", "binding"]
        app.notes.clear()
        await pilot.press("q")
        assert app.notes == ["key q", "outer q", "app q", "app"]


async def test_a_stopped_key_goes_no_further() -> None:
    app = KeysApp()
    async with app.run_test() as pilot:
        app.query_one(Listener).focus()
        await pilot.press("a", "b")
        assert app.notes[:2] == ["key a", "key b"]


async def test_a_priority_binding_goes_before_widgets() -> None:
    app = KeysApp()
    async with app.run_test() as pilot:
        app.query_one(Listener).focus()
        await pilot.press("ctrl+p")
        assert app.notes == ["priority"]


async def test_key_methods_are_called() -> None:
    app = KeysApp()
    async with app.run_test() as pilot:
        app.query_one(Listener).focus()
        await pilot.press("x")
        assert "key_x" in app.notes


async def test_pasted_text_goes_to_the_focused_widget_and_its_ancestors() -> None:
    app = KeysApp()
    async with app.run_test() as pilot:
        app.query_one(Listener).focus()
        app.post_message(events.Paste("text"))
        await pilot.pause()
        assert app.notes == ["paste text", "outer paste"]


async def test_a_text_area_and_a_select_work() -> None:
    app = KeysApp()
    async with app.run_test() as pilot:
        area, select = app.query_one(TextArea), app.query_one(Select)
        area.focus()
        await pilot.press("b", "enter", "q", "left", "ctrl+p")
        app.post_message(events.Paste("pasted "))
        await pilot.pause()
        assert area.text == "b\npasted q"
        select.focus()
        await pilot.press("enter", "down", "down", "enter")
        assert select.value == 2


async def test_keys_typed_ahead_act_on_what_the_keys_before_them_open() -> None:
    app = KeysApp()
    async with app.run_test() as pilot:
        app.query_one(Listener).focus()
        for key, character in (("ctrl+o", None), ("b", "b"), ("q", "q")):
            app.post_message(events.Key(key, character))
        app.post_message(events.Paste("!"))
        await pilot.pause()
        assert app.screen.query_one(Input).value == "bq!"
        assert [text for text in app.notes if "key" in text] == ["key None"]


async def test_early_keys_wait() -> None:
    app = KeysApp()
    async with app.run_test() as pilot:
        app.query_one(Listener).focus()
        app.hold_keys()
        await pilot.press("b", "q")
        held = list(app.notes)
        await app.handle_early_keys()
        assert held == []
        assert [text for text in app.notes if text.startswith("key")] == ["key b", "key q"]
