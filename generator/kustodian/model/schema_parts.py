"""Building blocks of the published JSON Schemas.

Objects are open: a contract only ever gains fields, and a reader must accept new ones.
"""

from __future__ import annotations

from kustodian.model.json_value import JsonObject

DIALECT = "https://json-schema.org/draft/2020-12/schema"
TEXT: JsonObject = {"type": "string"}
TEXT_OR_NULL: JsonObject = {"type": ["string", "null"]}
COUNT: JsonObject = {"type": "integer", "minimum": 0}
PLACE: JsonObject = {"type": "integer", "minimum": 1}
PLACE_OR_NULL: JsonObject = {"type": ["integer", "null"], "minimum": 1}
FLAG: JsonObject = {"type": "boolean"}


def object_of(required: JsonObject, **optional: JsonObject) -> JsonObject:
    """The schema of an object with at least the required fields."""
    return {"type": "object", "required": list(required), "properties": {**required, **optional}}


def list_of(items: JsonObject) -> JsonObject:
    """The schema of a list."""
    return {"type": "array", "items": items}


def or_null(schema: JsonObject) -> JsonObject:
    """The schema of the same, or null."""
    return {"anyOf": [schema, {"type": "null"}]}


#: The identity of a Kubernetes object.
OBJECT = object_of({"apiVersion": TEXT, "kind": TEXT, "namespace": TEXT_OR_NULL, "name": TEXT})
