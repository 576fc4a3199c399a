"""Turns Textual into a release in which a private name is called something else; Python runs it at the start.

`RENAMED` is the name. It is replaced in all of Textual's source, so Textual itself works as before. With
`CRASH`, the help fails when it opens, with a secret in a local variable.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import spec_from_file_location
from types import CodeType

NAME = os.environ["RENAMED"]
NEW_NAME = f"{NAME}_renamed"
WORD = re.compile(rf"\b{NAME}\b")
CRASH = """
def crash(self):
    secret = "sk-ant-" + "local"
    raise RuntimeError("error " + "text")
Help.compose = crash
"""


class RenamingLoader(SourceFileLoader):
    """Compiles Textual's source with the other name, and leaves no byte code of it behind."""

    def get_code(self, fullname: str) -> CodeType | None:
        source = self.get_source(fullname) or ""
        changed = WORD.sub(NEW_NAME, source) if fullname.startswith("textual") else source + CRASH
        return super().get_code(fullname) if changed == source else compile(changed, self.path, "exec")


class RenamingFinder:
    """Finds the modules to change."""

    @staticmethod
    def find_spec(fullname: str, path: Sequence[str] | None, _: object = None) -> ModuleSpec | None:
        is_crash = fullname == "batchtui.tui.dialogs.help" and "CRASH" in os.environ
        if not (is_crash or f"{fullname}.".startswith("textual.")):
            return None
        package, _, name = fullname.rpartition(".")
        if name == NAME:
            raise ModuleNotFoundError(fullname, name=fullname)
        if name == NEW_NAME:
            name = NAME
        spec = PathFinder.find_spec(f"{package}.{name}" if package else name, path)
        if spec is None or spec.origin is None:
            return None
        loader = RenamingLoader(fullname, spec.origin)
        locations = spec.submodule_search_locations
        return spec_from_file_location(fullname, loader=loader, submodule_search_locations=locations)


if __name__ == "sitecustomize":
    import sys

    sys.meta_path.insert(0, RenamingFinder)
