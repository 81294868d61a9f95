"""Memoised results of functions of an immutable value."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, Self, TypeVar

_T = TypeVar("_T")


class Memoized:
    """An immutable value that stores the results of functions of it.

    Many rules derive the same facts from the same object; `value.memoized(facts_of)` computes them once.
    """

    def memoized(self, function: Callable[[Self], _T]) -> _T:
        """`function(self)`, computed on the first call. `function` must be pure and a module-level name."""
        results = self._memo
        if function not in results:
            results[function] = function(self)
        result: _T = results[function]
        return result

    @cached_property
    def _memo(self) -> dict[Callable[..., Any], Any]:
        return {}
