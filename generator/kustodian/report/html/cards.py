"""The cards of the page: a cause, or something that could not be checked."""

from __future__ import annotations

import shlex
from typing import NamedTuple

from kustodian.model.finding import Finding, Status
from kustodian.model.overlay import NotChecked
from kustodian.model.results.check_report import CheckReport
from kustodian.report.causes import places, worst

#: Lines of source before and after the one with the finding.
_CONTEXT = 3
#: The longest line that is shown: a line of data (a certificate, a dashboard) would stretch the page.
_LONGEST_LINE = 400
#: The most objects that are named on a card.
_NAMED = 4


class SourceLine(NamedTuple):
    """A line of source; `marked` and `after` are the rest of the line that has the finding."""

    number: int
    text: str
    marked: str | None = None
    after: str = ""


class Card(NamedTuple):
    """A cause, with the finding that represents it; `about` names its objects in words.

    `status` is "new" or "worse" after a comparison, else "". `where` is the command that shows where the
    object's values come from, "" without an object.
    """

    finding: Finding
    environments: str
    objects: list[str]
    about: str
    places: list[str]
    status: str
    place: str
    lines: list[SourceLine]
    where: str


class Failure(NamedTuple):
    """Something that could not be checked; `place` is "" where it has none."""

    error: NotChecked
    place: str


def card(report: CheckReport, group: list[Finding]) -> Card:
    """The card of a cause."""
    finding = worst(group)
    source = finding.source
    named = list(dict.fromkeys(str(f.object) for f in group if f.object))
    more = f" and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
    return Card(
        finding=finding,
        environments="|".join(sorted({f.environment or "" for f in group})),
        objects=sorted(named),
        about=", ".join(named[:_NAMED]) + more,
        places=places(group),
        status=str(finding.status) if finding.status in (Status.NEW, Status.WORSE) else "",
        place=f"{report.shown(source.file)}:{source.line}:{source.column}",
        lines=_lines(report, finding),
        where=_where(report, finding),
    )


def _where(report: CheckReport, finding: Finding) -> str:
    if finding.object is None or finding.overlay in (".", "-"):
        return ""
    name = f"{finding.object.kind}/{finding.object.name}"
    return shlex.join(["kustodian", "where", report.shown(finding.overlay), name])


def failure(report: CheckReport, overlay: str | None, error: NotChecked) -> Failure:
    """The card of what could not be checked."""
    file = error.file or overlay
    place = report.shown(file) if file else ""
    return Failure(error, place + (f":{error.line}" if error.file and error.line else ""))


def _lines(report: CheckReport, finding: Finding) -> list[SourceLine]:
    """The lines around a finding; none where the source is not known."""
    source = finding.source
    lines = report.sources.get(source.file)
    if not lines or source.line > len(lines):
        return []
    first, last = max(1, source.line - _CONTEXT), min(len(lines), source.line + _CONTEXT)
    return [
        _marked(lines[number - 1], finding)
        if number == source.line
        else SourceLine(number, lines[number - 1][:_LONGEST_LINE])
        for number in range(first, last + 1)
    ]


def _marked(text: str, finding: Finding) -> SourceLine:
    source = finding.source
    start = min(source.column - 1, len(text))
    end = len(text)
    if source.end_line == source.line and source.end_column is not None:
        end = min(max(source.end_column - 1, start + 1), len(text))
    return SourceLine(
        source.line,
        text[:start][-_LONGEST_LINE:],
        text[start:end][:_LONGEST_LINE],
        text[end:][:_LONGEST_LINE],
    )
