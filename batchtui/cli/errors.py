"""Turn exceptions into error messages and exit codes."""

from __future__ import annotations

import click

from batchtui.process import FAILED, NOT_AUTHORIZED, NOT_REACHABLE, USAGE, interrupted_code
from batchtui.text import clean_line


class Failed(Exception):
    """A command failed; with a message and an exit code."""

    def __init__(self, sentence: str, code: int = FAILED) -> None:
        super().__init__(sentence)
        self.code = code


def explain(error: BaseException) -> tuple[str, int]:
    """Return the message for stderr, which may be empty, and the exit code.

    Raises:
        BaseException: The error itself, if it is a bug.
    """
    if isinstance(error, click.exceptions.Exit):
        return "", error.exit_code
    if isinstance(error, KeyboardInterrupt | click.Abort):
        return "Interrupted.", interrupted_code()
    if isinstance(error, click.ClickException):
        return _usage(error), error.exit_code
    code = _code(error)
    if code is None:
        raise error
    return f"batchtui: {_safe(str(error))}", code


def _usage(error: click.ClickException) -> str:
    hint = ""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        return error.format_message()
    if isinstance(error, click.UsageError) and error.ctx:
        hint = f"\nTry `{error.ctx.command_path} --help`."
    return f"batchtui: {_safe(error.format_message())}{hint}"


def _safe(text: str) -> str:
    from batchtui.config import redact

    return clean_line(redact(text))


def _code(error: BaseException) -> int | None:
    """Return the exit code of an expected error; None for a bug."""
    import sqlite3

    from batchtui.api import ApiError, NotAuthorized, NotReachable
    from batchtui.config import ConfigError, MissingKey
    from batchtui.disk import NewerSchema
    from batchtui.submissions import NotSubmitted, SubmissionError
    from batchtui.workspace import WorkspaceError

    match error:
        case Failed():
            return error.code
        case NotSubmitted():
            return _code(error.__cause__ or SubmissionError())
        case MissingKey() | NotAuthorized():
            return NOT_AUTHORIZED
        case ConfigError():
            return USAGE
        case NotReachable():
            return NOT_REACHABLE
        case ApiError() | SubmissionError() | WorkspaceError() | NewerSchema() | OSError() | sqlite3.Error():
            return FAILED
        case _:
            return None
