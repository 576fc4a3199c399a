"""A box with a title in its top edge and a note in its bottom edge."""

from typing import Self

from textual import events
from textual.app import ComposeResult
from textual.containers import Container
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from batchtui.tui.format.cells import Line
from batchtui.tui.format.lines import BOTTOM, TEXT_AT, TOP, edge_line
from batchtui.tui.widgets.line_view import LineView


class PanelEdge(LineView):
    """The top or bottom edge of a panel, with some text in it.

    Args:
        corners: The two characters at its ends.
        text: What it says.
    """

    DEFAULT_CSS = """
    PanelEdge { height: 1; }
    """
    """One line."""

    def __init__(self, corners: tuple[str, str], text: Line) -> None:
        super().__init__()
        self._corners = corners
        self._text = text
        self._lit = False

    def show(self, text: Line) -> None:
        """Say something else."""
        self._text = text
        self.repaint()

    def light(self, lit: bool) -> None:
        """Stand out, or not."""
        self._lit = lit
        self.repaint()

    def line(self, y: int) -> Strip:
        """The edge from corner to corner."""
        return self.strip(edge_line(self._corners, self._text, self.size.width, lit=self._lit))


class Room(Container):
    """A container that is painted where a layout has changed it; Textual's is painted whole once more."""

    def refresh(
        self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False
    ) -> Self:
        """Repaint; called by Textual after any change of size."""
        return super().refresh(*regions, repaint=repaint and not layout, layout=layout, recompose=recompose)


class Panel(Room):
    """A box around widgets; its edges are lit while one of them has the focus.

    Textual's own border titles repaint all that the border surrounds; the edges here are lines of their own.

    Args:
        children: What is inside.
        title: In the top edge; may come from outside.
        note: In the bottom edge; may come from outside.
        id: Id for CSS and queries.
    """

    DEFAULT_CSS = """
    Panel {
        width: 1fr;
        height: 1fr;
        & > Room { border-left: solid $border; border-right: solid $border; height: 1fr; }
    }
    """
    """Takes the room there is; the lines are dim."""

    def __init__(self, *children: Widget, title: Line = "", note: Line = "", id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._inside = Room(*children)
        self._top = PanelEdge(TOP, title)
        self._bottom = PanelEdge(BOTTOM, note)

    class TitleClicked(Message):
        """The title was clicked, so many cells from its beginning."""

        def __init__(self, panel: "Panel", place: int) -> None:
            self.panel = panel
            self.place = place
            super().__init__()

        @property
        def control(self) -> "Panel":
            """The panel, for `@on` with a selector."""
            return self.panel

    def on_click(self, event: events.Click) -> None:
        """Tell where the title was clicked."""
        edge = self._top.region
        if edge.contains(event.screen_x, event.screen_y):
            self.post_message(self.TitleClicked(self, event.screen_x - edge.x - TEXT_AT))

    def compose(self) -> ComposeResult:
        """Top edge, inside, bottom edge."""
        yield self._top
        yield self._inside
        yield self._bottom

    def show_title(self, title: Line) -> None:
        """Put something else in the top edge."""
        self._top.show(title)

    def show_note(self, note: Line) -> None:
        """Put something else in the bottom edge."""
        self._bottom.show(note)

    def on_descendant_focus(self) -> None:
        """Light the edges."""
        self._light(True)

    def on_descendant_blur(self) -> None:
        """Dim the edges."""
        self._light(False)

    def _light(self, lit: bool) -> None:
        self._top.light(lit)
        self._bottom.light(lit)
