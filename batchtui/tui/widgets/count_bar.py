"""Counts as a bar of blocks, and numbers over time as a row of small ones."""

from collections.abc import Sequence

from textual.css.styles import RulesMap
from textual.strip import Strip
from textual.style import Style
from textual.visual import RenderOptions, Visual

from batchtui.tui.format.cells import Cell, Tone
from batchtui.tui.format.styled import content_of

_OUTCOME_TONES: Sequence[Tone] = ("success", "error", "muted", "warning")
_EIGHTHS = "░▏▎▍▌▋▊▉"
_LEVELS = "▁▂▃▄▅▆▇█"


class CountBar(Visual):
    """Where the requests of a batch are, as one line that takes the width it is given.

    Args:
        processing: Requests without an outcome yet.
        succeeded: Requests that succeeded.
        errored: Requests that failed.
        canceled: Requests that were canceled.
        expired: Requests that ran out of time.
    """

    def __init__(self, processing: int, succeeded: int, errored: int, canceled: int, expired: int) -> None:
        self._processing = processing
        self._outcomes = (succeeded, errored, canceled, expired)

    def render_strips(
        self, width: int, height: int | None, style: Style, options: RenderOptions
    ) -> list[Strip]:
        """The bar as Textual wants it."""
        bar = content_of(bar_cells(self._processing, self._outcomes, width))
        return bar.render_strips(width, height, style, options)

    def get_optimal_width(self, rules: RulesMap, container_width: int) -> int:
        """All the width there is."""
        return container_width

    def get_height(self, rules: RulesMap, width: int) -> int:
        """One line."""
        return 1


def bar_cells(processing: int, outcomes: Sequence[int], width: int) -> list[Cell]:
    """A bar of so many columns: blocks for each outcome, however few, then the track of what is not done.

    Args:
        processing: Requests without an outcome yet; while there are any, the bar is not full.
        outcomes: Requests succeeded, errored, canceled and expired.
        width: Columns of the whole bar.
    """
    done = sum(outcomes)
    if not done or width < len(outcomes) + 1:
        return [Cell("░" * width, "dim")]
    whole, eighths = divmod(done * width * 8 // (done + processing), 8)
    kinds = [(number, tone) for number, tone in zip(outcomes, _OUTCOME_TONES, strict=True) if number]
    whole = max(whole, len(kinds))
    sizes = _shares([number for number, _ in kinds], whole)
    bar = [Cell("█" * size, tone) for size, (_, tone) in zip(sizes, kinds, strict=True)]
    if processing:
        end = Cell(_EIGHTHS[eighths], kinds[-1][1] if eighths else "dim")
        bar += [end, Cell("░" * (width - whole - 1), "dim")]
    return bar


def sparkline(numbers: Sequence[float], width: int) -> str:
    """The last `width` numbers as bars of eight heights, from zero to the largest of them."""
    shown = numbers[-width:] if width > 0 else ()
    top = max(shown, default=0)
    if top <= 0:
        return _LEVELS[0] * len(shown)
    return "".join(_LEVELS[min(7, max(0, int(8 * number / top)))] for number in shown)


def _shares(numbers: Sequence[int], whole: int) -> list[int]:
    """Shares out `whole` columns by numbers: one for each at least, what rounding leaves to the largest."""
    total = sum(numbers)
    sizes = [max(1, number * whole // total) for number in numbers]
    sizes[numbers.index(max(numbers))] += whole - sum(sizes)
    return sizes
