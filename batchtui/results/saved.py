"""The results of one workspace on this disk, and a temporary folder for where they cannot be saved."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path

from batchtui.config import ConfigError, private_dir
from batchtui.results.files import ResultFiles


class SavedResults:
    """Where the results of batches are. What only looks never raises: `notice` says what is wrong.

    Args:
        folder: The folder of saved results, made when it is needed; None where nothing is to be saved.
    """

    def __init__(self, folder: Path | None) -> None:
        self.notice: str | None = None
        """One sentence for the person, when results cannot be saved."""
        self._path = folder
        self._scratch = ExitStack()

    def files(self, batch_id: str) -> ResultFiles:
        """The files of one batch, whether they are here yet or not.

        Where they cannot be saved, they are in a temporary folder, which `close` removes.

        Raises:
            OSError: There cannot be a temporary folder either.
        """
        folder = self._folder()
        if folder:
            saved = ResultFiles(folder, batch_id)
            if saved.is_complete or os.access(folder, os.W_OK):
                return saved
            self.notice = f"Results are not saved: the folder {folder} cannot be written."
        return ResultFiles(self._temporary, batch_id)

    def size(self, batch_id: str) -> int | None:
        """Bytes of the results of a batch, if they are complete and stay on this disk."""
        folder = self._folder()
        files = ResultFiles(folder, batch_id) if folder else None
        return files.size if files and files.is_complete else None

    def complete(self, batch_ids: Sequence[str]) -> list[str]:
        """Those of some batches that are complete and stay on this disk; one look at the folder for all."""
        folder = self._folder()
        names = {path.name for path in folder.iterdir()} if folder else set()
        return [one for one in batch_ids if folder and ResultFiles(folder, one).complete.name in names]

    def close(self) -> None:
        """Removes what cannot stay."""
        self._scratch.close()

    @cached_property
    def _temporary(self) -> Path:
        from batchtui.disk.scratch import scratch_folder  # 6 ms to import, and rarely needed

        return self._scratch.enter_context(scratch_folder())

    def _folder(self) -> Path | None:
        """The folder of saved results, if it can be used."""
        if self._path is None:
            return None
        try:
            folder = private_dir(self._path)
        except ConfigError as error:
            self.notice = f"Results are not saved: {error}"
            return None
        if os.access(folder, os.R_OK | os.X_OK):
            return folder
        self.notice = f"Results are not saved: the folder {folder} cannot be read."
        return None
