"""One batch's results as a local file: fetch, index, read, query, search, export.

`Fetcher` brings them here, `Results` reads them while they come, `View` is what a `Query` finds.
Importing this costs nothing: each name's module comes with its first use.
"""

from typing import TYPE_CHECKING

from batchtui.lazy import lazy_names

if TYPE_CHECKING:
    from batchtui.results.blocks import Block, Citation
    from batchtui.results.checking import check_again, check_saved
    from batchtui.results.errors import Advice, ErrorGroup, advice
    from batchtui.results.exporting import (
        ExportCancelled,
        export,
        export_merged,
        export_to_file,
        write_merged,
    )
    from batchtui.results.fetch import Fetcher
    from batchtui.results.files import ResultFiles
    from batchtui.results.formats import Format
    from batchtui.results.lock import writing
    from batchtui.results.merging import Chosen, merge
    from batchtui.results.message import OpenedResult, ResultError, open_result
    from batchtui.results.pattern import Pattern, PatternTooSlow
    from batchtui.results.progress import Progress, State
    from batchtui.results.query import EVERYTHING, Query, Sort
    from batchtui.results.reader import Results, View
    from batchtui.results.row import OUTCOMES, Flag, ResultRow
    from batchtui.results.searching import Hit, search
    from batchtui.results.session import OpenResults, Pace, Stream

__all__ = [
    "EVERYTHING",
    "OUTCOMES",
    "Advice",
    "Block",
    "Chosen",
    "Citation",
    "ErrorGroup",
    "ExportCancelled",
    "Fetcher",
    "Flag",
    "Format",
    "Hit",
    "OpenResults",
    "OpenedResult",
    "Pace",
    "Pattern",
    "PatternTooSlow",
    "Progress",
    "Query",
    "ResultError",
    "ResultFiles",
    "ResultRow",
    "Results",
    "Sort",
    "State",
    "Stream",
    "View",
    "advice",
    "check_again",
    "check_saved",
    "export",
    "export_merged",
    "export_to_file",
    "merge",
    "open_result",
    "search",
    "write_merged",
    "writing",
]

_MODULES = {
    "blocks": ("Block", "Citation"),
    "checking": ("check_again", "check_saved"),
    "errors": ("Advice", "ErrorGroup", "advice"),
    "exporting": ("ExportCancelled", "export", "export_merged", "export_to_file", "write_merged"),
    "fetch": ("Fetcher",),
    "files": ("ResultFiles",),
    "formats": ("Format",),
    "merging": ("Chosen", "merge"),
    "lock": ("writing",),
    "message": ("OpenedResult", "ResultError", "open_result"),
    "pattern": ("Pattern", "PatternTooSlow"),
    "progress": ("Progress", "State"),
    "query": ("EVERYTHING", "Query", "Sort"),
    "reader": ("Results", "View"),
    "row": ("OUTCOMES", "Flag", "ResultRow"),
    "searching": ("Hit", "search"),
    "session": ("OpenResults", "Pace", "Stream"),
}
__getattr__ = lazy_names(
    __name__, {name: f"{__name__}.{module}" for module, names in _MODULES.items() for name in names}
)
