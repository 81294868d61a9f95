"""`--format json`: the contract `kustodian/check/v1`."""

from __future__ import annotations

from kustodian.model.check_report import CheckReport, Comparison, OverlayOutcome
from kustodian.model.environment import Severity
from kustodian.model.finding import Finding, Status
from kustodian.model.json_value import JsonObject
from kustodian.model.object_graph import ObjectGraph
from kustodian.model.overlay import NotChecked
from kustodian.model.shard import ShardReport
from kustodian.report.formats import Style

SCHEMA = "kustodian/check/v1"


def as_json(report: CheckReport, style: Style) -> str:
    """The report as JSON, keys in a fixed order, with a newline at the end."""
    import orjson

    data = as_data(report, style.graph)
    return orjson.dumps(data, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()


def as_data(report: CheckReport, graphs: bool = False) -> JsonObject:
    """The report as plain data; file paths are relative to the working directory."""
    shard = {"shard": _shard(report, report.shard)} if report.shard else {}
    return {
        "schema": SCHEMA,
        **shard,
        "summary": {
            "overlays": sum(outcome.through is None for outcome in report.overlays),
            "objects": report.objects,
            "rules": report.rules,
            "error": report.count(Severity.ERROR),
            "warning": report.count(Severity.WARNING),
            "info": report.count(Severity.INFO),
            "waived": report.waived,
            "notChecked": sum(o.error is not None for o in report.overlays) + len(report.not_checked),
        },
        "comparison": _comparison(report, report.comparison) if report.comparison else None,
        "overlays": [_overlay(report, overlay, graphs) for overlay in report.overlays],
        "findings": [_finding(report, finding) for finding in report.findings],
        "fixed": [_finding(report, finding) for finding in report.comparison.fixed]
        if report.comparison
        else [],
        "notChecked": [_not_checked(report, error) for error in report.not_checked],
    }


def _comparison(report: CheckReport, comparison: Comparison) -> JsonObject:
    return {
        "commit": comparison.commit,
        "new": len(report.with_status(Status.NEW)),
        "fixed": len(comparison.fixed),
        "unchanged": len(report.with_status(Status.UNCHANGED)),
        "untouchedOverlays": comparison.untouched,
    }


def _overlay(report: CheckReport, outcome: OverlayOutcome, graphs: bool) -> JsonObject:
    graph = report.graphs.get(outcome.path) if graphs else None
    return {
        "path": report.shown(outcome.path),
        "environment": outcome.environment,
        "objects": outcome.objects,
        "error": _not_checked(report, outcome.error) if outcome.error else None,
        "through": report.shown(outcome.through) if outcome.through else None,
        **({"graph": _graph(graph)} if graph else {}),
    }


def _graph(graph: ObjectGraph) -> JsonObject:
    return {
        "nodes": [
            {
                "key": node.key,
                "kind": node.kind,
                "name": node.name,
                "layer": node.layer.name.lower(),
                "notes": list(node.notes),
                "inOverlay": node.in_overlay,
            }
            for node in graph.nodes
        ],
        "edges": [
            {"source": edge.source, "target": edge.target, "relation": edge.relation, "label": edge.label}
            for edge in graph.edges
        ],
        "alone": list(graph.alone),
    }


def _shard(report: CheckReport, part: ShardReport) -> JsonObject:
    return {
        "index": part.shard.index,
        "total": part.shard.total,
        "run": part.run,
        "failOn": part.fail_on,
        "usedWaivers": [
            {"file": report.shown(file), "line": line, "column": column}
            for file, line, column in part.used_waivers
        ],
    }


def _not_checked(report: CheckReport, error: NotChecked) -> JsonObject:
    return {
        "code": error.code,
        "message": error.message,
        "file": report.shown(error.file) if error.file else None,
        "line": error.line,
        "column": error.column,
    }


def _finding(report: CheckReport, finding: Finding) -> JsonObject:
    ref, source, waiver = finding.object, finding.source, finding.waiver
    return {
        "rule": finding.rule,
        "severity": str(finding.severity),
        "environment": finding.environment,
        "overlay": report.shown(finding.overlay),
        "object": {
            "apiVersion": ref.api_version, "kind": ref.kind, "namespace": ref.namespace, "name": ref.name,
        } if ref else None,
        "field": finding.field,
        "message": finding.message,
        "why": finding.why,
        "fix": finding.fix,
        "fixable": finding.fixable,
        "replacements": [
            {
                "file": report.shown(change.file), "line": change.line, "column": change.column,
                "endLine": change.end_line, "endColumn": change.end_column, "text": change.text,
            }
            for change in finding.replacements
        ],
        "tags": list(finding.tags),
        "source": {
            "file": report.shown(source.file), "line": source.line, "column": source.column,
            "endLine": source.end_line, "endColumn": source.end_column,
        },
        "fingerprint": finding.fingerprint,
        "status": finding.status,
        "waiver": {
            "reason": waiver.reason, "owner": waiver.owner, "expires": waiver.expires,
        } if waiver else None,
    }  # fmt: skip
