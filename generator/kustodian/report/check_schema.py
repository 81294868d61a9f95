"""The JSON Schema of `kustodian/check/v1`, published as docs/schemas/check.schema.json."""

from __future__ import annotations

from kustodian.model.environment import Severity
from kustodian.model.finding import Status
from kustodian.model.json_value import JsonObject
from kustodian.model.results.object_graph import Layer, Relation
from kustodian.model.schema_parts import (
    COUNT,
    DIALECT,
    FLAG,
    OBJECT,
    PLACE,
    PLACE_OR_NULL,
    TEXT,
    TEXT_OR_NULL,
    list_of,
    object_of,
    or_null,
)  # fmt: skip
from kustodian.report.json import SCHEMA


def check_schema() -> JsonObject:
    """The schema, as JSON Schema 2020-12."""
    findings = list_of({"$ref": "#/$defs/finding"})
    return {
        "$schema": DIALECT,
        "title": "kustodian check --format json",
        **object_of(
            {
                "schema": {"const": SCHEMA},
                "summary": object_of(
                    dict.fromkeys(
                        ("overlays", "objects", "rules", "error", "warning", "info", "waived", "notChecked"),
                        COUNT,
                    )
                ),
                "comparison": or_null(
                    object_of(
                        {
                            "commit": TEXT,
                            "new": COUNT,
                            "fixed": COUNT,
                            "unchanged": COUNT,
                            "untouchedOverlays": COUNT,
                        }
                    )
                ),
                "overlays": list_of({"$ref": "#/$defs/overlay"}),
                "findings": findings,
                "fixed": findings,
                "notChecked": list_of({"$ref": "#/$defs/notChecked"}),
            },
            shard=_shard(),
        ),
        "$defs": {
            "notChecked": object_of(
                {
                    "code": TEXT,
                    "message": TEXT,
                    "file": TEXT_OR_NULL,
                    "line": PLACE_OR_NULL,
                    "column": PLACE_OR_NULL,
                }
            ),
            "overlay": object_of(
                {
                    "path": TEXT,
                    "environment": TEXT_OR_NULL,
                    "objects": COUNT,
                    "error": or_null({"$ref": "#/$defs/notChecked"}),
                    "through": TEXT_OR_NULL,
                },
                graph=_graph(),
            ),
            "finding": _finding(),
        },
    }


def _finding() -> JsonObject:
    source = object_of(
        {
            "file": TEXT,
            "line": PLACE,
            "column": PLACE,
            "endLine": PLACE_OR_NULL,
            "endColumn": PLACE_OR_NULL,
        }
    )
    return object_of(
        {
            "rule": TEXT,
            "severity": {"enum": [str(severity) for severity in Severity]},
            "environment": TEXT_OR_NULL,
            "overlay": TEXT,
            "object": or_null(OBJECT),
            "field": TEXT,
            "message": TEXT,
            "why": TEXT,
            "fix": TEXT,
            "fixable": FLAG,
            "tags": list_of(TEXT),
            "source": source,
            "fingerprint": TEXT,
            "status": {"enum": [*(str(status) for status in Status), None]},
            "waiver": or_null(object_of({"reason": TEXT, "owner": TEXT, "expires": TEXT})),
        },
        replacements=list_of(
            object_of(
                {
                    "file": TEXT,
                    "line": PLACE,
                    "column": PLACE,
                    "endLine": PLACE,
                    "endColumn": PLACE,
                    "text": TEXT,
                }
            )
        ),
    )


def _graph() -> JsonObject:
    node = object_of(
        {
            "key": TEXT,
            "kind": TEXT,
            "name": TEXT,
            "layer": {"enum": [layer.name.lower() for layer in Layer]},
            "notes": list_of(TEXT),
            "inOverlay": FLAG,
        }
    )
    relations = {"enum": [str(relation) for relation in Relation]}
    edge = object_of({"source": TEXT, "target": TEXT, "relation": relations, "label": TEXT})
    return object_of({"nodes": list_of(node), "edges": list_of(edge), "alone": list_of(TEXT)})


def _shard() -> JsonObject:
    place = object_of({"file": TEXT, "line": PLACE, "column": PLACE})
    return object_of(
        {
            "index": PLACE,
            "total": PLACE,
            "run": TEXT,
            "failOn": {"enum": [str(severity) for severity in Severity]},
            "usedWaivers": list_of(place),
        }
    )
