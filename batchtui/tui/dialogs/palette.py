"""The command palette."""

from textual.command import Command, CommandList, CommandPalette


class Palette(CommandPalette):
    """Textual's palette, which ends the app where it is closed while commands are being found for it."""

    def _refresh_command_list(
        self, command_list: CommandList, commands: list[Command], clear_current: bool
    ) -> None:
        """Show what was found; called by Textual, also after the palette has lost its widgets."""
        if self.is_attached and self.query(CommandList):
            super()._refresh_command_list(command_list, commands, clear_current)
