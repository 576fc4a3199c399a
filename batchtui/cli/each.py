"""Commands that take several batches: one that fails does not keep the others from their turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from batchtui.cli.errors import Failed, explain
from batchtui.cli.output import say
from batchtui.process import FAILED
from batchtui.text import plural

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable


async def for_each(
    ids: Iterable[str], act: Callable[[str], Awaitable[None]], *, stop_at: tuple[type[Exception], ...] = ()
) -> None:
    """Act on each batch once, and report each failure on stderr as it happens.

    Args:
        ids: Batch IDs; duplicates are skipped.
        act: What to do with one of them.
        stop_at: Errors that any other batch would meet too.

    Raises:
        Failed: Some failed; with their exit code if they share one, else 1.
        ApiError: The only one failed, or one failed with an error of `stop_at`.
    """
    from batchtui.api import ApiError
    from batchtui.workspace import WorkspaceError

    wanted, codes = list(dict.fromkeys(ids)), list[int]()
    for batch_id in wanted:
        try:
            await act(batch_id)
        except (ApiError, WorkspaceError, Failed) as error:
            if len(wanted) == 1 or isinstance(error, stop_at):
                raise
            sentence, code = explain(error)
            sentence = sentence.removeprefix("batchtui: ")
            say(sentence if batch_id in sentence else f"{batch_id}: {sentence}")
            codes.append(code)
    if codes:
        code = codes[0] if len(set(codes)) == 1 else FAILED
        raise Failed(f"{len(codes)} of {plural(len(wanted), 'batch', 'batches')} failed.", code)
