"""The JSON Schema of `kustodian/check/v1`, published as docs/schemas/check.schema.json.

Objects are open: fields are only ever added to the contract, and a reader must not fail on a new one.
"""

from __future__ import annotations

from kustodian.model.environment import Severity
from kustodian.model.finding import Status
from kustodian.model.json_value import JsonObject
from kustodian.model.object_graph import Layer, Relation
from kustodian.report.json import SCHEMA

_TEXT: JsonObject = {"type": "string"}
_TEXT_OR_NULL: JsonObject = {"type": ["string", "null"]}
_COUNT: JsonObject = {"type": "integer", "minimum": 0}
_PLACE: JsonObject = {"type": "integer", "minimum": 1}
_PLACE_OR_NULL: JsonObject = {"type": ["integer", "null"], "minimum": 1}
_FLAG: JsonObject = {"type": "boolean"}


def json_schema() -> JsonObject:
    """The schema, as JSON Schema 2020-12."""
    findings = _list_of({"$ref": "#/$defs/finding"})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "kustodian check --format json",
        **_object(
            {
                "schema": {"const": SCHEMA},
                "summary": _object(
                    dict.fromkeys(
                        ("overlays", "objects", "rules", "error", "warning", "info", "waived", "notChecked"),
                        _COUNT,
                    )
                ),
                "comparison": _or_null(
                    _object(
                        {
                            "commit": _TEXT,
                            "new": _COUNT,
                            "fixed": _COUNT,
                            "unchanged": _COUNT,
                            "untouchedOverlays": _COUNT,
                        }
                    )
                ),
                "overlays": _list_of({"$ref": "#/$defs/overlay"}),
                "findings": findings,
                "fixed": findings,
                "notChecked": _list_of({"$ref": "#/$defs/notChecked"}),
            },
            shard=_shard(),
        ),
        "$defs": {
            "notChecked": _object(
                {
                    "code": _TEXT,
                    "message": _TEXT,
                    "file": _TEXT_OR_NULL,
                    "line": _PLACE_OR_NULL,
                    "column": _PLACE_OR_NULL,
                }
            ),
            "overlay": _object(
                {
                    "path": _TEXT,
                    "environment": _TEXT_OR_NULL,
                    "objects": _COUNT,
                    "error": _or_null({"$ref": "#/$defs/notChecked"}),
                    "through": _TEXT_OR_NULL,
                },
                graph=_graph(),
            ),
            "finding": _finding(),
        },
    }


def _finding() -> JsonObject:
    reference = _object({"apiVersion": _TEXT, "kind": _TEXT, "namespace": _TEXT_OR_NULL, "name": _TEXT})
    source = _object(
        {
            "file": _TEXT,
            "line": _PLACE,
            "column": _PLACE,
            "endLine": _PLACE_OR_NULL,
            "endColumn": _PLACE_OR_NULL,
        }
    )
    return _object(
        {
            "rule": _TEXT,
            "severity": {"enum": [str(severity) for severity in Severity]},
            "environment": _TEXT_OR_NULL,
            "overlay": _TEXT,
            "object": _or_null(reference),
            "field": _TEXT,
            "message": _TEXT,
            "why": _TEXT,
            "fix": _TEXT,
            "fixable": _FLAG,
            "tags": _list_of(_TEXT),
            "source": source,
            "fingerprint": _TEXT,
            "status": {"enum": [*(str(status) for status in Status), None]},
            "waiver": _or_null(_object({"reason": _TEXT, "owner": _TEXT, "expires": _TEXT})),
        },
        replacements=_list_of(
            _object(
                {
                    "file": _TEXT,
                    "line": _PLACE,
                    "column": _PLACE,
                    "endLine": _PLACE,
                    "endColumn": _PLACE,
                    "text": _TEXT,
                }
            )
        ),
    )


def _graph() -> JsonObject:
    node = _object(
        {
            "key": _TEXT,
            "kind": _TEXT,
            "name": _TEXT,
            "layer": {"enum": [layer.name.lower() for layer in Layer]},
            "notes": _list_of(_TEXT),
            "inOverlay": _FLAG,
        }
    )
    relations = {"enum": [str(relation) for relation in Relation]}
    edge = _object({"source": _TEXT, "target": _TEXT, "relation": relations, "label": _TEXT})
    return _object({"nodes": _list_of(node), "edges": _list_of(edge), "alone": _list_of(_TEXT)})


def _shard() -> JsonObject:
    place = _object({"file": _TEXT, "line": _PLACE, "column": _PLACE})
    return _object(
        {
            "index": _PLACE,
            "total": _PLACE,
            "run": _TEXT,
            "failOn": {"enum": [str(severity) for severity in Severity]},
            "usedWaivers": _list_of(place),
        }
    )


def _object(required: JsonObject, **optional: JsonObject) -> JsonObject:
    return {"type": "object", "required": list(required), "properties": {**required, **optional}}


def _list_of(items: JsonObject) -> JsonObject:
    return {"type": "array", "items": items}


def _or_null(schema: JsonObject) -> JsonObject:
    return {"anyOf": [schema, {"type": "null"}]}
