"""`kustodian diff --format markdown`: a comment for a pull request."""

from __future__ import annotations

from kustodian.model.results.difference import Difference
from kustodian.report.counts import plural
from kustodian.report.diff.groups import Group, by_risk, groups, heading, lines, some, summary
from kustodian.report.escape import code_fence, diff_line, markdown_html

#: The longest comment that GitHub accepts, in characters, less what surrounds the list.
_COMMENT_LIMIT = 60_000


def as_markdown(difference: Difference) -> str:
    """A comment for a pull request; it says so if overlays do not fit."""
    parts = [f"<!-- kustodian diff -->\n### What changes in the cluster\n\n{summary(difference)}\n"]
    size = len(parts[0])
    found = groups(difference)
    for index, group in enumerate(found):
        part = _details(group, with_body=True)
        if size + len(part) > _COMMENT_LIMIT:  # risks may fit where fields do not
            part = _details(group, with_body=False)
        if size + len(part) > _COMMENT_LIMIT:
            left = sum(map(len, found[index:]))
            parts.append(
                f"\n{plural(left, 'more overlay')} found no room here: `kustodian diff` shows all.\n"
            )
            break
        parts.append(part)
        size += len(part)
    return "".join(parts)


def _details(group: Group, *, with_body: bool) -> str:
    overlay = group[0]
    notes = "".join(f"- **{_escaped(note)}**\n" for note in overlay.notes)
    for risk, names in by_risk(overlay).items():
        notes += f"- **{_escaped(risk)}**: {_escaped(some(names))}\n"
    body = "\n".join(map(diff_line, lines(group))) if with_body else ""
    fence = code_fence(body)
    fields = (
        f"{fence}diff\n{body}\n{fence}" if body else "The fields found no room: `kustodian diff` shows them."
    )
    if overlay.error:
        fields = ""
    return f"\n<details><summary>{_escaped(heading(group))}</summary>\n\n{notes}\n{fields}\n</details>\n"


def _escaped(text: str) -> str:
    """Text without markup or mentions."""
    return markdown_html(text, marks="\\*`_[~")
