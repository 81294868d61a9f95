"""The contract `kustodian/matrix/v1`: `--format json` of `matrix`."""

from __future__ import annotations

import json
from collections.abc import Sequence

from kustodian.model.json_value import JsonObject
from kustodian.model.results.environment_matrix import EnvironmentMatrix, Mark
from kustodian.report.escape import inert_json
from kustodian.report.formats import MatrixStyle
from kustodian.report.json.description import (
    FLAG,
    TEXT,
    Field,
    choice,
    constant,
    document,
    list_of,
    or_null,
    record,
)
from kustodian.report.matrix import rows


def as_json(matrices: Sequence[EnvironmentMatrix], style: MatrixStyle) -> str:
    """The matrices as JSON, with a newline at the end."""
    return inert_json(json.dumps(_MATRICES.write(matrices, style), indent=2, ensure_ascii=False) + "\n")


def matrix_schema() -> JsonObject:
    """The schema of the document, as JSON Schema 2020-12."""
    return document("kustodian matrix --format json", _MATRICES)


_ROW = record(
    dict,
    {
        "subject": TEXT,
        "fact": TEXT,
        "values": Field(list_of(or_null(TEXT)), lambda row, _: [value or None for value in row.values]),
        "differs": FLAG,
        "mark": choice(Mark),
    },
)
_ERROR = record(
    dict,
    {
        "overlay": Field(TEXT, lambda error, _: error[0]),
        "message": Field(TEXT, lambda error, _: error[1]),
    },
)
_APPLICATION = record(
    dict,
    {
        "application": TEXT,
        "environments": Field(list_of(TEXT), "columns"),
        "errors": list_of(_ERROR),
        "rows": Field(list_of(_ROW), rows),
    },
)
_MATRICES = record(
    dict,
    {
        "schema": constant("kustodian/matrix/v1"),
        "applications": Field(list_of(_APPLICATION), lambda matrices, _: matrices),
    },
)
