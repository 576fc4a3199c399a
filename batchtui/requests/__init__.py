"""The requests of batches: read, checked, kept on this disk, and sent exactly once.

`prepare` makes of somebody's file what can be sent, `Submitter` sends it, `Journal` writes each step down
before it is taken, `KeptRequests` gives back what the API does not. Importing this costs nothing: each
name's module comes with its first use.
"""

from typing import TYPE_CHECKING

from batchtui.lazy import lazy_names

if TYPE_CHECKING:
    from batchtui.requests.attaching import Attached, Attaching, NotAttached
    from batchtui.requests.checking import Fault
    from batchtui.requests.finding import UNKNOWN_SECONDS, Finder, NotSubmitted, first_custom_ids
    from batchtui.requests.journal import Journal
    from batchtui.requests.kept import KeptRequests, Load, RequestBody, Span
    from batchtui.requests.preparing import Prepared, prepare, prepare_items
    from batchtui.requests.reading import Item, read_items
    from batchtui.requests.records import Part, PartState, Submission
    from batchtui.requests.store import JournalError
    from batchtui.requests.submitting import Found, Lost, OnSent, Refused, SendEvent, Sent, Submitter

__all__ = [
    "UNKNOWN_SECONDS",
    "Attached",
    "Attaching",
    "Fault",
    "Finder",
    "Found",
    "Item",
    "Journal",
    "JournalError",
    "KeptRequests",
    "Load",
    "Lost",
    "NotAttached",
    "NotSubmitted",
    "OnSent",
    "Part",
    "PartState",
    "Prepared",
    "Refused",
    "RequestBody",
    "SendEvent",
    "Sent",
    "Span",
    "Submission",
    "Submitter",
    "first_custom_ids",
    "prepare",
    "prepare_items",
    "read_items",
]

_MODULES = {
    "attaching": ("Attached", "Attaching", "NotAttached"),
    "checking": ("Fault",),
    "finding": ("UNKNOWN_SECONDS", "Finder", "NotSubmitted", "first_custom_ids"),
    "journal": ("Journal",),
    "kept": ("KeptRequests", "Load", "RequestBody", "Span"),
    "preparing": ("Prepared", "prepare", "prepare_items"),
    "reading": ("Item", "read_items"),
    "records": ("Part", "PartState", "Submission"),
    "store": ("JournalError",),
    "submitting": ("Found", "Lost", "OnSent", "Refused", "SendEvent", "Sent", "Submitter"),
}
__getattr__ = lazy_names(
    __name__, {name: f"{__name__}.{module}" for module, names in _MODULES.items() for name in names}
)
