"""The contract `kustodian/check/v1`: `--format json` of `check`.

The tables below are the contract; docs/schemas/check.schema.json is generated from them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from kustodian.model.edit import Replacement
from kustodian.model.environment import Severity
from kustodian.model.finding import AppliedWaiver, Finding, Location, Status, Worsening
from kustodian.model.json_value import JsonObject
from kustodian.model.overlay import NotChecked
from kustodian.model.results.check_report import CheckReport, Comparison, OverlayOutcome
from kustodian.model.results.object_graph import GraphEdge, GraphNode, Layer, ObjectGraph, Relation
from kustodian.model.results.shard import Shard, ShardReport
from kustodian.report.counts import failures, listed
from kustodian.report.escape import json_text
from kustodian.report.formats import Style
from kustodian.report.json.description import (
    COUNT,
    FLAG,
    OBJECT,
    PLACE,
    TEXT,
    Field,
    Shape,
    choice,
    constant,
    document,
    list_of,
    or_null,
    record,
    reference,
)  # fmt: skip


class _Context(NamedTuple):
    """What the writer of a field needs to know beside the value."""

    report: CheckReport
    graphs: bool


def as_json(report: CheckReport, style: Style) -> str:
    """The report as JSON, keys in a fixed order, with a newline at the end."""
    data = _REPORT.write(report, _Context(report, style.graph))
    return json_text(data)


def from_data(data: JsonObject) -> CheckReport:
    """The report of a document that the schema accepts."""
    report: CheckReport = _REPORT.read(data)
    return report


def check_schema() -> JsonObject:
    """The schema of the document, as JSON Schema 2020-12."""
    return document(
        "kustodian check --format json",
        _REPORT,
        notChecked=_NOT_CHECKED,
        overlay=_OVERLAY,
        finding=_FINDING,
    )


def _count(of: Callable[[Any], int]) -> Field:
    return Field(COUNT, lambda value, _: of(value), derived=True)


_SEVERITY = Shape(
    {"enum": [str(severity) for severity in Severity]},
    write=lambda severity, _: str(severity),
    read=Severity.parse,
)
#: A path in the repository; in the document it is relative to the working directory.
_PATH = Shape(TEXT.schema, write=lambda path, context: context.report.shown(path))

_NOT_CHECKED = record(
    NotChecked,
    {
        "code": TEXT,
        "message": TEXT,
        "file": or_null(_PATH),
        "line": or_null(PLACE),
        "column": or_null(PLACE),
    },
)

_NODE = record(
    GraphNode,
    {
        "key": TEXT,
        "kind": TEXT,
        "name": TEXT,
        "layer": Shape(
            {"enum": [layer.name.lower() for layer in Layer]},
            write=lambda layer, _: layer.name.lower(),
            read=lambda name: Layer[name.upper()],
        ),
        "notes": list_of(TEXT),
        "inOverlay": FLAG,
    },
)
_EDGE = record(GraphEdge, {"source": TEXT, "target": TEXT, "relation": choice(Relation), "label": TEXT})
_GRAPH = record(ObjectGraph, {"nodes": list_of(_NODE), "edges": list_of(_EDGE), "alone": list_of(TEXT)})


class _ReadOverlay(NamedTuple):
    """An entry of `overlays`, which holds what a report keeps in two places."""

    outcome: OverlayOutcome
    graph: ObjectGraph | None


def _read_overlay(graph: ObjectGraph | None = None, **outcome: Any) -> _ReadOverlay:
    return _ReadOverlay(OverlayOutcome(**outcome), graph)


def _graph(outcome: OverlayOutcome, context: _Context) -> ObjectGraph | None:
    return context.report.graphs.get(outcome.path) if context.graphs else None


_OVERLAY = record(
    _read_overlay,
    {
        "path": _PATH,
        "environment": or_null(TEXT),
        "objects": COUNT,
        "error": or_null(reference("notChecked", _NOT_CHECKED)),
        "through": or_null(_PATH),
        "graph": Field(_GRAPH, _graph, optional=True),
    },
)

_LOCATION = record(
    Location,
    {
        "file": _PATH,
        "line": PLACE,
        "column": PLACE,
        "endLine": or_null(PLACE),
        "endColumn": or_null(PLACE),
    },
)
_REPLACEMENT = record(
    Replacement,
    {
        "file": _PATH,
        "line": PLACE,
        "column": PLACE,
        "endLine": PLACE,
        "endColumn": PLACE,
        "text": TEXT,
    },
)
_FINDING = record(
    Finding,
    {
        "rule": TEXT,
        "severity": _SEVERITY,
        "environment": or_null(TEXT),
        "overlay": _PATH,
        "object": or_null(OBJECT),
        "field": TEXT,
        "message": TEXT,
        "why": TEXT,
        "fix": TEXT,
        "fixable": FLAG,
        "replacements": Field(list_of(_REPLACEMENT), optional=True),
        "tags": list_of(TEXT),
        "source": _LOCATION,
        "fingerprint": TEXT,
        "status": or_null(choice(Status)),
        "worse": Field(record(Worsening, {"was": TEXT, "now": TEXT}), optional=True),
        "waiver": or_null(record(AppliedWaiver, {"reason": TEXT, "owner": TEXT, "expires": TEXT})),
    },
)


def _read_shard(index: int, total: int, **rest: Any) -> ShardReport:
    return ShardReport(Shard(index, total), **rest)


_SHARD = record(
    _read_shard,
    {
        "index": Field(PLACE, "shard.index"),
        "total": Field(PLACE, "shard.total"),
        "run": TEXT,
        "failOn": Shape(_SEVERITY.schema),
        "usedWaivers": Field(
            list_of(
                record(
                    lambda file, line, column: (file, line, column),
                    {"file": _PATH, "line": PLACE, "column": PLACE},
                )
            ),
            lambda part, _: [Location(*place) for place in part.used_waivers],
        ),
    },
)

_SUMMARY = record(
    dict,
    {
        "overlays": _count(lambda report: len(listed(report))),
        "objects": _count(lambda report: report.objects),
        "rules": COUNT,
        "error": _count(lambda report: report.count(Severity.ERROR)),
        "warning": _count(lambda report: report.count(Severity.WARNING)),
        "info": _count(lambda report: report.count(Severity.INFO)),
        "waived": _count(lambda report: report.waived),
        "notChecked": _count(lambda report: len(failures(report))),
    },
)
_COMPARISON = record(
    dict,
    {
        "commit": Field(TEXT, "comparison.commit"),
        "new": _count(lambda report: len(report.with_status(Status.NEW))),
        "worse": _count(lambda report: len(report.with_status(Status.WORSE))),
        "waivedWorse": _count(lambda report: len(report.waived_worse)),
        "fixed": _count(lambda report: len(report.comparison.fixed)),
        "unchanged": _count(lambda report: len(report.with_status(Status.UNCHANGED))),
        "untouchedOverlays": Field(COUNT, "comparison.untouched"),
    },
)


def _read_report(
    summary: JsonObject,
    comparison: JsonObject | None,
    overlays: Sequence[_ReadOverlay],
    findings: Sequence[Finding],
    fixed: Sequence[Finding],
    not_checked: Sequence[NotChecked],
    shard: ShardReport | None = None,
) -> CheckReport:
    return CheckReport(
        overlays=[overlay.outcome for overlay in overlays],
        findings=list(findings),
        not_checked=list(not_checked),
        rules=summary["rules"],
        seconds=None,
        graphs={overlay.outcome.path: overlay.graph for overlay in overlays if overlay.graph},
        comparison=Comparison(comparison["commit"], tuple(fixed), comparison["untouched_overlays"])
        if comparison
        else None,
        shard=shard,
    )


_REPORT = record(
    _read_report,
    {
        "schema": constant("kustodian/check/v1"),
        "shard": Field(_SHARD, optional=True),
        "summary": Field(_SUMMARY, lambda report, _: report),
        "comparison": Field(or_null(_COMPARISON), lambda report, _: report if report.comparison else None),
        "overlays": list_of(reference("overlay", _OVERLAY)),
        "findings": list_of(reference("finding", _FINDING)),
        "fixed": Field(
            list_of(reference("finding", _FINDING)),
            lambda report, _: report.comparison.fixed if report.comparison else (),
        ),
        "notChecked": list_of(reference("notChecked", _NOT_CHECKED)),
    },
)
