"""The contract `kustodian/diff/v1`: `--format json` of `diff`."""

from __future__ import annotations

import json

from kustodian.model.json_value import JsonObject
from kustodian.model.results.difference import ABSENT, Difference, Kind
from kustodian.report.escape import inert_json
from kustodian.report.json.description import (
    COUNT,
    OBJECT,
    TEXT,
    Field,
    Shape,
    choice,
    constant,
    document,
    list_of,
    or_null,
    record,
)


def as_json(difference: Difference) -> str:
    """The differences as JSON, with a newline at the end."""
    return inert_json(json.dumps(_DIFFERENCE.write(difference, None), indent=2, ensure_ascii=False) + "\n")


def diff_schema() -> JsonObject:
    """The schema of the document, as JSON Schema 2020-12."""
    return document("kustodian diff --format json", _DIFFERENCE)


_FIELD = record(
    dict,
    {
        "path": TEXT,
        # Left out where a side lacks the field: null is a value.
        "before": Field(Shape({}), optional=True, absent=ABSENT),
        "after": Field(Shape({}), optional=True, absent=ABSENT),
    },
)
_CHANGE = record(
    dict,
    {
        "object": OBJECT,
        "change": Field(choice(Kind), "kind"),
        "fields": list_of(_FIELD),
        "risks": list_of(TEXT),
    },
)
_OVERLAY = record(
    dict,
    {
        "path": TEXT,
        "before": or_null(TEXT),
        "environment": or_null(TEXT),
        "change": Field(choice(Kind), "kind"),
        "error": or_null(TEXT),
        "notes": list_of(TEXT),
        "changes": list_of(_CHANGE),
    },
)
_DIFFERENCE = record(
    dict,
    {
        "schema": constant("kustodian/diff/v1"),
        "commit": TEXT,
        "unchangedOverlays": Field(COUNT, "unchanged"),
        "overlays": list_of(_OVERLAY),
    },
)
