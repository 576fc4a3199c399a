"""The results screen as a person uses it, on a sandbox over real sockets."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from textual.pilot import Pilot
from textual.widgets import Input

from batchtui.config import Settings
from batchtui.results import Sort, State, View
from batchtui.sandbox import Embedded, SandboxOptions, embedded
from batchtui.tui.screens.exporting import objection_to
from batchtui.tui.screens.results import ResultsScreen
from batchtui.tui.services.search import Found
from batchtui.tui.widgets.batch_table import BatchTable
from batchtui.tui.widgets.document import Document
from batchtui.tui.widgets.json_tree import JsonTree
from batchtui.tui.widgets.result_table import ResultTable
from tests.tui.driving import QUICK, app_for, driven, paste, screen_text, until, until_shown

HOSTILE, SUPPORT, RESEARCH, FAILED, LARGE = 320, 5_000, 1_000, 10_000, 100_000
"""Recent ended batches of the sandbox, by their number of requests."""


@asynccontextmanager
async def results_of(
    sandbox: Embedded,
    folder: Path,
    requests: int,
    settings: Settings = QUICK,
    size: tuple[int, int] = (120, 40),
) -> AsyncIterator[tuple[Pilot[None], ResultsScreen]]:
    """The results screen of the newest ended batch of so many requests."""
    async with driven(app_for(sandbox, folder, settings=settings), size) as pilot:
        table = pilot.app.screen.query_one(BatchTable)
        await until_shown(pilot, "live")
        while table.current is None or not (
            table.current.is_ended and table.current.counts.total == requests
        ):
            await pilot.press("j")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, ResultsScreen))
        screen = pilot.app.screen
        assert isinstance(screen, ResultsScreen)
        await until(pilot, lambda: screen.query_one(ResultTable).row_count)
        yield pilot, screen


async def test_a_large_batch_is_read_only_as_far_as_needed(frozen_sandbox: Embedded, tmp_path: Path) -> None:
    async with results_of(frozen_sandbox, tmp_path, LARGE) as (pilot, screen):
        await until_shown(pilot, "more when you go on")
        table = screen.query_one(ResultTable)
        first_stop = table.row_count
        assert 100 < first_stop < 20_000
        while table.row_count == first_stop:
            await pilot.press("pagedown")


async def test_everything_is_saved_and_opens_without_the_server(tmp_path: Path) -> None:
    with embedded(SandboxOptions(speed=0)) as sandbox:
        async with results_of(sandbox, tmp_path, RESEARCH, Settings(results="whole")) as (pilot, _):
            await until_shown(pilot, "saved here")
    async with driven(app_for(sandbox, tmp_path)) as pilot:
        table = pilot.app.screen.query_one(BatchTable)
        await until_shown(pilot, "next try in")
        while table.current is None or table.current.counts.total != RESEARCH:
            await pilot.press("j")
        await pilot.press("enter")
        await until_shown(pilot, "saved here")
        await until(pilot, lambda: pilot.app.screen.query_one(ResultTable).row_count == RESEARCH)


async def test_outcomes_and_search(frozen_sandbox: Embedded, tmp_path: Path) -> None:
    async with results_of(frozen_sandbox, tmp_path, FAILED) as (pilot, screen):
        table = screen.query_one(ResultTable)
        await pilot.press("f", "f")
        await until(pilot, lambda: table.row_count == 6_589)
        await until_shown(pilot, "6,589 of 10,000")
        await pilot.press("slash")
        paste(pilot, "EVAL-09-")
        await pilot.press("enter")
        await until_shown(pilot, "/EVAL-09-")
        await until(pilot, lambda: 0 < table.row_count < 6_589)
        await until_shown(pilot, "what to do")
        await pilot.press("tab")
        await until(pilot, lambda: not table.has_focus)
        await pilot.press("escape")
        await until(pilot, lambda: table.has_focus)
        assert "/EVAL-09-" in screen_text(pilot)  # escape in the pane goes to the list before it clears
        await pilot.press("escape")
        await until(pilot, lambda: table.row_count == 6_589)
        await pilot.press("escape")
        await until(pilot, lambda: table.row_count == 10_000)
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(pilot.app.screen, ResultsScreen))


async def test_a_search_finds_what_is_said_and_lights_it(frozen_sandbox: Embedded, tmp_path: Path) -> None:
    async with results_of(frozen_sandbox, tmp_path, SUPPORT) as (pilot, screen):
        table = screen.query_one(ResultTable)
        document = screen.query_one(Document)
        await pilot.press("slash")
        paste(pilot, "MATTRESS")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(screen._rows, Found) and screen._rows.is_over)
        found = table.row_count
        assert 10 < found < SUPPORT
        await until(pilot, lambda: "mattress" in " ".join(document.lines).lower())
        table.action_cursor_down()
        screen.action_next_match()  # before the pane has followed
        assert screen._pane.row == table.current
        await pilot.press("n", "n", "n")
        assert table.cursor_row
        await until(pilot, lambda: "mattress" in " ".join(document.lines).lower())
        await pilot.press("N", "N", "N")
        await pilot.press("slash", "ctrl+u")
        paste(pilot, "re:mattres+\\b")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(screen._rows, Found) and screen._rows.is_over)
        assert 0 < table.row_count <= found
        await pilot.press("slash")
        paste(pilot, "(")
        await pilot.press("enter")
        await until_shown(pilot, "is not a regular expression")
        await pilot.press("slash", "ctrl+u")
        paste(pilot, "re:mattres+")
        await pilot.press("enter")
        await until(pilot, lambda: "is not a regular expression" not in screen_text(pilot))


async def test_a_click_on_a_tab_selects_it(frozen_sandbox: Embedded, tmp_path: Path) -> None:
    async with results_of(frozen_sandbox, tmp_path, RESEARCH) as (pilot, _):
        await until_shown(pilot, "stopped: ")
        for tab, shown in (("Usage", "input tokens"), ("JSON", "custom_id"), ("Reply", "stopped: ")):
            title = screen_text(pilot).splitlines()[1]
            assert await pilot.click(offset=(title.rindex(tab), 1))
            await until_shown(pilot, shown)


async def test_keys_that_cannot_act_say_why(frozen_sandbox: Embedded, tmp_path: Path) -> None:
    async with results_of(frozen_sandbox, tmp_path, RESEARCH, Settings(results="whole")) as (pilot, _):
        await until_shown(pilot, "saved here")
        for key, why in (
            ("n", "Nothing is searched for"),
            ("P", "Nothing is being fetched"),
            ("r", "Nothing has failed that could be tried again"),
        ):
            await pilot.press(key)
            await until_shown(pilot, why)
        await pilot.press("slash")
        paste(pilot, "[nowhere to be found]")
        await pilot.press("enter")
        await until_shown(pilot, "0 of 1,000")
        await pilot.press("w")
        await until_shown(pilot, "There is no result here that could be written.")


async def test_like_errors_come_together(frozen_sandbox: Embedded, tmp_path: Path) -> None:
    async with results_of(frozen_sandbox, tmp_path, FAILED, Settings(results="whole")) as (pilot, screen):
        await until_shown(pilot, "saved here")
        await pilot.press("e")
        await until_shown(pilot, "6,589 requests failed · enter: show")
        await until_shown(pilot, "prompt is too long: # tokens > # maximum")
        await until_shown(pilot, "fix and resubmit")
        await pilot.press("j", "enter")
        await until_shown(pilot, "errored  invalid_request")
        assert 0 < screen.query_one(ResultTable).row_count < 6_589


async def test_sort(frozen_sandbox: Embedded, tmp_path: Path) -> None:
    async with results_of(frozen_sandbox, tmp_path, RESEARCH, Settings(results="whole")) as (pilot, screen):
        table = screen.query_one(ResultTable)
        await until_shown(pilot, "saved here")
        await pilot.press("s")
        await until_shown(pilot, "tokens out")
        await pilot.press(*"jjjjj", "enter")
        await until_shown(pilot, "by tokens out")
        assert table.current is not None
        largest = table.current.output_tokens
        await pilot.press("G")
        assert table.current.output_tokens <= largest
        await pilot.press("s", "enter")
        await until(pilot, lambda: table.current and table.current.output_tokens < largest)


async def test_escape_clears_the_filter_and_keeps_the_sort(frozen_sandbox: Embedded, tmp_path: Path) -> None:
    async with results_of(frozen_sandbox, tmp_path, RESEARCH, Settings(results="whole")) as (pilot, screen):
        table = screen.query_one(ResultTable)
        await until_shown(pilot, "saved here")
        await pilot.press("s", *"jjjjj", "enter", "f")
        await until(pilot, lambda: table.row_count < RESEARCH)
        await pilot.press("escape")
        await until(pilot, lambda: table.row_count == RESEARCH)
        await until_shown(pilot, " by tokens out")
        tokens = [table._at(row)[0].output_tokens for row in range(RESEARCH)]
        assert tokens == sorted(tokens, reverse=True)
        await pilot.press("escape")
        await until(pilot, lambda: screen is not pilot.app.screen)


async def test_search_results_are_sorted(frozen_sandbox: Embedded, tmp_path: Path) -> None:
    async with results_of(frozen_sandbox, tmp_path, RESEARCH, Settings(results="whole")) as (pilot, screen):
        table = screen.query_one(ResultTable)
        await until_shown(pilot, "saved here")
        await pilot.press("s", *"jjjjj", "enter", "slash")
        paste(pilot, "the")
        await pilot.press("enter")
        await until_shown(pilot, " by tokens out  /the ")

        def tokens() -> list[int]:
            return [table._at(row)[0].output_tokens for row in range(table.row_count)]

        await until(pilot, lambda: len(tokens()) > 1 and tokens() == sorted(tokens(), reverse=True))
        found = screen._rows
        await pilot.press("s", "enter")
        await until(pilot, lambda: tokens() == sorted(tokens()))
        assert screen._rows is found  # not searched again


async def test_title_says_sorting_until_the_rows_are_sorted(frozen_sandbox: Embedded, tmp_path: Path) -> None:
    async with results_of(frozen_sandbox, tmp_path, RESEARCH, Settings(results="whole")) as (pilot, screen):
        await until_shown(pilot, "saved here")
        screen._sort_by(5)
        assert "sorting by tokens out…" in screen_text(pilot)
        await until_shown(pilot, " by tokens out ")
        assert "sorting" not in screen_text(pilot)


async def test_a_search_says_how_far_it_is(frozen_sandbox: Embedded, tmp_path: Path) -> None:
    async with results_of(frozen_sandbox, tmp_path, RESEARCH, Settings(results="whole")) as (pilot, screen):
        await until_shown(pilot, "saved here")
        screen.set_filter("[nowhere to be found]")
        assert screen.table.placeholder == "Searching… 0 of 1,000 results"
        await until_shown(pilot, "No matches")


async def test_what_is_marked_is_written(frozen_sandbox: Embedded, tmp_path: Path) -> None:
    async with results_of(frozen_sandbox, tmp_path, RESEARCH, Settings(results="whole")) as (pilot, screen):
        await until_shown(pilot, "saved here")
        await pilot.press("j", "space", "j", "space", "w")
        await until_shown(pilot, "Write 2 results (2 marked)")
        path = tmp_path / "two.jsonl"
        field = pilot.app.screen.query_one(Input)
        field.value = str(tmp_path / "two.txt")
        await pilot.press("enter")
        await until_shown(pilot, "The name must end in")
        field.value = str(path)
        await pilot.press("enter")
        await until_shown(pilot, "2 results written")
        results = screen._results
        assert path.read_bytes().split(b"\n")[:2] == [results.raw(results.row(n)) for n in (1, 3)]
        await pilot.press("w")
        pilot.app.screen.query_one(Input).value = str(path)
        await pilot.press("enter")
        await until_shown(pilot, "exists already")


async def test_a_running_export_is_shown_and_not_started_twice(
    sandbox_with: Callable[..., Embedded], tmp_path: Path
) -> None:
    slow = sandbox_with(speed=0, faults=("slow-results:500000",))
    async with results_of(slow, tmp_path, SUPPORT, Settings(results="whole")) as (pilot, screen):
        path = tmp_path / "all.csv"

        async def export() -> None:
            await pilot.press("w")
            pilot.app.screen.query_one(Input).value = str(path)
            await pilot.press("enter")

        await export()
        await until_shown(pilot, "Exporting to")
        await export()
        await until_shown(pilot, "An export to this file is running.")
        await pilot.press("escape", "q")
        await until_shown(pilot, "Still exporting to all.csv.")
        assert pilot.app.screen is screen
        await pilot.press("q")
        await until_shown(pilot, "No file was written.")
        assert pilot.app.screen is not screen
        assert not path.exists()


async def test_the_ways_to_show_a_result(frozen_sandbox: Embedded, tmp_path: Path) -> None:
    async with results_of(frozen_sandbox, tmp_path, RESEARCH) as (pilot, screen):
        document, tree = screen.query_one(Document), screen.query_one(JsonTree)
        await until(pilot, lambda: "claude-" in " ".join(document.lines))
        await pilot.press("right")
        await until_shown(pilot, "enter folds and unfolds")
        rows = tree.row_count
        await pilot.press("tab", "j", "enter")
        await until(pilot, lambda: tree.row_count < rows)
        folded = tree.row_count
        await pilot.press("enter")
        await until(pilot, lambda: tree.row_count > folded)
        await pilot.press("right")
        await until(pilot, lambda: document.lines and document.lines[0].strip().startswith('{"custom_id"'))
        await pilot.press("right")
        await until(pilot, lambda: any("output tokens" in line for line in document.lines))
        await pilot.press("right")
        await until(pilot, lambda: "claude-" in " ".join(document.lines))


async def test_thinking_unfolds(frozen_sandbox: Embedded, tmp_path: Path) -> None:
    async with results_of(frozen_sandbox, tmp_path, RESEARCH) as (pilot, screen):
        document = screen.query_one(Document)
        while not any("▸ thinking" in line for line in document.lines):
            await pilot.press("right_square_bracket")
            screen.show_current()
        folded = len(document.lines)
        await pilot.press("z")
        await until(pilot, lambda: len(document.lines) > folded)


async def test_copies_are_raw(frozen_sandbox: Embedded, tmp_path: Path) -> None:
    async with results_of(frozen_sandbox, tmp_path, HOSTILE) as (pilot, screen):
        table, results = screen.query_one(ResultTable), screen._results
        assert table.current is not None
        await pilot.press("y")
        assert pilot.app.clipboard == table.current.custom_id
        await pilot.press("Y")
        assert pilot.app.clipboard.encode() == results.raw(table.current)
        await pilot.press("ctrl+y")
        assert pilot.app.clipboard == results.open(table.current).reply


async def test_the_end_is_followed_until_the_cursor_leaves_it(
    sandbox_with: Callable[..., Embedded], tmp_path: Path
) -> None:
    slow = sandbox_with(speed=0, faults=("slow-results:500000",))
    async with results_of(slow, tmp_path, SUPPORT, Settings(results="whole")) as (pilot, screen):
        table, pane = screen.query_one(ResultTable), screen._pane

        async def more_rows() -> None:
            before = table.row_count
            await until(pilot, lambda: table.row_count > before)

        await pilot.press("G")
        first = pane.row
        await more_rows()
        assert table.is_at_end
        await until(pilot, lambda: pane.row != first)  # although the cursor never rests
        await pilot.press("k")
        left = table.cursor_row
        await more_rows()
        assert table.cursor_row == left
        await pilot.press("G", "g")
        await more_rows()
        assert table.cursor_row == 0
        await until(pilot, lambda: pane.row == table.current)
        assert not screen._fetcher.progress.is_final


async def test_the_end_is_reached(frozen_sandbox: Embedded, tmp_path: Path) -> None:
    async with results_of(frozen_sandbox, tmp_path, SUPPORT) as (pilot, screen):
        table = screen.query_one(ResultTable)
        await pilot.press("G")
        await until(pilot, lambda: table.cursor_row == SUPPORT - 1)


async def test_pause(sandbox_with: Callable[..., Embedded], tmp_path: Path) -> None:
    slow = sandbox_with(speed=0, faults=("slow-results:3000000",))
    async with results_of(slow, tmp_path, SUPPORT, Settings(results="whole")) as (pilot, screen):
        await pilot.press("P")
        await until(pilot, lambda: screen._fetcher.progress.state is State.PAUSED)
        await pilot.press("P")
        await until(pilot, lambda: screen._fetcher.progress.state is State.READING)


async def test_a_short_body_is_incomplete_and_may_be_tried_again(
    sandbox_with: Callable[..., Embedded], tmp_path: Path
) -> None:
    short = sandbox_with(speed=0, faults=("short:200000", "no-range"))
    async with results_of(short, tmp_path, RESEARCH, Settings(results="whole")) as (pilot, screen):
        await until_shown(pilot, "incomplete")
        await until_shown(pilot, "Press r")
        before = screen._fetch
        await pilot.press("r")
        await until(pilot, lambda: screen._fetch is not before)


async def test_next_and_previous_without_going_back(frozen_sandbox: Embedded, tmp_path: Path) -> None:
    async with results_of(frozen_sandbox, tmp_path, RESEARCH) as (pilot, screen):
        table = screen.query_one(ResultTable)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(screen.focused, Document))
        await pilot.press("right_square_bracket", "right_square_bracket", "left_square_bracket")
        assert table.cursor_row == 1
        assert table.current is not None
        await until_shown(pilot, f"{table.current.custom_id}  Reply")


async def test_answers_that_attack_the_terminal_are_only_shown(
    frozen_sandbox: Embedded, tmp_path: Path
) -> None:
    async with results_of(frozen_sandbox, tmp_path, HOSTILE) as (pilot, screen):
        table = screen.query_one(ResultTable)
        await until(pilot, lambda: table.row_count == HOSTILE)
        for _ in range(40):
            await pilot.press("j")
            screen.show_current()
            await pilot.pause()
            assert all(line.isprintable() for line in screen_text(pilot).splitlines())
        assert isinstance(pilot.app.screen, ResultsScreen)


async def test_a_batch_without_results_says_why(frozen_sandbox: Embedded, tmp_path: Path) -> None:
    async with driven(app_for(frozen_sandbox, tmp_path)) as pilot:
        await until_shown(pilot, "live")
        await pilot.press("enter")
        await until_shown(pilot, "is still running")


async def test_leaving_in_the_middle_of_a_download(tmp_path: Path) -> None:
    with embedded(SandboxOptions(speed=0, faults=("slow-results:2000000",))) as sandbox:
        whole = Settings(results="whole")
        async with results_of(sandbox, tmp_path, SUPPORT, whole) as (pilot, screen):
            assert screen._fetcher.progress.state is not State.COMPLETE
            await pilot.press("q", "q")
        async with results_of(sandbox, tmp_path, SUPPORT, whole) as (_, screen):
            assert screen.query_one(ResultTable).row_count > 0


async def test_decay_of_saved_results_is_found_and_put_right_in_the_background(
    frozen_sandbox: Embedded, tmp_path: Path
) -> None:
    whole = Settings(results="whole")
    async with results_of(frozen_sandbox, tmp_path, RESEARCH, whole) as (pilot, screen):
        await until(pilot, lambda: screen._fetcher.progress.state is State.COMPLETE)
        files = screen._fetcher.files
    sound, before = files.complete.read_bytes(), files.complete.stat()
    files.complete.write_bytes(sound.replace(b"the", b"THE"))
    os.utime(files.complete, ns=(before.st_atime_ns, before.st_mtime_ns))
    os.utime(files.seal, (0, 0))
    async with results_of(frozen_sandbox, tmp_path, RESEARCH, whole) as (pilot, screen):
        await until(pilot, files.damaged)
        await until_shown(pilot, "are damaged")
        await until(pilot, lambda: screen._fetcher.progress.state is State.COMPLETE)
        assert screen.query_one(ResultTable).row_count == RESEARCH
    assert files.complete.read_bytes() == sound
    assert len(files.damaged()) == 1


async def test_a_name_that_is_no_file_is_objected_to(tmp_path: Path) -> None:
    assert objection_to("") == "Give a name, or leave with esc."
    assert "must end in" in objection_to("a.txt")
    assert "no folder" in objection_to(str(tmp_path / "absent" / "a.csv"))
    assert "cannot be" in objection_to("~nobody-of-this-name/a.csv")
    assert "cannot be" in objection_to("x" * 300 + ".csv")
    assert objection_to(str(tmp_path / "a.csv")) == ""


async def test_marks_of_a_sorted_list_are_what_is_shown(
    sandbox_with: Callable[..., Embedded], tmp_path: Path
) -> None:
    slow = sandbox_with(speed=0, faults=("slow-results:3000000",))
    async with results_of(slow, tmp_path, SUPPORT, Settings(results="whole")) as (pilot, screen):
        table = screen.query_one(ResultTable)
        await pilot.press("P", "s", *"jjjjjj", "enter")
        await until_shown(pilot, "by length")
        await until(pilot, lambda: isinstance(screen._rows, View) and screen._rows.query.sort is Sort.LENGTH)
        first = table.row_count
        await pilot.press("P")
        await until(pilot, lambda: table.row_count > first)
        for row in range(0, table.row_count, 97):
            assert table.row_key(row) == table._at(row)[0].n
        assert table._view is not None
        await until(pilot, lambda: screen._fetcher.progress.is_final)
        await until(pilot, lambda: table.row_count == SUPPORT)
        lengths = [table._at(row)[0].length for row in range(0, SUPPORT, 50)]
        assert lengths == sorted(lengths, reverse=True)
