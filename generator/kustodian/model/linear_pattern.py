"""Regular expressions that a repository brings along, matched in linear time.

SOPS and kustomize are written in Go, whose `regexp` has RE2's syntax and guarantees. Python's `re` has
another syntax and may need exponential time, so a pattern from a pull request could stop a check.
"""

from __future__ import annotations

from functools import cache
from typing import Protocol


class LinearPattern(Protocol):
    """A compiled pattern."""

    def search(self, text: str) -> object | None:
        """A match anywhere in the text, or None."""

    def fullmatch(self, text: str) -> object | None:
        """A match of the whole text, or None."""


@cache
def linear_pattern(pattern: str) -> LinearPattern | None:
    """Compile a pattern in RE2's syntax; None where it is invalid or needs more than 8 MiB to match."""
    import re2  # type: ignore[import-untyped]  # few repositories bring patterns along

    options = re2.Options()
    options.log_errors = False
    try:
        compiled: LinearPattern = re2.compile(pattern, options=options)
    except re2.error:
        return None
    return compiled
