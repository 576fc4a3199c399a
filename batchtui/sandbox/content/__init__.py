"""What batches are about: the answers and failures inside their result lines.

`jobs/` holds one kind of work per file, in sentences written for this project; `job` reads them and fills
their blanks from `words.toml`; `shapes` puts the other blocks of an answer around its text; `failures` are
the errors; `hostile` attacks the terminal; `lines` makes whole result lines.
"""

from batchtui.sandbox.content.lines import Writer

__all__ = ["Writer"]
