"""Errors of submitting; each message says what is wrong and what to do next."""

from __future__ import annotations

import sqlite3

from batchtui.config import ConfigError
from batchtui.disk import NewerSchema

UNREADABLE = (ConfigError, NewerSchema, OSError, sqlite3.Error)
"""Raised when a folder or a file of submissions cannot be used."""


class SubmissionError(Exception):
    """A submission, a resubmission or an attachment is not possible."""


class NotSubmitted(Exception):
    """Part of a submission was not accepted. The message says what happened to it and what to do."""


class JournalError(OSError):
    """The journal cannot be read or written."""
