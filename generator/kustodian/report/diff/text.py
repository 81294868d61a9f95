"""`kustodian diff --format text`."""

from __future__ import annotations

from kustodian.model.results.difference import Difference
from kustodian.report.diff.groups import groups, heading, lines, summary
from kustodian.report.escape import diff_line


def as_text(difference: Difference) -> str:
    """The changes overlay by overlay, a line for each object and field."""
    written = []
    for group in groups(difference):
        written += [heading(group), *lines(group), ""]
    return "\n".join(map(diff_line, [*written, summary(difference), ""]))
