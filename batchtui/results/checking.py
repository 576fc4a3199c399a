"""Looks complete results over before they are believed: their seal, their index, their number."""

from __future__ import annotations

import time
from contextlib import closing

from batchtui.results.files import ResultFiles
from batchtui.results.index import remove_index
from batchtui.results.index_sum import check_index
from batchtui.results.lock import writing
from batchtui.results.sealing import find_damage, is_sealed
from batchtui.results.writer import ResultWriter

RECHECK_SECONDS = 86_400
"""How long a digest that was checked is trusted by `check_again`."""


def check_saved(files: ResultFiles, expected: int | None, *, thorough: bool = False) -> str:
    """Say what is wrong with complete results, in a few words; empty if nothing is.

    Makes their index if it is missing or wrong, and seals results of older versions. Only who holds the
    lock may call this.

    Args:
        files: The batch's files.
        expected: Requests in the batch, if known.
        thorough: Check the digest even if the file looks unchanged.
    """
    damage = find_damage(files, thorough=thorough)
    if damage:
        remove_index(files)
    if damage or not is_sealed(files) or not check_index(files):
        with closing(ResultWriter(files)) as writer:
            if not damage and not is_sealed(files):
                tally = writer.tally(expected)
                damage = f"{tally.custom_ids:,} of {expected:,} results" if tally.missing else ""
                if not damage:
                    writer.finish()
    return damage


def check_again(files: ResultFiles) -> str:
    """Check the digest of complete results once a day; returns as `check_saved` does.

    It takes a fifth of a second for 268 MB. Does nothing while somebody else is at the files.
    """
    with writing(files) as is_ours:
        if not is_ours or not files.is_complete or not is_sealed(files):
            return ""
        if time.time() - files.seal.stat().st_mtime < RECHECK_SECONDS:
            return ""
        return check_saved(files, None, thorough=True)
