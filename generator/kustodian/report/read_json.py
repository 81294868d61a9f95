"""Reading a report that `--format json` wrote."""

from __future__ import annotations

from kustodian.model.edit import Replacement
from kustodian.model.environment import Severity
from kustodian.model.errors import UserError
from kustodian.model.finding import AppliedWaiver, Finding, Location, Status
from kustodian.model.json_value import JsonObject
from kustodian.model.manifest import ObjectRef
from kustodian.model.overlay import NotChecked
from kustodian.model.results.check_report import CheckReport, Comparison, OverlayOutcome
from kustodian.model.results.object_graph import GraphEdge, GraphNode, Layer, ObjectGraph, Relation
from kustodian.model.results.shard import Shard, ShardReport
from kustodian.report.check_schema import check_schema


def read_json(text: bytes, name: str) -> CheckReport:
    """The report as it was; `name` is the file, for errors.

    Paths stay as they are written: relative to the folder in which the check ran. Sources, rule pages and
    times are not in the file. Raises UserError for what is no such report.
    """
    data = _validated(text, name)
    comparison = data["comparison"]
    shard = data.get("shard")
    return CheckReport(
        overlays=[_overlay(entry) for entry in data["overlays"]],
        findings=[_finding(entry) for entry in data["findings"]],
        not_checked=[_not_checked(entry) for entry in data["notChecked"]],
        rules=data["summary"]["rules"],
        seconds=None,
        graphs={entry["path"]: _graph(entry["graph"]) for entry in data["overlays"] if entry.get("graph")},
        comparison=Comparison(
            comparison["commit"],
            tuple(_finding(entry) for entry in data["fixed"]),
            comparison["untouchedOverlays"],
        )
        if comparison
        else None,
        shard=_shard(shard) if shard else None,
    )


def _validated(text: bytes, name: str) -> JsonObject:
    import jsonschema_rs
    import orjson

    try:
        data = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise UserError(f"no JSON: {error.msg}", name, error.lineno, error.colno, _HINT) from None
    wrong = next(iter(jsonschema_rs.validator_for(check_schema()).iter_errors(data)), None)
    if wrong is not None:
        where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in wrong.instance_path)
        message = wrong.message if len(wrong.message) < 200 else f"{wrong.message[:200]} ..."
        raise UserError(
            f"no report of `kustodian check`: {where.lstrip('.') or 'it'}: {message}", name, hint=_HINT
        )
    report: JsonObject = data
    return report


_HINT = "give files that `kustodian check --format json=FILE` wrote"


def _overlay(data: JsonObject) -> OverlayOutcome:
    error = _not_checked(data["error"]) if data["error"] else None
    return OverlayOutcome(data["path"], data["environment"], data["objects"], error, data["through"])


def _not_checked(data: JsonObject) -> NotChecked:
    return NotChecked(data["code"], data["message"], data["file"], data["line"], data["column"])


def _finding(data: JsonObject) -> Finding:
    ref, source, waiver = data["object"], data["source"], data["waiver"]
    return Finding(
        rule=data["rule"],
        severity=Severity.parse(data["severity"]),
        message=data["message"],
        fix=data["fix"],
        why=data["why"],
        environment=data["environment"],
        overlay=data["overlay"],
        object=ObjectRef(ref["apiVersion"], ref["kind"], ref["namespace"], ref["name"]) if ref else None,
        field=data["field"],
        source=Location(
            source["file"], source["line"], source["column"], source["endLine"], source["endColumn"]
        ),
        tags=tuple(data["tags"]),
        fingerprint=data["fingerprint"],
        waiver=AppliedWaiver(waiver["reason"], waiver["owner"], waiver["expires"]) if waiver else None,
        fixable=data["fixable"],
        status=Status(data["status"]) if data["status"] else None,
        replacements=tuple(
            Replacement(
                change["file"], change["line"], change["column"],
                change["endLine"], change["endColumn"], change["text"],
            )
            for change in data.get("replacements", ())
        ),
    )  # fmt: skip


def _graph(data: JsonObject) -> ObjectGraph:
    return ObjectGraph(
        nodes=tuple(
            GraphNode(
                node["key"], node["kind"], node["name"], Layer[node["layer"].upper()],
                tuple(node["notes"]), node["inOverlay"],
            )
            for node in data["nodes"]
        ),
        edges=tuple(
            GraphEdge(edge["source"], edge["target"], Relation(edge["relation"]), edge["label"])
            for edge in data["edges"]
        ),
        alone=tuple(data["alone"]),
    )  # fmt: skip


def _shard(data: JsonObject) -> ShardReport:
    used = tuple((place["file"], place["line"], place["column"]) for place in data["usedWaivers"])
    return ShardReport(Shard(data["index"], data["total"]), data["run"], data["failOn"], used)
