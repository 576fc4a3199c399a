"""The smallest app that Textual can run: nothing built on Textual starts faster."""

from textual.app import App, ComposeResult
from textual.widgets import Static

TEXT = "as small as can be"


class MinimalApp(App[None]):
    """One line of text."""

    def compose(self) -> ComposeResult:
        """The line."""
        yield Static(TEXT)


if __name__ == "__main__":
    MinimalApp().run()
