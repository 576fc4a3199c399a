"""The base of our widgets: drawn line by line, sending only the lines that look different."""

from collections.abc import Iterable, Sequence
from itertools import takewhile
from typing import ClassVar, Self, get_args

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from batchtui.tui.widgets.cells import Cell, Tone, fit_cells, strip_of

_TONES = [tone for tone in get_args(Tone) if tone]


class LineView(Widget):
    """A widget that subclasses fill by answering `line`.

    Textual sends all of a widget whenever it is refreshed, even when the focus merely moves, and over SSH
    that is felt. Here a refresh compares each line with what was sent last.
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
    """Colours come from the theme only."""

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
        """Send the parts of lines that look different from those sent last."""
        for y in range(self.size.height):
            now, before = self.line(y), self._painted.get(y)
            if now != before:
                x, width = _difference(before, now) if before else (0, self.size.width)
                super().refresh(Region(x, y, width, 1))

    def refresh(
        self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False
    ) -> Self:
        """Repaint; called by Textual after any change of size, style or focus."""
        if regions or layout or recompose or not self.is_mounted:
            return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)
        self.forget_styles()
        self.repaint()
        return self

    def forget_painted(self) -> None:
        """Forget what was sent: the terminal has lost it."""
        self._painted.clear()
        super().refresh()

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


def _difference(before: Strip, now: Strip) -> tuple[int, int]:
    """The columns between what is alike at both ends: the first, and how many."""
    if before.cell_length != now.cell_length:
        return 0, now.cell_length
    start = _alike(list(before), list(now))
    end = _alike(_backwards(before), _backwards(now))
    return start, max(0, now.cell_length - start - end)


def _alike(before: Sequence[Segment], now: Sequence[Segment]) -> int:
    """How many cells at the beginning of two lines are the same."""
    cells = 0
    for old, new in zip(before, now, strict=False):
        if old.style != new.style:
            break
        cells += cell_len(new.text[: _same_chars(old.text, new.text)])
        if old.text != new.text:
            break
    return cells


def _same_chars(before: str, now: str) -> int:
    """How many characters at the beginning of two texts are the same."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(before, now, strict=False)))


def _backwards(strip: Strip) -> list[Segment]:
    return [Segment(segment.text[::-1], segment.style) for segment in reversed(list(strip))]
