"""The command palette."""

from __future__ import annotations

from pathlib import Path

from textual.command import CommandList

from batchtui.sandbox import Embedded
from batchtui.tui.dialogs.palette import Palette
from batchtui.tui.screens.batches import BatchesScreen
from tests.tui.driving import app_for, driven, until, until_shown


async def test_palette_may_close_while_commands_are_found(frozen_sandbox: Embedded, tmp_path: Path) -> None:
    app = app_for(frozen_sandbox, tmp_path)
    async with driven(app) as pilot:
        await until_shown(pilot, "live")
        await pilot.press("colon")
        palette = app.screen
        assert isinstance(palette, Palette)
        commands = palette.query_one(CommandList)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, BatchesScreen) and not palette.is_attached)
        # As Textual's worker does when it finds commands a moment too late.
        palette._refresh_command_list(commands, [], clear_current=True)  # noqa: SLF001
