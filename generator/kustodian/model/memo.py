"""What functions say of a value that many rules look at, kept with the value."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, Self, TypeVar

_T = TypeVar("_T")


class Asked:
    """A value that does not change; what is derived from it is derived once, and goes with it."""

    def once(self, ask: Callable[[Self], _T]) -> _T:
        """What a function says of this value, asked the first time only."""
        said = self._said
        if ask not in said:
            said[ask] = ask(self)
        found: _T = said[ask]
        return found

    @cached_property
    def _said(self) -> dict[Callable[..., Any], Any]:
        return {}
