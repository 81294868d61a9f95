"""The lines of a text, each cut out when it is accessed."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from itertools import accumulate
from typing import overload


class Lines(Sequence[str]):
    """The lines of a text as in `str.splitlines`.

    A report shows few lines of files that can be megabytes; a list of all lines takes several times the
    memory of the text.
    """

    def __init__(self, text: str) -> None:
        """Find the start of each line."""
        self._text = text
        self._last = (-1, "")  # a file with one long line may have all of the findings in it
        self._starts = array("I", accumulate(map(len, text.splitlines(keepends=True)), initial=0))

    def __len__(self) -> int:
        """The number of lines."""
        return len(self._starts) - 1

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        """A line, counted from 0, or a slice."""
        if isinstance(index, slice):
            return [self[position] for position in range(*index.indices(len(self)))]
        position = range(len(self))[index]
        if self._last[0] == position:
            return self._last[1]
        line = self._text[self._starts[position] : self._starts[position + 1]]
        self._last = (position, line.splitlines()[0])
        return self._last[1]
