"""The overlays of the page: a row for each, with the picture or the list of its objects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from kustodian.model.environment import Severity
from kustodian.model.results.check_report import CheckReport, OverlayOutcome
from kustodian.model.results.object_graph import ObjectGraph
from kustodian.report.counts import listed, open_by_overlay, plural
from kustodian.report.html.picture import Found, Picture, picture_of

#: More pictures make a page slow to open; the overlays with the worst findings come first.
_MOST_PICTURES = 100
#: A picture with more boxes cannot be read: the page lists the objects instead.
_MOST_NODES = 140


class OverlayRow(NamedTuple):
    """An overlay; `state` is (kind, words).

    `graph` is None where its objects are not shown; `listed` are the objects where they are too many to draw.
    """

    path: str
    environment: str | None
    objects: str
    state: list[tuple[str, str]]
    graph: ObjectGraph | None
    listed: list[str]
    picture: Picture | None


def overlay_rows(report: CheckReport) -> tuple[list[OverlayRow], int]:
    """The rows, the worst overlay first, and the number of graphs that are not drawn."""
    numbers = open_by_overlay(report)
    outcomes = sorted(listed(report), key=lambda o: (*_badness(o, numbers.get(o.path, {})), o.path))
    drawn = [outcome.path for outcome in outcomes if outcome.path in report.graphs][:_MOST_PICTURES]
    found = _found(report, drawn)
    rows = [
        _row(report, outcome, numbers.get(outcome.path, {}), found.get(outcome.path)) for outcome in outcomes
    ]
    return rows, len(report.graphs) - len(drawn)


def _row(
    report: CheckReport,
    outcome: OverlayOutcome,
    numbers: Mapping[Severity, int],
    found: Mapping[str, Found] | None,
) -> OverlayRow:
    """The row of an overlay, with its picture where `found` is given."""
    graph = report.graphs[outcome.path] if found is not None else None
    nodes = graph.nodes if graph else ()
    crowded = len(nodes) > _MOST_NODES
    path = report.shown(outcome.path)
    return OverlayRow(
        path=path,
        environment=outcome.environment,
        objects=plural(outcome.objects, "object"),
        state=_state(outcome, numbers),
        graph=graph,
        listed=[node.key for node in nodes] if crowded else [],
        picture=picture_of(graph, path, found or {}) if graph and not crowded else None,
    )


def _state(outcome: OverlayOutcome, numbers: Mapping[Severity, int]) -> list[tuple[str, str]]:
    if outcome.error:
        return [("error", f"not checked: {outcome.error.code}")]
    counts = [
        (str(severity), plural(numbers[severity], str(severity)))
        for severity in reversed(Severity)
        if numbers.get(severity)
    ]
    return counts or [("clean", "clean")]


def _found(report: CheckReport, drawn: list[str]) -> dict[str, dict[str, Found]]:
    """What was found in each object of the overlays with a picture: by overlay, by the object's key."""
    found: dict[str, dict[str, Found]] = {path: {} for path in drawn}
    for finding in report.open_findings:
        if finding.overlay in found and finding.object is not None:
            own, key = found[finding.overlay], str(finding.object)
            severity, number = own.get(key, Found(finding.severity, 0))
            own[key] = Found(max(severity, finding.severity), number + 1)
    return found


def _badness(outcome: OverlayOutcome, numbers: Mapping[Severity, int]) -> tuple[int, ...]:
    """The sort key: not checked first, then by errors, warnings, info."""
    return (0 if outcome.error else 1, *(-numbers.get(severity, 0) for severity in reversed(Severity)))
