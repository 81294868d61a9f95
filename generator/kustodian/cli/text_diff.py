"""The diff of a file's text, for commands that show a change."""

from __future__ import annotations

import difflib


def text_diff(name: str, before: str, after: str) -> str:
    """A unified diff that `git apply` accepts; empty if the texts are equal."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    lines = difflib.unified_diff(old, new, f"a/{name}", f"b/{name}")
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
    )
