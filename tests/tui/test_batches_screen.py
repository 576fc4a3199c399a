"""The first screen as a person uses it, on a sandbox over real sockets."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path

import anthropic
import pytest
from textual.command import CommandList, CommandPalette
from textual.pilot import Pilot

from batchtui.api import Call
from batchtui.config import ConfigError, Credentials, Profile, Secret, Settings
from batchtui.sandbox import Embedded, SandboxOptions, embedded
from batchtui.tui.app import BatchtuiApp
from batchtui.tui.dialogs.choose import ChoiceTable
from batchtui.tui.dialogs.confirm import Confirm
from batchtui.tui.dialogs.groups import Groups
from batchtui.tui.dialogs.log import Log
from batchtui.tui.screens.results import ResultsScreen
from batchtui.tui.widgets.batch_table import BatchTable
from batchtui.tui.widgets.key_bar import KeyBar
from batchtui.workspace import Workspace
from tests.tui.driving import QUICK, app_for, driven, paste, screen_text, until, until_shown

ASK: anthropic.types.MessageParam = {"role": "user", "content": "Hi"}

PARAMS = {
    "model": "claude-haiku-4-5-20251001",
    "max_tokens": 9,
    "messages": [{"role": "user", "content": "Hi"}],
}
Factory = Callable[..., Embedded]


@pytest.fixture
def own(sandbox_with: Factory) -> Embedded:
    """A sandbox that no other test changes, in which time stands still."""
    return sandbox_with(speed=1e-6)


def submit(sandbox: Embedded, requests: int = 2) -> str:
    with anthropic.Anthropic(api_key=sandbox.api_key, base_url=sandbox.base_url) as sdk:
        wanted = [{"custom_id": f"r{n}", "params": PARAMS} for n in range(requests)]
        return sdk.messages.batches.create(requests=wanted).id  # type: ignore[arg-type]


def status_on_server(sandbox: Embedded, batch_id: str) -> str:
    with anthropic.Anthropic(api_key=sandbox.api_key, base_url=sandbox.base_url) as sdk:
        return sdk.messages.batches.retrieve(batch_id).processing_status


async def test_a_new_batch_arrives_without_a_key_press(own: Embedded, tmp_path: Path) -> None:
    async with driven(app_for(own, tmp_path)) as pilot:
        await until_shown(pilot, "live")
        batch_id = submit(own)
        await until_shown(pilot, batch_id[-14:])


async def test_counts_move_by_themselves(sandbox_with: Factory, tmp_path: Path) -> None:
    sandbox = sandbox_with(speed=10.0)
    async with driven(app_for(sandbox, tmp_path)) as pilot:
        await until_shown(pilot, "live")
        table = pilot.app.screen.query_one(BatchTable)
        batch_id = submit(sandbox, 400)
        await until_shown(pilot, batch_id[-14:])
        await pilot.press("g")
        await until(pilot, lambda: table.current and 0 < table.current.counts.done < 400)
        await until(pilot, lambda: table.current and table.current.counts.done == 400)
        await until_shown(pilot, "processing         ·")


async def test_the_end_of_a_batch_is_told(sandbox_with: Factory, tmp_path: Path) -> None:
    sandbox = sandbox_with(speed=30.0)
    async with driven(app_for(sandbox, tmp_path)) as pilot:
        await until_shown(pilot, "live")
        batch_id = submit(sandbox, 200)
        await until_shown(pilot, batch_id[-14:])
        await until_shown(pilot, f"{batch_id[-13:]} has ended")


async def test_the_cache_paints_while_the_server_is_away(tmp_path: Path) -> None:
    with embedded(SandboxOptions()) as server:
        async with driven(app_for(server, tmp_path)) as pilot:
            await until_shown(pilot, "live")
    app = app_for(server, tmp_path)
    async with driven(app) as pilot:
        await until_shown(pilot, "next try in")
        assert "in progress" in screen_text(pilot)
        await until_shown(pilot, "cannot be reached")
        await pilot.press("q")
    assert app.return_code == 4
    assert server.base_url in app.exit_message


async def test_a_wrong_key_ends_with_its_request_id(sandbox: Embedded, tmp_path: Path) -> None:
    app = app_for(sandbox, tmp_path, key="sk-ant-wrong")
    async with driven(app) as pilot:
        await until(pilot, lambda: app.exit_message)
    assert app.return_code == 3
    assert "request id req_" in app.exit_message
    assert "sk-ant-wrong" not in app.exit_message


async def test_older_pages_come_as_the_cursor_nears_the_end(own: Embedded, tmp_path: Path) -> None:
    async with driven(app_for(own, tmp_path)) as pilot:
        await until_shown(pilot, "100+")
        table = pilot.app.screen.query_one(BatchTable)
        table.move_to(99)
        await until(pilot, lambda: table.row_count == 150)
        assert "150+" not in screen_text(pilot)
        assert table.cursor_row == 99


async def test_the_cursor_stays_on_its_batch(own: Embedded, tmp_path: Path) -> None:
    async with driven(app_for(own, tmp_path)) as pilot:
        await until_shown(pilot, "live")
        table = pilot.app.screen.query_one(BatchTable)
        await pilot.press("j", "j", "j")
        before = table.current
        batch_id = submit(own)
        await until_shown(pilot, batch_id[-14:])
        assert before is not None
        assert table.current is not None
        assert table.current.id == before.id
        assert table.cursor_row == 4


async def test_filter(own: Embedded, tmp_path: Path) -> None:
    async with driven(app_for(own, tmp_path)) as pilot:
        await until_shown(pilot, "live")
        table = pilot.app.screen.query_one(BatchTable)
        await pilot.press("slash", *"canceling")
        await until_shown(pilot, "/canceling")
        assert table.row_count == 1
        await pilot.press("enter", "escape")
        await until(pilot, lambda: table.row_count >= 100)
        await pilot.press("slash", *"[x]", "enter")
        await until_shown(pilot, "No matches")
        await pilot.press("d")
        await until_shown(pilot, "No batch selected.")
        await pilot.press("escape")
        await until(pilot, lambda: table.row_count >= 100)


async def test_typing_a_filter_keeps_the_cursor_on_its_batch_if_that_matches(
    own: Embedded, tmp_path: Path
) -> None:
    async with driven(app_for(own, tmp_path)) as pilot:
        await until_shown(pilot, "live")
        table = pilot.app.screen.query_one(BatchTable)
        ended = [batch for batch in table.shown if batch.is_ended]
        failed = [batch for batch in ended if batch.counts.unsuccessful][3]
        for batch in (failed, next(batch for batch in ended if not batch.counts.unsuccessful)):
            table.move_to(table.shown.index(batch))
            await pilot.press("slash", *"has:errors", "enter")
            assert table.current == (failed if batch is failed else table.shown[0])
            await pilot.press("escape")


@pytest.mark.parametrize("refusal", [["enter"], ["escape"], ["n"], ["c"], ["y", "enter"]])
async def test_cancel_starts_on_no(own: Embedded, tmp_path: Path, refusal: list[str]) -> None:
    batch_id = submit(own, 1000)
    async with driven(app_for(own, tmp_path)) as pilot:
        await until_shown(pilot, batch_id[-14:])
        await pilot.press("c")
        await until(pilot, lambda: isinstance(pilot.app.screen, Confirm))
        assert "1,000 requests" in screen_text(pilot)
        await pilot.press(*refusal)
        if refusal == ["c"]:
            await pilot.press("escape")
        await until(pilot, lambda: not isinstance(pilot.app.screen, Confirm))
    assert status_on_server(own, batch_id) == "in_progress"


async def test_cancel(own: Embedded, tmp_path: Path) -> None:
    batch_id = submit(own, 1000)
    async with driven(app_for(own, tmp_path)) as pilot:
        await until_shown(pilot, batch_id[-14:])
        await pilot.press("c")
        await until(pilot, lambda: isinstance(pilot.app.screen, Confirm))
        await pilot.press("tab", "enter")
        await until_shown(pilot, "Canceling")
        await until_shown(pilot, "◐ canceling")
        await pilot.press("c")
        await until_shown(pilot, "Nothing to cancel: it is canceling")
    assert status_on_server(own, batch_id) == "canceling"


async def test_keys_that_cannot_act_are_dimmed_and_say_why(own: Embedded, tmp_path: Path) -> None:
    async with driven(app_for(own, tmp_path)) as pilot:
        screen = pilot.app.screen
        bar, table = screen.query_one(KeyBar), screen.query_one(BatchTable)
        await until_shown(pilot, "live")
        before = bar.line(0)
        await pilot.press("enter")
        await until_shown(pilot, "is still running")
        assert pilot.app.screen is screen
        while table.current is None or not table.current.is_ended:
            await pilot.press("j")
        await until(pilot, lambda: bar.line(0) != before)
        assert bar.line(0).text == before.text
        await pilot.press("space", "g", "c")
        await until_shown(pilot, "Nothing to cancel: it is ended.")
        await pilot.press("p")
        await until_shown(pilot, "The demo has no other profiles")
        await pilot.press("escape", "slash", *"[none]", "enter", "y")
        await until_shown(pilot, "No batch selected.")


async def test_delete(own: Embedded, tmp_path: Path) -> None:
    async with driven(app_for(own, tmp_path)) as pilot:
        await until_shown(pilot, "live")
        table = pilot.app.screen.query_one(BatchTable)
        await pilot.press("d")
        await until_shown(pilot, "must be canceled first")
        while table.current is None or not table.current.is_ended:
            await pilot.press("j")
        victim = table.current.id
        await pilot.press("d")
        await until_shown(pilot, "saved nowhere else")
        await pilot.press("right", "enter")
        await until_shown(pilot, "type 1 first")
        await pilot.press("left", "enter")
        await until(pilot, lambda: not isinstance(pilot.app.screen, Confirm))
        await pilot.press("d")
        await until_shown(pilot, "Type 1 to confirm")
        await pilot.press("1", "right", "enter")
        await until_shown(pilot, "Deleted")
        await until(pilot, lambda: table.current and table.current.id != victim)
    with anthropic.Anthropic(api_key=own.api_key, base_url=own.base_url) as sdk:
        assert victim not in [batch.id for batch in sdk.messages.batches.list(limit=100).data]


async def test_deleting_several_continues_after_a_failure(own: Embedded, tmp_path: Path) -> None:
    async with driven(app_for(own, tmp_path, settings=Settings())) as pilot:
        await until_shown(pilot, "live")
        table = pilot.app.screen.query_one(BatchTable)
        victims = [batch.id for batch in table.shown if batch.is_ended][:3]
        table.move_to(next(row for row, batch in enumerate(table.shown) if batch.id == victims[0]))
        await pilot.press("space", "space", "space", "d")
        await until_shown(pilot, "Type 3 to confirm")
        with anthropic.Anthropic(api_key=own.api_key, base_url=own.base_url) as sdk:
            sdk.messages.batches.delete(victims[0])
            await pilot.press("3", "right", "enter")
            await until_shown(pilot, "Deleted 2 of 3.")
            assert victims[0][:30] in screen_text(pilot).split("Deleted 2 of 3.")[1]
            listed = [batch.id for batch in sdk.messages.batches.list(limit=100).data]
        assert not set(victims) & set(listed)
        assert table.marked == {victims[0]}


async def test_delete_says_whether_results_are_saved(own: Embedded, tmp_path: Path) -> None:
    async with driven(app_for(own, tmp_path)) as pilot:
        await until_shown(pilot, "live")
        table = pilot.app.screen.query_one(BatchTable)
        table.move_to(next(n for n, b in enumerate(table.shown) if b.is_ended and b.counts.total < 10))
        await pilot.press("enter")
        await until_shown(pilot, "saved here")
        await pilot.press("q")
        await until(pilot, lambda: table.has_focus)
        await pilot.press("d")
        await until_shown(pilot, "Deleted on the server. Your saved copy stays.")
        assert "enter results" not in screen_text(pilot)  # no keys of the list below a dialog
        await pilot.press("enter", "slash", *"status:archived", "enter")
        await until(pilot, lambda: table.current and table.current.is_archived)
        await pilot.press("d")
        await until_shown(pilot, "Its results are gone already.")


async def test_read_only_has_no_key_that_changes_anything(own: Embedded, tmp_path: Path) -> None:
    async with driven(app_for(own, tmp_path, read_only=True)) as pilot:
        await until_shown(pilot, "live")
        text = screen_text(pilot)
        assert "READ-ONLY" in text
        assert "c cancel" not in text
        await pilot.press("c", "d")
        assert not isinstance(pilot.app.screen, Confirm)


async def open_results(pilot: Pilot[None]) -> None:
    table = pilot.app.screen.query_one(BatchTable)
    table.move_to(next(row for row, batch in enumerate(table.shown) if batch.is_ended))
    await pilot.press("enter")
    await until(pilot, lambda: isinstance(pilot.app.screen, ResultsScreen))


async def test_read_only_keys_say_that_they_are_off(own: Embedded, tmp_path: Path) -> None:
    async with driven(app_for(own, tmp_path, read_only=True)) as pilot:
        await until_shown(pilot, "live")
        for key, label in (("c", "cancel"), ("d", "delete"), ("ctrl+n", "submitting")):
            await pilot.press(key)
            await until_shown(pilot, f"Read-only: {label} is off.")
        await open_results(pilot)
        await pilot.press("R")
        await until_shown(pilot, "Read-only: resubmit is off.")
        pilot.app.clear_notifications()
        await pilot.press("e")
        await until(pilot, lambda: isinstance(pilot.app.screen, Groups))
        await pilot.press("R")
        await until_shown(pilot, "Read-only: resubmit is off.")
        assert isinstance(pilot.app.screen, Groups)


async def test_the_key_bar_always_has_help_and_command_and_no_escape_that_leads_nowhere(
    own: Embedded, tmp_path: Path
) -> None:
    for size in ((120, 40), (80, 24), (50, 20)):
        async with driven(app_for(own, tmp_path), size) as pilot:
            await until_shown(pilot, "live")
            bar = screen_text(pilot).splitlines()[-1]
            assert "? help" in bar
            assert ": command" in bar
            assert bar.rstrip().endswith("q quit")
            assert "esc back" not in bar
            if size == (120, 40):
                assert "ctrl+n new  space mark" in bar
                await open_results(pilot)
                assert screen_text(pilot).rstrip().endswith("q close")


async def test_the_key_bar_shows_the_keys_of_the_filter_while_it_is_typed(
    own: Embedded, tmp_path: Path
) -> None:
    async with driven(app_for(own, tmp_path)) as pilot:
        await until_shown(pilot, "live")
        await pilot.press("slash", *"ended")
        await until_shown(pilot, "enter keep")
        bar = screen_text(pilot).splitlines()[-1]
        assert "c cancel" not in bar
        await pilot.click(KeyBar, offset=(bar.index("esc clear"), 0))
        await until_shown(pilot, "c cancel")
        assert "/ended" not in screen_text(pilot)


async def test_help_and_palette(own: Embedded, tmp_path: Path) -> None:
    async with driven(app_for(own, tmp_path)) as pilot:
        await until_shown(pilot, "live")
        await pilot.press("question_mark")
        await until_shown(pilot, "cancel the batch, after asking")
        await pilot.press("escape")
        await pilot.press("colon")
        await pilot.press(*"filter")
        await until_shown(pilot, "filter the list by text")
        await pilot.press("enter")
        await pilot.press(*"ended")
        await until_shown(pilot, "/ended")


async def test_copy_id(own: Embedded, tmp_path: Path) -> None:
    async with driven(app_for(own, tmp_path)) as pilot:
        await until_shown(pilot, "live")
        table = pilot.app.screen.query_one(BatchTable)
        await pilot.press("y")
        assert table.current is not None
        await until(pilot, lambda: pilot.app.clipboard)
        assert pilot.app.clipboard == table.current.id


@pytest.mark.parametrize("size", [(80, 24), (60, 20), (40, 10), (200, 60), (1, 1)])
async def test_every_size_works(own: Embedded, tmp_path: Path, size: tuple[int, int]) -> None:
    async with driven(app_for(own, tmp_path), size) as pilot:
        table = pilot.app.screen.query_one(BatchTable)
        await until(pilot, lambda: table.row_count == 100)
        await pilot.press("j", "tab", "j", "tab", "escape")
        await pilot.resize_terminal(120, 40)
        await until_shown(pilot, "live")


async def test_a_low_pane_shows_all_of_a_batch(own: Embedded, tmp_path: Path) -> None:
    async with driven(app_for(own, tmp_path), (80, 24)) as pilot:
        await until_shown(pilot, "live")
        await pilot.press("j", "j")
        await until_shown(pilot, "processing 61,563")
        pane = screen_text(pilot).split("╭─ Batch ")[1]
        assert all(word in pane for word in ("in progress", "created", "expires", "expired", "results"))


async def test_the_filter_leads_back_to_the_list_where_one_pane_is_shown(
    own: Embedded, tmp_path: Path
) -> None:
    async with driven(app_for(own, tmp_path), (40, 10)) as pilot:
        await until_shown(pilot, "live")
        await pilot.press("tab")
        await until_shown(pilot, "╭─ Batch ")
        await pilot.press("slash", *"ended", "enter")
        await until_shown(pilot, "/ended")
        assert pilot.app.screen.query_one(BatchTable).has_focus


async def test_quit_leaves_the_cache_whole(own: Embedded, tmp_path: Path) -> None:
    app = app_for(own, tmp_path)
    async with driven(app) as pilot:
        await until_shown(pilot, "live")
        await pilot.press("q")
    assert (app.return_code, app.exit_message) == (0, "")
    workspace = Workspace(app.workspace.profile, tmp_path, tmp_path / "data")
    assert len(workspace.cached_batches()) == 100
    await workspace.aclose()


async def test_marked_batches_are_cancelled_together(own: Embedded, tmp_path: Path) -> None:
    ids = [submit(own, 1000) for _ in range(3)]
    async with driven(app_for(own, tmp_path)) as pilot:
        await until_shown(pilot, ids[-1][-14:])
        await pilot.press("space", "space", "space")
        await until_shown(pilot, "3 marked")
        await pilot.press("slash", *ids[0][-6:], "enter", "c")
        await until_shown(pilot, "Cancel 3 marked batches?")
        text = screen_text(pilot)
        assert "3,000 requests" in text
        assert "2 of them are hidden by the filter" in text
        await pilot.press("tab", "enter")
        await until_shown(pilot, "Canceling 3 batches")
    assert {status_on_server(own, batch_id) for batch_id in ids} == {"canceling"}


async def test_marks_stay_on_their_batches_and_go_with_esc(own: Embedded, tmp_path: Path) -> None:
    async with driven(app_for(own, tmp_path)) as pilot:
        await until_shown(pilot, "live")
        table = pilot.app.screen.query_one(BatchTable)
        assert table.current is not None
        marked = table.current.id
        await pilot.press("space")
        batch_id = submit(own)
        await until_shown(pilot, batch_id[-14:])
        assert table.marked == {marked}
        assert table.cells(1)[0].text == "◆"
        await pilot.press("escape")
        await until(pilot, lambda: not table.marked)
        await pilot.press("asterisk")
        assert len(table.marked) == table.row_count


async def test_terms_of_the_filter(own: Embedded, tmp_path: Path) -> None:
    async with driven(app_for(own, tmp_path)) as pilot:
        await until_shown(pilot, "live")
        table = pilot.app.screen.query_one(BatchTable)
        await pilot.press("slash", *"status:ended has:errors", "enter")
        await until_shown(pilot, "/status:ended has:errors")
        shown = table.shown
        assert shown
        assert all(batch.is_ended and batch.counts.unsuccessful for batch in shown)
        await pilot.press("question_mark", "G")
        await until_shown(pilot, "status:canceled     ended, some requests canceled")


async def test_sort(own: Embedded, tmp_path: Path) -> None:
    async with driven(app_for(own, tmp_path)) as pilot:
        await until_shown(pilot, "live")
        table = pilot.app.screen.query_one(BatchTable)
        await pilot.press("s")
        await until_shown(pilot, "most errors")
        await pilot.press("j", "j", "j", "enter")
        await until_shown(pilot, "most requests")
        totals = [batch.counts.total for batch in table.shown]
        assert totals == sorted(totals, reverse=True)


async def test_sorting_goes_to_the_top(own: Embedded, tmp_path: Path) -> None:
    async with driven(app_for(own, tmp_path)) as pilot:
        await until_shown(pilot, "live")
        table = pilot.app.screen.query_one(BatchTable)
        table.move_to(table.row_count - 1)
        await until(pilot, lambda: table.row_count == 150)
        table.move_to(table.row_count - 1)
        await pilot.press("s")
        await until_shown(pilot, "most errors")
        await pilot.press("j", "enter")
        await until(pilot, lambda: table.cursor_row == 0)
        assert table.view.top == 0


async def test_the_log_lists_calls_without_the_key(own: Embedded, tmp_path: Path) -> None:
    async with driven(app_for(own, tmp_path)) as pilot:
        await until_shown(pilot, "live")
        await pilot.press("L")
        await until_shown(pilot, "/v1/messages/batches?limit=100")
        text = screen_text(pilot)
        assert "req_" in text
        assert own.api_key not in text
        await pilot.press("escape")
        await until(pilot, lambda: len(pilot.app.screen_stack) == 1)


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_the_log_shows_method_path_and_status_of_failed_calls_and_the_selected_one_in_full(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    with ExitStack() as server:
        sandbox = server.enter_context(embedded(SandboxOptions(speed=0, batches=3)))
        async with driven(app_for(sandbox, tmp_path), size) as pilot:
            await until_shown(pilot, "live")
            await pilot.press("L")
            await until_shown(pilot, "request id req_")
            server.close()
            await until_shown(pilot, " failed ")
            await pilot.press("g")
            failed = next(line for line in screen_text(pilot).splitlines() if " failed " in line)
            assert re.search(r"▸\d\d:\d\d:\d\d GET    /v1/messages/batches\S* +failed +\d", failed)
            await until_shown(pilot, "cannot be reached")


async def test_a_log_longer_than_the_screen_scrolls(own: Embedded, tmp_path: Path) -> None:
    app = app_for(own, tmp_path, settings=Settings())
    async with driven(app, (80, 24)) as pilot:
        await until_shown(pilot, "live")
        calls = [Call(0.0, "GET", f"/{n}", 200, 0.001, f"req_{n}") for n in range(100)]
        await app.push_screen(Log(calls))
        await until_shown(pilot, "request id req_99")
        await pilot.press("G")
        await until_shown(pilot, "request id req_0")
        assert any("▸" in line and " /0 " in line for line in screen_text(pilot).splitlines())
        calls.append(Call(1.0, "DELETE", "/new", 200, 0.001, "req_new"))  # the cursor stays on its call
        log = app.screen.query_one(ChoiceTable)
        await until(pilot, lambda: log.row_count == 101)
        await until_shown(pilot, "request id req_0")


async def test_themes(own: Embedded, tmp_path: Path) -> None:
    async with driven(app_for(own, tmp_path)) as pilot:
        await until_shown(pilot, "live")
        seen = []
        for _ in range(3):
            await pilot.press("t")
            seen.append(pilot.app.theme)
            assert "live" in screen_text(pilot)
        assert seen == ["batchtui-light", "batchtui-ansi", "batchtui-dark"]


async def test_keys_can_be_remapped(own: Embedded, tmp_path: Path) -> None:
    settings = replace(QUICK, keys={"batches.cancel": "x"})
    async with driven(app_for(own, tmp_path, settings=settings)) as pilot:
        await until_shown(pilot, "x cancel")
        await until_shown(pilot, "live")
        await pilot.press("c")
        assert not isinstance(pilot.app.screen, Confirm)
        await pilot.press("x")
        await until(pilot, lambda: isinstance(pilot.app.screen, Confirm))


def profile_called(app: BatchtuiApp, name: str, key: str | None = None) -> Profile:
    profile = replace(app.workspace.profile, name=name)
    return replace(profile, credentials=Credentials(Secret(key), "key")) if key else profile


async def test_another_profile_is_asked_for(own: Embedded, tmp_path: Path) -> None:
    app = app_for(own, tmp_path)
    app.profile_names = ["prod", "evals"]
    app.load_profile = partial(profile_called, app)
    async with driven(app) as pilot:
        await until_shown(pilot, "live")
        await pilot.press("p")
        await until_shown(pilot, "evals")
        await pilot.press("j", "enter")
        await until(pilot, lambda: app.next_profile)
    assert app.next_profile
    assert app.next_profile.name == "evals"


async def test_the_current_profile_is_marked_and_choosing_it_changes_nothing(
    own: Embedded, tmp_path: Path
) -> None:
    app = app_for(own, tmp_path)
    app.profile_names = ["prod", "test"]
    async with driven(app) as pilot:
        await until_shown(pilot, "live")
        await pilot.press("p")
        await until_shown(pilot, "Switch profile")
        prod, test = (
            line for line in screen_text(pilot).splitlines() if " prod " in line or "✓ test " in line
        )
        assert "current" not in prod
        assert "▸✓ test" in test
        assert "current" in test
        await pilot.press("enter")
        await until_shown(pilot, "Already on profile test.")
        assert app.next_profile is None


async def test_the_palette_has_commands_first_and_batches_only_for_what_is_in_an_id(
    own: Embedded, tmp_path: Path
) -> None:
    app = app_for(own, tmp_path)
    async with driven(app) as pilot:
        await until_shown(pilot, "live")
        await pilot.press("slash", *"canceling", "enter")
        table = app.first_screen.query_one(BatchTable)
        wanted = next(batch.id for batch in app.workspace.cached_batches() if batch.status == "ended")
        await pilot.press("colon")
        await until_shown(pilot, "cancel the batch, after asking")
        options = app.screen.query_one(CommandList)
        assert options.option_count < 30  # commands only
        await pilot.press(*"mark")
        await until(pilot, lambda: 0 < options.option_count < 4)
        assert "msgbatch" not in str(options.get_option_at_index(0).prompt)
        await pilot.press("ctrl+u")
        paste(pilot, "msgbatch_01neverneverneverneverX")
        await until_shown(pilot, "fetch this batch")
        await pilot.press("ctrl+u", *wanted[-6:].lower())
        await until_shown(pilot, f"batch  {wanted}")
        await pilot.press("enter")
        await until(pilot, lambda: table.current is not None and table.current.id == wanted)


async def test_a_profile_without_a_key_or_with_a_refused_one_says_so_and_stays(
    own: Embedded, tmp_path: Path
) -> None:
    def no_key(name: str) -> Profile:
        raise ConfigError("no API key was found.")

    app = app_for(own, tmp_path)
    app.profile_names = ["prod", "evals"]
    async with driven(app) as pilot:
        await until_shown(pilot, "live")
        for load, said in ((no_key, "no API key"), (partial(profile_called, app, key="sk-no"), "key")):
            app.load_profile = load
            app.clear_notifications()
            await pilot.press("p")
            await until_shown(pilot, "evals")
            await pilot.press("j", "enter")
            await until_shown(pilot, "Profile evals cannot be used")
            await until_shown(pilot, said)
            assert app.next_profile is None
        await until_shown(pilot, "live")


@pytest.fixture
def many(sandbox_with: Callable[..., Embedded]) -> Embedded:
    return sandbox_with(batches=1500, speed=0, seed=3)


async def test_a_filter_loads_older_pages_until_it_finds_enough_or_the_end(
    many: Embedded, tmp_path: Path
) -> None:
    async with driven(app_for(many, tmp_path, settings=Settings())) as pilot:
        await until_shown(pilot, "live")
        table = pilot.app.screen.query_one(BatchTable)
        await pilot.press("slash")
        paste(pilot, "status:archived")
        await pilot.press("enter")
        await until(pilot, lambda: table.row_count > 0)
        assert "No matches" not in screen_text(pilot)
        await pilot.press("slash", "ctrl+u")
        paste(pilot, "nowhere-to-be-found")
        await pilot.press("enter")
        await until_shown(pilot, "No matches")
        assert "0 of 1,500" in screen_text(pilot)


async def test_terms_that_are_unknown_are_said_to_be(many: Embedded, tmp_path: Path) -> None:
    async with driven(app_for(many, tmp_path, settings=Settings())) as pilot:
        await until_shown(pilot, "live")
        for term in ("status:foo", "foo:bar"):
            await pilot.press("slash", "ctrl+u")
            paste(pilot, f"ended {term}")
            await pilot.press("enter")
            await until_shown(pilot, f"Unknown filter term: {term}. Use has:errors")


async def test_end_does_not_say_that_anything_is_searched(many: Embedded, tmp_path: Path) -> None:
    async with driven(app_for(many, tmp_path, settings=Settings())) as pilot:
        await until_shown(pilot, "live")
        seen: list[str] = []

        def is_loaded() -> bool:
            seen.append(screen_text(pilot))
            return "Batches  1,500" in seen[-1]

        await pilot.press("G")
        await until(pilot, is_loaded)
        assert not any("searched" in text for text in seen)


async def test_end_goes_to_the_oldest_batch_there_is(many: Embedded, tmp_path: Path) -> None:
    async with driven(app_for(many, tmp_path, settings=Settings())) as pilot:
        await until_shown(pilot, "live")
        table = pilot.app.screen.query_one(BatchTable)
        await pilot.press("G")
        await until(pilot, lambda: table.row_count == table.cursor_row + 1 == 1500)  # type: ignore[operator]


async def test_a_whole_id_that_is_not_loaded_is_fetched(many: Embedded, tmp_path: Path) -> None:
    async with anthropic.AsyncAnthropic(base_url=many.base_url, api_key=many.api_key) as client:
        ids = [batch.id async for batch in client.messages.batches.list(limit=1000)]
    app = app_for(many, tmp_path, settings=Settings())
    async with driven(app) as pilot:
        await until_shown(pilot, "live")
        table = app.first_screen.query_one(BatchTable)
        await pilot.press("slash")
        paste(pilot, ids[-1])
        await pilot.press("enter")
        await until(pilot, lambda: table.current is not None and table.current.id == ids[-1])
        await pilot.press("slash", "ctrl+u")
        paste(pilot, "msgbatch_01neverneverneverneverX")
        await pilot.press("enter")
        await until_shown(pilot, "was not found in this workspace")
        await pilot.press("slash", "ctrl+u", "enter", "colon")
        await until(pilot, lambda: isinstance(app.screen, CommandPalette))
        paste(pilot, ids[-2])
        await until_shown(pilot, f"batch  {ids[-2]}")
        await pilot.press("enter")
        await until(pilot, lambda: table.current is not None and table.current.id == ids[-2])


async def test_polling_and_the_log_go_on_while_a_dialog_is_open(own: Embedded, tmp_path: Path) -> None:
    app = app_for(own, tmp_path)
    async with driven(app) as pilot:
        await until_shown(pilot, "live")
        await pilot.press("L")
        await until_shown(pilot, "Calls to the API")
        log = app.screen.query_one(ChoiceTable)
        before = log.row_count
        await until(pilot, lambda: log.row_count > before)


async def test_what_a_question_is_about_changes_once_it_is_closed(
    sandbox_with: Callable[..., Embedded], tmp_path: Path
) -> None:
    sandbox = sandbox_with(batches=3, speed=0)
    app = app_for(sandbox, tmp_path)
    async with (
        driven(app) as pilot,
        anthropic.AsyncAnthropic(base_url=sandbox.base_url, api_key=sandbox.api_key) as client,
    ):
        await until_shown(pilot, "live")
        table = app.first_screen.query_one(BatchTable)
        assert table.current is not None
        batch_id = table.current.id
        await pilot.press("c")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await client.messages.batches.cancel(batch_id)
        made = await client.messages.batches.create(
            requests=[{"custom_id": "a", "params": {"model": "m", "max_tokens": 1, "messages": [ASK]}}]
        )
        await until(pilot, lambda: made.id in table.shown_ids)  # others do change
        assert {batch.status for batch in table.shown if batch.id == batch_id} == {"in_progress"}
        await pilot.press("escape")
        await until(
            pilot, lambda: "in_progress" not in {one.status for one in table.shown if one.id == batch_id}
        )


async def test_r_asks_about_the_batch_under_the_cursor_wherever_it_is(
    sandbox_with: Callable[..., Embedded], tmp_path: Path
) -> None:
    sandbox = sandbox_with(batches=300, speed=0)
    app = app_for(sandbox, tmp_path, settings=Settings())
    async with (
        driven(app) as pilot,
        anthropic.AsyncAnthropic(base_url=sandbox.base_url, api_key=sandbox.api_key) as client,
    ):
        await until_shown(pilot, "live")
        table = app.first_screen.query_one(BatchTable)
        await pilot.press("G")
        await until(pilot, lambda: table.cursor_row == 299)
        assert table.current is not None
        await client.messages.batches.delete(table.current.id)
        await pilot.press("r")
        await until_shown(pilot, "Not found on the server.")
