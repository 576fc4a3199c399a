"""The question before something is lost: nothing but moving to Yes and pressing it says Yes."""

from __future__ import annotations

import pytest
from textual.app import App
from textual.widgets import Static

from batchtui.tui.dialogs.choice import Choice
from batchtui.tui.dialogs.confirm import Confirm
from tests.tui.widgets.hostile import HOSTILE, is_safe


class AskingApp(App[None]):
    """Asks at once, and keeps the answers."""

    def __init__(self, dialog: Confirm) -> None:
        super().__init__()
        self.dialog = dialog
        self.answers: list[bool | None] = []

    def on_mount(self) -> None:
        self.push_screen(self.dialog, self.answers.append)


def delete(number: int | None = None) -> Confirm:
    return Confirm("Delete 12 batches?", ["Their results will be gone."], "Delete 12", number)


async def answers_to(*keys: str, number: int | None = None) -> list[bool | None]:
    """What the dialog answers to some keys."""
    app = AskingApp(delete(number))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press(*keys)
        await pilot.pause()
        return app.answers


@pytest.mark.parametrize(
    "keys", [["enter"], ["n"], ["escape"], ["right", "left", "enter"], ["tab", "tab", "enter"]]
)
async def test_no(keys: list[str]) -> None:
    assert await answers_to(*keys) == [False]


@pytest.mark.parametrize("keys", [["right", "enter"], ["tab", "enter"], ["left", "enter"]])
async def test_yes(keys: list[str]) -> None:
    assert await answers_to(*keys) == [True]


@pytest.mark.parametrize("keys", [["y"], ["d"], ["D"], ["space"], ["q"], ["right"], ["1", "2"]])
async def test_a_key_alone_answers_nothing(keys: list[str]) -> None:
    assert await answers_to(*keys) == []


@pytest.mark.parametrize(
    ("keys", "answer"),
    [
        (["right", "left", "enter"], False),
        (["1", "right", "tab", "enter"], False),
        (["1", "2", "enter"], False),
        (["right", "enter", "1", "2", "right", "enter"], True),
        (["1", "2", "right", "enter"], True),
        (["1", "3", "backspace", "2", "right", "enter"], True),
    ],
)
async def test_yes_wants_the_number_typed(keys: list[str], answer: bool) -> None:
    assert await answers_to(*keys, number=12) == [answer]


@pytest.mark.parametrize(
    "keys", [["right", "enter"], ["1", "2", "3", "right", "enter"], ["1", "2", "right", "3", "enter"]]
)
async def test_enter_on_yes_without_the_number_keeps_the_question_open(keys: list[str]) -> None:
    assert await answers_to(*keys, number=12) == []


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (["1"], "Type 12 to confirm: 1▏"),
        (["4"], "Type 12 to confirm: 4▏  not 12"),
        (["1", "2", "3"], "Type 12 to confirm: 123▏  not 12"),
        (["right"], "Type 12 to confirm: ▏  type 12 first"),
        (["1", "tab"], "Type 12 to confirm: 1▏  not 12"),
        (["1", "2"], "Type 12 to confirm: 12▏  press → and enter"),
    ],
)
async def test_a_number_that_is_wrong_or_missing_says_why_not(keys: list[str], said: str) -> None:
    app = AskingApp(delete(12))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press(*keys)
        await pilot.pause()
        assert app.dialog.query_one("#typed", Static).render_line(0).text.rstrip() == said


async def test_buttons_are_clicked() -> None:
    app = AskingApp(delete())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.click("#yes")
        await pilot.pause()
    assert app.answers == [True]


async def test_a_button_asleep_is_not_clicked() -> None:
    app = AskingApp(delete(12))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.click("#yes")
        await pilot.click("#no")
        await pilot.pause()
    assert app.answers == [False]


async def test_the_pointer_is_on_no_without_color_too() -> None:
    app = AskingApp(delete())
    async with app.run_test(size=(80, 24)):
        assert [choice.line(0).text.rstrip() for choice in app.dialog.query(Choice)] == [
            "▸[ No ]",
            " [ Delete 12 ]",
        ]


async def test_it_fits_a_small_terminal() -> None:
    app = AskingApp(Confirm("Delete 12 batches?", ["A long consequence. " * 9] * 3, "Delete 12", 12))
    async with app.run_test(size=(40, 10)):
        box = app.screen.query_one(".box").region
        assert app.size.region.contains_region(box)
        assert all(box.contains_region(widget.region) for widget in app.dialog.query("Choice, #typed"))


async def test_hostile_texts_are_only_shown() -> None:
    app = AskingApp(Confirm("".join(HOSTILE), HOSTILE, HOSTILE[1] + HOSTILE[2]))
    async with app.run_test(size=(80, 60)):
        shown = app.dialog.query(Static)
        lines = [static.render_line(y).text for static in shown for y in range(static.size.height)]
        assert len(lines) > len(HOSTILE)
        assert is_safe([*lines, *(choice.line(0).text for choice in app.dialog.query(Choice))])


async def test_words_typed_ahead_never_say_yes() -> None:
    assert await answers_to(*"all heels", "enter") == [False]
