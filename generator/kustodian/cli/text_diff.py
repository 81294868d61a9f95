"""The diff of a file's text, for commands that show a change."""

from __future__ import annotations

import difflib


def text_diff(name: str, before: str, after: str) -> str:
    """A unified diff that `git apply` accepts; empty if the texts are equal.

    A line that could do harm in a log (see `report/escape.py`) is escaped: it then does not apply.
    """
    from kustodian.report.escape import diff_line, plain

    shown = plain(name)
    lines = difflib.unified_diff(_lines(before), _lines(after), f"a/{shown}", f"b/{shown}")
    return "".join(
        diff_line(line) if line.endswith("\n") else f"{diff_line(line)}\n\\ No newline at end of file\n"
        for line in lines
    )


def _lines(text: str) -> list[str]:
    """The lines as git cuts them: at line feeds only."""
    parts = text.split("\n")
    return [f"{part}\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])
