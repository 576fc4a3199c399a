"""Submits request files and failed requests as batches, each once, and stores what was sent.

`Submissions` is the front door. Names are imported on first use.
"""

from typing import TYPE_CHECKING

from batchtui.lazy import lazy_names

if TYPE_CHECKING:
    from batchtui.submissions.attaching import Attached, Attachment
    from batchtui.submissions.errors import UNREADABLE, JournalError, NotSubmitted, SubmissionError
    from batchtui.submissions.estimation import Estimate, estimate
    from batchtui.submissions.finder import APPEAR_SECONDS
    from batchtui.submissions.lineage import Origin
    from batchtui.submissions.parsing import Item
    from batchtui.submissions.plan import Plan
    from batchtui.submissions.preparing import OnProgress, Prepared
    from batchtui.submissions.records import Part, PartState, Submission
    from batchtui.submissions.request_file import RequestBody
    from batchtui.submissions.resubmission import FAILED, Failures
    from batchtui.submissions.sender import BatchFound, OnEvent, ResponseLost, Retrying, SendEvent, Uploaded
    from batchtui.submissions.service import Submissions
    from batchtui.submissions.workflow import check_file

_MODULES = {
    "attaching": ("Attached", "Attachment"),
    "errors": ("UNREADABLE", "JournalError", "NotSubmitted", "SubmissionError"),
    "estimation": ("Estimate", "estimate"),
    "finder": ("APPEAR_SECONDS",),
    "lineage": ("Origin",),
    "parsing": ("Item",),
    "plan": ("Plan",),
    "preparing": ("OnProgress", "Prepared"),
    "records": ("Part", "PartState", "Submission"),
    "request_file": ("RequestBody",),
    "resubmission": ("FAILED", "Failures"),
    "sender": ("BatchFound", "OnEvent", "ResponseLost", "Retrying", "SendEvent", "Uploaded"),
    "service": ("Submissions",),
    "workflow": ("check_file",),
}

__all__ = [
    "APPEAR_SECONDS",
    "FAILED",
    "UNREADABLE",
    "Attached",
    "Attachment",
    "BatchFound",
    "Estimate",
    "Failures",
    "Item",
    "JournalError",
    "NotSubmitted",
    "OnEvent",
    "OnProgress",
    "Origin",
    "Part",
    "PartState",
    "Plan",
    "Prepared",
    "RequestBody",
    "ResponseLost",
    "Retrying",
    "SendEvent",
    "Submission",
    "SubmissionError",
    "Submissions",
    "Uploaded",
    "check_file",
    "estimate",
]

__getattr__ = lazy_names(
    __name__, {name: f"{__name__}.{module}" for module, names in _MODULES.items() for name in names}
)
