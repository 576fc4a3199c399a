"""Generated content of result lines.

`jobs/` has one kind of work per file, in sentences written for this project. `job` loads them and fills their
slots from `words.toml`, `shapes` adds the other blocks of a reply, `failures` has the errors, `hostile`
attacks the terminal, and `lines` writes whole result lines.
"""

from batchtui.sandbox.content.lines import Writer

__all__ = ["Writer"]
