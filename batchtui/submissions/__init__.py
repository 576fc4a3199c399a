"""The requests of batches: read, checked, kept on this disk, and sent exactly once.

`prepare` makes of somebody's file what can be sent, `Submitter` sends it, `Journal` writes each step down
before it is taken, `KeptRequests` gives back what the API does not. Importing this costs nothing: each
name's module comes with its first use.
"""

from typing import TYPE_CHECKING

from batchtui.lazy import lazy_names

if TYPE_CHECKING:
    from batchtui.submissions.attaching import Attached, Attaching, NotAttached
    from batchtui.submissions.finder import UNKNOWN_SECONDS, Finder, NotSubmitted, first_custom_ids
    from batchtui.submissions.journal import Journal
    from batchtui.submissions.parsing import Item, read_items
    from batchtui.submissions.preparing import Prepared, prepare, prepare_items
    from batchtui.submissions.record_store import JournalError
    from batchtui.submissions.records import Part, PartState, Submission
    from batchtui.submissions.request_store import KeptRequests, Load, RequestBody, Span
    from batchtui.submissions.sender import Found, Lost, OnSent, Refused, SendEvent, Sent, Submitter
    from batchtui.submissions.service import (
        CANNOT_READ,
        FAILED,
        Estimate,
        Failures,
        Origin,
        SubmissionError,
        Submissions,
        estimate,
    )
    from batchtui.submissions.validation import Fault

__all__ = [
    "CANNOT_READ",
    "FAILED",
    "UNKNOWN_SECONDS",
    "Attached",
    "Attaching",
    "Estimate",
    "Failures",
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
    "Origin",
    "Part",
    "PartState",
    "Prepared",
    "Refused",
    "RequestBody",
    "SendEvent",
    "Sent",
    "Span",
    "Submission",
    "SubmissionError",
    "Submissions",
    "Submitter",
    "estimate",
    "first_custom_ids",
    "prepare",
    "prepare_items",
    "read_items",
]

_MODULES = {
    "attaching": (
        "Attached",
        "Attaching",
        "NotAttached",
    ),
    "finder": (
        "Finder",
        "NotSubmitted",
        "UNKNOWN_SECONDS",
        "first_custom_ids",
    ),
    "journal": ("Journal",),
    "parsing": (
        "Item",
        "read_items",
    ),
    "preparing": (
        "Prepared",
        "prepare",
        "prepare_items",
    ),
    "record_store": ("JournalError",),
    "records": (
        "Part",
        "PartState",
        "Submission",
    ),
    "request_store": (
        "KeptRequests",
        "Load",
        "RequestBody",
        "Span",
    ),
    "sender": (
        "Found",
        "Lost",
        "OnSent",
        "Refused",
        "SendEvent",
        "Sent",
        "Submitter",
    ),
    "service": (
        "CANNOT_READ",
        "Estimate",
        "FAILED",
        "Failures",
        "Origin",
        "SubmissionError",
        "Submissions",
        "estimate",
    ),
    "validation": ("Fault",),
}
__getattr__ = lazy_names(
    __name__, {name: f"{__name__}.{module}" for module, names in _MODULES.items() for name in names}
)
