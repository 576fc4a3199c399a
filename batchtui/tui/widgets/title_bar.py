"""The line at the top: where one is, and how things stand."""

from collections.abc import Sequence

from textual.strip import Strip

from batchtui.tui.widgets.cells import Cell, Line, cells_of, fit_cells, width_of
from batchtui.tui.widgets.line_view import LineView

_GAP = 3


class TitleBar(LineView):
    """`batchtui  prod · host   SANDBOX … 3 running   live`, or a path: `batchtui › …uDC › results`.

    Args:
        path: From the app's name to this screen.
        detail: Follows the path: profile, workspace, host.
        badges: Words that stand out, such as READ-ONLY.
        id: Id for CSS and queries.
    """

    DEFAULT_CSS = """
    TitleBar { height: 1; dock: top; }
    """
    """One line at the top of the screen."""

    def __init__(
        self,
        path: Sequence[str] = ("batchtui",),
        detail: str = "",
        badges: Sequence[str] = (),
        *,
        id: str | None = None,  # noqa: A002 - Textual's own name
    ) -> None:
        super().__init__(id=id)
        self._path = path
        self._detail = detail
        self._badges = badges
        self._status: Line = ""

    def show_path(self, *path: str) -> None:
        """Say where this is, the app's name first."""
        self._path = path
        self.repaint()

    def show_detail(self, detail: str) -> None:
        """Say what follows the path."""
        self._detail = detail
        self.repaint()

    def show_badges(self, *badges: str) -> None:
        """Say which words stand out."""
        self._badges = badges
        self.repaint()

    def show_status(self, status: Line) -> None:
        """Say how things stand, at the right; this is what stays where there is little room."""
        self._status = status
        self.repaint()

    def line(self, y: int) -> Strip:
        """The line, cut in its middle where it is too long."""
        status = cells_of(self._status)
        left = cells_of(self._left())
        room = max(0, self.size.width - 1 - width_of(status))
        if status and width_of(left) > room - _GAP:
            left = [*fit_cells(left, max(0, room - _GAP)), Cell(" " * min(room, _GAP))]
        return self.strip([*fit_cells(left, room), *status])

    def _left(self) -> list[Cell]:
        name, *rest = self._path
        cells = [Cell(" "), Cell(name, "accent")]
        for step in rest:
            cells += [Cell(" › ", "muted"), Cell(step)]
        if self._detail:
            cells += [Cell("  "), Cell(self._detail, "muted")]
        for badge in self._badges:
            cells += [Cell("  "), Cell(badge, "warning")]
        return cells
