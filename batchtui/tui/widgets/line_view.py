"""The base of our widgets: drawn line by line, painting only the lines that look different."""

from collections.abc import Iterable
from typing import ClassVar, Self, get_args

from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from batchtui.tui.format.cells import Cell, Tone, fit_cells
from batchtui.tui.format.styled import strip_of

_TONES = [tone for tone in get_args(Tone) if tone]


class LineView(Widget):
    """A widget that subclasses fill by answering `line`.

    Textual paints all of a widget whenever it is refreshed, even when the focus merely moves, and a key waits
    for that. Here a refresh compares each line with what was painted last.
    """

    ALLOW_SELECT = False
    """Selecting text by dragging would send everything again."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"line-view--lit", *(f"line-view--{tone}" for tone in _TONES)}
    """The tones of text, and the tint of a line that stands out."""

    DEFAULT_CSS = """
    LineView {
        color: $text;
        & > .line-view--strong { text-style: bold; }
        & > .line-view--muted { color: $text-muted; }
        & > .line-view--dim { color: $border; }
        & > .line-view--accent { color: $accent; }
        & > .line-view--success { color: $success; }
        & > .line-view--warning { color: $warning; }
        & > .line-view--error { color: $error; }
        & > .line-view--lit { background: $block-cursor-blurred-background; }
        &:focus > .line-view--lit { background: $block-cursor-background; }
        &:ansi:focus > .line-view--lit { color: $block-cursor-foreground; }
    }
    """
    """Colors come from the theme only."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        self._painted: dict[int, Strip] = {}
        self._styles_of: dict[bool, dict[str, Style]] = {}
        super().__init__(id=id, classes=classes)

    def line(self, y: int) -> Strip:
        """What line `y` looks like now, as wide as the widget."""
        raise NotImplementedError

    def strip(self, pieces: Iterable[Cell], lit: bool = False) -> Strip:
        """A line of clean pieces, cut or padded to the width of the widget.

        Args:
            pieces: What the line says.
            lit: Whether the line stands out, as under a cursor.
        """
        if lit not in self._styles_of:
            self._styles_of[lit] = self._tone_styles(lit)
        return strip_of(fit_cells(pieces, self.size.width), self._styles_of[lit])

    def repaint(self) -> None:
        """Paint the lines that look different from those painted last."""
        if not self._painted:
            return  # what was never painted is painted whole once there is room for it
        for y in range(self.size.height):
            if self.line(y) != self._painted.get(y):
                super().refresh(Region(0, y, self.size.width, 1))

    def refresh(
        self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False
    ) -> Self:
        """Repaint; called by Textual after any change of size, style or focus."""
        if regions or recompose or not self.is_mounted:
            return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)
        if layout:
            super().refresh(repaint=False, layout=True)
        self.forget_styles()
        self.repaint()
        return self

    def forget_styles(self) -> None:
        """Forget what was made with the styles of before."""
        self._styles_of.clear()

    def render_line(self, y: int) -> Strip:
        """One line of the widget; called by Textual."""
        strip = self._painted[y] = self.line(y)
        return strip

    def _tone_styles(self, lit: bool) -> dict[str, Style]:
        over = self.get_component_styles("line-view--lit").partial_rich_style if lit else Style()
        return {"": self.rich_style + over} | {
            tone: self.get_component_styles(f"line-view--{tone}").rich_style + over for tone in _TONES
        }
