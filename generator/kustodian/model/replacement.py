"""A proposed change of a file, as the text that goes and the text that comes."""

from __future__ import annotations

from typing import NamedTuple


class Replacement(NamedTuple):
    """Put `text` in the place of a stretch of a file; the end is exclusive, an empty stretch inserts.

    Lines and columns are 1-based, columns count characters. `file` is relative to the repository root.
    """

    file: str
    line: int
    column: int
    end_line: int
    end_column: int
    text: str
