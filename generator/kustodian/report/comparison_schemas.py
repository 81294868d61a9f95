"""The JSON Schemas of `kustodian/diff/v1` and `kustodian/matrix/v1`, published in docs/schemas/."""

from __future__ import annotations

from kustodian.model.json_value import JsonObject
from kustodian.model.results.difference import Kind
from kustodian.model.results.environment_matrix import Mark
from kustodian.model.schema_parts import (
    COUNT,
    DIALECT,
    FLAG,
    OBJECT,
    TEXT,
    TEXT_OR_NULL,
    list_of,
    object_of,
)  # fmt: skip
from kustodian.report import difference, environment_matrix

_KIND: JsonObject = {"enum": [str(kind) for kind in Kind]}


def diff_schema() -> JsonObject:
    """The schema of `kustodian diff --format json`, as JSON Schema 2020-12."""
    # A side that lacks the field has no key: a value may be null.
    field = object_of({"path": TEXT}, before={}, after={})
    change = object_of({"object": OBJECT, "change": _KIND, "fields": list_of(field), "risks": list_of(TEXT)})
    overlay = object_of({
        "path": TEXT, "before": TEXT_OR_NULL, "environment": TEXT_OR_NULL, "change": _KIND,
        "error": TEXT_OR_NULL, "notes": list_of(TEXT), "changes": list_of(change),
    })  # fmt: skip
    return {
        "$schema": DIALECT,
        "title": "kustodian diff --format json",
        **object_of({
            "schema": {"const": difference.SCHEMA}, "commit": TEXT, "unchangedOverlays": COUNT,
            "overlays": list_of(overlay),
        }),
    }  # fmt: skip


def matrix_schema() -> JsonObject:
    """The schema of `kustodian matrix --format json`, as JSON Schema 2020-12."""
    row = object_of({
        "subject": TEXT, "fact": TEXT, "values": list_of(TEXT_OR_NULL), "differs": FLAG,
        "mark": {"enum": [str(mark) for mark in Mark]},
    })  # fmt: skip
    application = object_of({
        "application": TEXT, "environments": list_of(TEXT),
        "errors": list_of(object_of({"overlay": TEXT, "message": TEXT})), "rows": list_of(row),
    })  # fmt: skip
    return {
        "$schema": DIALECT,
        "title": "kustodian matrix --format json",
        **object_of({"schema": {"const": environment_matrix.SCHEMA}, "applications": list_of(application)}),
    }
