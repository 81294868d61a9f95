"""What a report shows at most: a hostile repository can have any number of findings and endless lines."""

from __future__ import annotations

from kustodian.model.finding import Finding

#: Causes in text and on the HTML page, and results in SARIF, of which GitHub takes as many in a run.
MOST_IN_TEXT = 5_000
MOST_ON_PAGE = 2_000
MOST_IN_SARIF = 25_000
#: The lines of a message after its first.
MOST_MESSAGE_LINES = 20
#: The longest line of source that is shown, in characters.
LONGEST_LINE = 400


def worst_groups(groups: list[list[Finding]], most: int) -> tuple[list[list[Finding]], int]:
    """At most `most` of these causes, the most severe ones in their order, and the number of the others."""
    if len(groups) <= most:
        return groups, 0
    order = sorted(range(len(groups)), key=lambda at: -max(finding.severity for finding in groups[at]))
    return [groups[at] for at in sorted(order[:most])], len(groups) - most


def window(line: str, column: int) -> tuple[str, int]:
    """A part of a line around a column (1-based), and the column in it; a short line is returned as it is."""
    line = line.rstrip("\n")
    if len(line) <= LONGEST_LINE:
        return line, column
    begin = max(0, min(column - 1 - LONGEST_LINE // 4, len(line) - LONGEST_LINE))
    end = begin + LONGEST_LINE
    head, tail = "… " if begin else "", " …" if end < len(line) else ""
    return f"{head}{line[begin:end]}{tail}", column - begin + len(head)
