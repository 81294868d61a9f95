"""The contract `kustodian/where/v1`: `--format json` of `where`."""

from __future__ import annotations

import json

from kustodian.model.finding import Location
from kustodian.model.json_value import JsonObject
from kustodian.model.results.value_origins import Earlier, ValueOrigin, ValueOrigins
from kustodian.report.escape import inert_json
from kustodian.report.json.description import (
    FLAG,
    OBJECT,
    PLACE,
    TEXT,
    Field,
    Shape,
    constant,
    document,
    list_of,
    or_null,
    record,
)


def as_json(found: ValueOrigins) -> str:
    """The values as JSON, with a newline at the end."""
    return inert_json(json.dumps(_VALUES.write(found, None), indent=2, ensure_ascii=False) + "\n")


def where_schema() -> JsonObject:
    """The schema of the document, as JSON Schema 2020-12."""
    return document("kustodian where --format json", _VALUES)


_PLACE = record(
    Location,
    {"file": TEXT, "line": PLACE, "column": PLACE, "endLine": or_null(PLACE), "endColumn": or_null(PLACE)},
)
_EARLIER = record(Earlier, {"value": TEXT, "place": Field(or_null(_PLACE), "location"), "by": TEXT})
_VALUE = record(
    ValueOrigin,
    {
        "overlay": TEXT,
        "environment": or_null(TEXT),
        "object": OBJECT,
        "field": Field(list_of(Shape({"type": ["string", "integer"]}))),
        "value": Shape({}),
        "place": Field(or_null(_PLACE), "location"),
        "by": TEXT,
        "exact": FLAG,
        "reason": Field(TEXT, optional=True, absent=""),
        "chain": list_of(_EARLIER),
    },
)
_ERROR = record(
    dict,
    {"overlay": Field(TEXT, lambda error, _: error[0]), "message": Field(TEXT, lambda error, _: error[1])},
)
_VALUES = record(
    dict,
    {
        "schema": constant("kustodian/where/v1"),
        "values": list_of(_VALUE),
        "errors": list_of(_ERROR),
    },
)
