"""The lines of a text, of which a report shows a few."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from itertools import accumulate
from typing import overload


class Lines(Sequence[str]):
    """The lines of a text without their ends, as `str.splitlines` cuts them; each is made when asked for.

    A list of all of them takes several times the memory of the text, and a platform's files have megabytes.
    """

    def __init__(self, text: str) -> None:
        """Remember where each line begins."""
        self._text = text
        self._starts = array("I", accumulate(map(len, text.splitlines(keepends=True)), initial=0))

    def __len__(self) -> int:
        """How many lines."""
        return len(self._starts) - 1

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        """A line, counted from 0, or several."""
        if isinstance(index, slice):
            return [self[position] for position in range(*index.indices(len(self)))]
        position = range(len(self))[index]
        line = self._text[self._starts[position] : self._starts[position + 1]]
        return line.splitlines()[0]
