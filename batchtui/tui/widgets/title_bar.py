"""The line at the top: where one is, and how things stand."""

from collections.abc import Sequence

from textual.strip import Strip

from batchtui.tui.format.cells import Line
from batchtui.tui.format.lines import title_line
from batchtui.tui.widgets.line_view import LineView


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

    def show_status(self, status: Line) -> None:
        """Say how things stand, at the right; this is what stays where there is little room."""
        self._status = status
        self.repaint()

    def line(self, y: int) -> Strip:
        """The line, cut in its middle where it is too long."""
        return self.strip(title_line(self._path, self._detail, self._badges, self._status, self.size.width))
