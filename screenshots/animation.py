"""An animated SVG of a terminal: plain text and CSS, no script and no embedded font."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from itertools import accumulate

from rich.cells import cell_len
from rich.color import Color
from rich.segment import Segment
from rich.style import Style

FONTS = "'DejaVu Sans Mono',Menlo,Consolas,'Noto Sans Mono',monospace"
FONT_SIZE, CELL_WIDTH, LINE_HEIGHT = 14, 8.4, 16
"""Lines of a box meet only if a line is not higher than the font's own."""
MARGIN, BAR_HEIGHT = 12, 28
SPACE = "\u00a0"
"""Renderers drop other spaces where several follow each other."""
BAR_COLOR, CAPTION_COLOR = "#2b2f36", "#e6e6e6"


@dataclass(frozen=True)
class Frame:
    """What the terminal shows for a while.

    Attributes:
        lines: The lines of the screen.
        caption: Shown above it: the key that led here.
        seconds: How long.
    """

    lines: Sequence[Sequence[Segment]]
    caption: str
    seconds: float


class Shared:
    """Texts that occur several times, each with a short name.

    Args:
        prefix: What the names start with.
    """

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self.names: dict[str, str] = {}
        """Names by text."""

    def name(self, text: str) -> str:
        """Return the name of a text."""
        return self.names.setdefault(text, f"{self._prefix}{len(self.names)}")


def animate(frames: Sequence[Frame], background: str) -> str:
    """Return an SVG that shows the frames in a loop.

    A line that several frames show is written once, which keeps the file small.

    Args:
        frames: At least one, all of one size.
        background: Color of the screen, so that most cells need no rectangle.
    """
    styles, lines = Shared("s"), Shared("l")
    screens = [_screen(number, frame, background, styles, lines) for number, frame in enumerate(frames)]
    columns = max(sum(cell_len(part.text) for part in line) for line in frames[0].lines)
    width = columns * CELL_WIDTH + 2 * MARGIN
    height = len(frames[0].lines) * LINE_HEIGHT + BAR_HEIGHT + 2 * MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}">',
        f"<style>{_css(frames, styles)}</style>",
        f"<defs>{''.join(f'<g id={name!r}>{line}</g>' for line, name in lines.names.items())}</defs>",
        f'<rect width="{width:g}" height="{height:g}" rx="8" fill="{background}"/>',
        f'<rect width="{width:g}" height="{BAR_HEIGHT}" rx="8" fill="{BAR_COLOR}"/>',
        *screens,
        "</svg>\n",
    ]
    return "\n".join(parts)


def _css(frames: Sequence[Frame], styles: Shared) -> str:
    """Return the font, the styles, and at which part of the loop each frame is visible."""
    total = sum(frame.seconds for frame in frames)
    ends = [end / total * 100 for end in accumulate(frame.seconds for frame in frames)]
    rules = [f"text{{font:{FONT_SIZE}px {FONTS}}}", ".f{visibility:hidden}"]
    for number, (start, end) in enumerate(zip([0.0, *ends], ends, strict=False)):
        steps = f"{start:.3f}%{{visibility:visible}}{end:.3f}%{{visibility:hidden}}"
        rules.append(f"@keyframes k{number}{{0%{{visibility:hidden}}{steps}}}")
        rules.append(f"#f{number}{{animation:k{number} {total:g}s step-end infinite}}")
    rules[2] = rules[2].replace("0%{visibility:hidden}", "", 1)  # The first frame starts the loop.
    rules += [f".{name}{{{style}}}" for style, name in styles.names.items()]
    return "".join(rules)


def _screen(number: int, frame: Frame, background: str, styles: Shared, lines: Shared) -> str:
    """Return the group of one frame."""
    shown = "" if number == 0 else ' class="f"'
    caption = (
        f'<text x="{MARGIN}" y="19" fill="{CAPTION_COLOR}">{escape(frame.caption).replace(" ", SPACE)}</text>'
    )
    drawn = [_line(line, background, styles) for line in frame.lines]
    uses = (
        f'<use href="#{lines.name(line)}" y="{BAR_HEIGHT + MARGIN + y * LINE_HEIGHT}"/>'
        for y, line in enumerate(drawn)
        if line
    )
    return f'<g id="f{number}"{shown}>{caption}{"".join(uses)}</g>'


def _line(segments: Iterable[Segment], background: str, styles: Shared) -> str:
    """Return a line as rectangles and texts; each text is pinned to its cells, whatever the font."""
    rectangles, texts = [], []
    x = 0
    for text, style, _ in Segment.simplify(segments):
        fill, css = _colors(style or Style(), background)
        if fill != background:
            rectangles.append(f'<rect {_place(x, text)} height="{LINE_HEIGHT}" fill="{fill}"/>')
        if seen := text.strip(" "):
            indent = len(text) - len(text.lstrip(" "))
            place = _place(x + indent, seen).replace("width", "textLength")
            name = styles.name(css)
            texts.append(f'<text class="{name}" {place} y="12.5">{escape(seen).replace(" ", SPACE)}</text>')
        x += cell_len(text)
    return "".join(rectangles + texts)


def _place(x: int, text: str) -> str:
    """Return where a text starts and how wide it is, as attributes."""
    return f'x="{MARGIN + x * CELL_WIDTH:g}" width="{cell_len(text) * CELL_WIDTH:g}"'


def _colors(style: Style, background: str) -> tuple[str, str]:
    """Return the color behind a text, and how the text itself looks."""
    front, back = _hex(style.color, "#e0e0e0"), _hex(style.bgcolor, background)
    if style.reverse:
        front, back = back, front
    looks = {
        "font-weight:bold": style.bold,
        "font-style:italic": style.italic,
        "text-decoration:underline": style.underline,
        "opacity:.6": style.dim,
    }
    return back, ";".join([f"fill:{front}", *(look for look, is_on in looks.items() if is_on)])


def _hex(color: Color | None, default: str) -> str:
    return default if color is None or color.is_default else color.get_truecolor().hex
