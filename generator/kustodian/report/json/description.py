"""Describes JSON as tables of fields, from which the writer, the reader and the JSON Schema are made.

An object is described as `record(Location, {"file": TEXT, "line": PLACE, "endLine": or_null(PLACE)})`: the
key `endLine` is written from the attribute `end_line` and read back as the argument `end_line`. A key that is
not simply such an attribute is a `Field`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from operator import attrgetter
from typing import Any, NamedTuple

from kustodian.model import schema_parts
from kustodian.model.json_value import JsonObject
from kustodian.model.manifest import ObjectRef

_LARGEST_NUMBER = 2**31 - 1


def _unchanged(value: Any, _: object = None) -> Any:
    return value


def _number(value: int | float | None) -> int | None:
    """A number that the schema accepts, which may be written as 1.0. Raises ValueError for a huge one."""
    if value is not None and value > _LARGEST_NUMBER:
        raise ValueError(f"{value} is too large a number")
    return None if value is None else int(value)


@dataclass(frozen=True, slots=True)
class Shape:
    """A kind of value: its JSON Schema, how it is written and how it is read; by default unchanged.

    `write` is called with the value and the context, which is whatever the writer of a contract passes down.
    """

    schema: JsonObject
    write: Callable[[Any, Any], Any] = _unchanged
    read: Callable[[Any], Any] = _unchanged


class Field(NamedTuple):
    """A key of an object that is not simply an attribute of the same name.

    `value` is the name of the attribute (dotted for a nested one), or a function of the object and the
    context. A `derived` field is not read back. An `optional` one is left out where its value is `absent`.
    """

    shape: Shape
    value: str | Callable[[Any, Any], Any] = ""
    derived: bool = False
    optional: bool = False
    absent: object = None


TEXT = Shape(schema_parts.TEXT)
COUNT = Shape(schema_parts.COUNT, read=_number)
#: A line or a column, counted from 1.
PLACE = Shape(schema_parts.PLACE, read=_number)
FLAG = Shape(schema_parts.FLAG)


def constant(value: str) -> Field:
    """A key that always has the same value."""
    return Field(Shape({"const": value}), lambda *_: value, derived=True)


def choice(values: type[StrEnum]) -> Shape:
    """One of the values of an enumeration."""
    return Shape({"enum": [str(value) for value in values]}, read=values)


def or_null(shape: Shape) -> Shape:
    """The shape, or null for None."""
    schema = shape.schema
    if "enum" in schema:
        nullable: JsonObject = {"enum": [*schema["enum"], None]}
    elif schema.get("type", "object") in ("object", "array"):
        nullable = {"anyOf": [schema, {"type": "null"}]}
    else:
        nullable = {**schema, "type": [schema["type"], "null"]}
    write, read = shape.write, shape.read
    return Shape(
        nullable,
        write
        if write is _unchanged
        else lambda value, context: None if value is None else write(value, context),
        lambda data: None if data is None else read(data),
    )


def list_of(shape: Shape) -> Shape:
    """A list of any length, read as a tuple."""
    write, read = shape.write, shape.read
    return Shape(
        schema_parts.list_of(shape.schema),
        lambda values, context: [write(value, context) for value in values],
        lambda data: tuple(map(read, data)),
    )


def record(make: Callable[..., Any], keys: Mapping[str, Shape | Field]) -> Shape:
    """An object with these keys, in this order; `make` is called with what was read, by keyword."""
    fields = {name: key if isinstance(key, Field) else Field(key) for name, key in keys.items()}
    plan = [(name, *_getters(name, field), field.shape.write, field) for name, field in fields.items()]
    stored = [
        (name, _python_name(name), field.shape.read) for name, field in fields.items() if not field.derived
    ]

    def write(value: Any, context: Any) -> JsonObject:
        data: JsonObject = {}
        for name, attribute, derive, write_field, field in plan:
            found = derive(value, context) if derive else attribute(value)
            if not field.optional or found is not field.absent:
                data[name] = found if write_field is _unchanged else write_field(found, context)
        return data

    def read(data: JsonObject) -> Any:
        return make(**{argument: read(data[name]) for name, argument, read in stored if name in data})

    required = {name: field.shape.schema for name, field in fields.items() if not field.optional}
    optional = {name: field.shape.schema for name, field in fields.items() if field.optional}
    return Shape(schema_parts.object_of(required, **optional), write, read)


def reference(name: str, shape: Shape) -> Shape:
    """The shape under a name: its schema is in `$defs`, once."""
    return replace(shape, schema={"$ref": f"#/$defs/{name}"})


def document(title: str, shape: Shape, **definitions: Shape) -> JsonObject:
    """The JSON Schema of a whole document; `definitions` are the shapes that it refers to by name."""
    named = {"$defs": {name: one.schema for name, one in definitions.items()}} if definitions else {}
    return {"$schema": schema_parts.DIALECT, "title": title, **shape.schema, **named}


def _getters(name: str, field: Field) -> tuple[Callable[[Any], Any], Callable[[Any, Any], Any] | None]:
    if callable(field.value):
        return _unchanged, field.value
    return attrgetter(field.value or _python_name(name)), None


def _python_name(name: str) -> str:
    return re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", name)


#: What names a Kubernetes object.
OBJECT = record(ObjectRef, {"apiVersion": TEXT, "kind": TEXT, "namespace": or_null(TEXT), "name": TEXT})
