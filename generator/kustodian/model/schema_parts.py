"""Parts of the JSON Schemas of the contracts.

Objects are open: fields are only ever added to a contract, and a reader must not fail on a new one.
"""

from __future__ import annotations

from kustodian.model.json_value import JsonObject

DIALECT = "https://json-schema.org/draft/2020-12/schema"
TEXT: JsonObject = {"type": "string"}
COUNT: JsonObject = {"type": "integer", "minimum": 0}
PLACE: JsonObject = {"type": "integer", "minimum": 1}
FLAG: JsonObject = {"type": "boolean"}


def object_of(required: JsonObject, **optional: JsonObject) -> JsonObject:
    """An object with these fields, and maybe others."""
    return {"type": "object", "required": list(required), "properties": {**required, **optional}}


def list_of(items: JsonObject) -> JsonObject:
    """A list of any length."""
    return {"type": "array", "items": items}
