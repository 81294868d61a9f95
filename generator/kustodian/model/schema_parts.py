"""Parts of the JSON Schemas of the contracts.

Objects are open: a contract only ever gains fields, and a reader must accept new ones.
"""

from __future__ import annotations

from kustodian.model.json_value import JsonObject

DIALECT = "https://json-schema.org/draft/2020-12/schema"
TEXT: JsonObject = {"type": "string"}
COUNT: JsonObject = {"type": "integer", "minimum": 0}
PLACE: JsonObject = {"type": "integer", "minimum": 1}
FLAG: JsonObject = {"type": "boolean"}


def object_of(required: JsonObject, **optional: JsonObject) -> JsonObject:
    """The schema of an object with at least the required fields."""
    return {"type": "object", "required": list(required), "properties": {**required, **optional}}


def list_of(items: JsonObject) -> JsonObject:
    """The schema of a list."""
    return {"type": "array", "items": items}
