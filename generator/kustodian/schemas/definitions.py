"""The CustomResourceDefinitions of a repository, and which of them count.

Those that are deployed or configured count. One in any other file says that a kind exists, and may reject
what it does not allow, but it takes no shipped schema away: a pull request can add such a file anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import TYPE_CHECKING

from kustodian.model.json_value import FieldPath, JsonObject, dig, mapping, mappings
from kustodian.schemas.crd import CustomKind, CustomVersion, read_crd

if TYPE_CHECKING:
    from jsonschema_rs import Draft202012Validator

Key = tuple[str, str]


@dataclass(eq=False)
class Definition:
    """A definition of one kind; `document` is its index in the file, and `counts` as the module says.

    `load` returns the definitions of the document, and is called on first use because they are large.
    """

    group: str
    kind: str
    load: Callable[[], Iterable[JsonObject]]
    file: str = ""
    document: int = 0
    counts: bool = True

    @cached_property
    def data(self) -> JsonObject | None:
        """The definition as written; None if the file has changed since the scan."""
        key = (self.group, self.kind)
        found = ((data, read_crd(data)) for data in self.load())
        return next((data for data, custom in found if custom and (custom.group, custom.kind) == key), None)

    @cached_property
    def custom(self) -> CustomKind | None:
        """The definition as read; None as for `data`."""
        return read_crd(self.data) if self.data is not None else None


@dataclass
class Definitions:
    """The definitions of a repository by (group, kind)."""

    by_kind: dict[Key, list[Definition]] = field(default_factory=dict)

    def add(self, definition: Definition) -> None:
        """Add a definition, unless it has no group or kind."""
        if definition.group and definition.kind:
            self.by_kind.setdefault((definition.group, definition.kind), []).append(definition)

    def counting(self, group: str, kind: str) -> list[Definition]:
        """The deployed or configured definitions of a kind."""
        return [one for one in self.by_kind.get((group, kind), ()) if one.counts]

    def custom_kinds(self, group: str, kind: str, shipped: CustomKind | None) -> list[CustomKind]:
        """The definitions that say what a kind is: those that count, else the shipped one, else any other."""
        known = self.by_kind.get((group, kind))
        if known is None:
            return [shipped] if shipped is not None else []
        found = self.counting(group, kind) or ([] if shipped is not None else known)
        customs = [one.custom for one in found if one.custom is not None]
        return customs or ([shipped] if shipped is not None else [])


def is_open(custom: CustomKind, version: CustomVersion) -> bool:
    """Whether a version says nothing of the fields of its objects, so that it accepts anything."""
    schema = mapping(version.schema)
    fields = mapping(schema.get("properties"))
    spec = mapping(fields.get("spec"))
    unknown_kept = "x-kubernetes-preserve-unknown-fields"
    if version.file is not None:
        return False
    if custom.preserves_unknown or not fields or schema.get(unknown_kept) is True:
        return True
    return "spec" in fields and (spec.get(unknown_kept) is True or not spec.get("properties"))


_TYPES = ("object", "array", "string", "integer", "number", "boolean", "")
_NODES: JsonObject = {"type": "array", "items": {"$ref": "#/$defs/node"}}
#: What a schema of a version must be so that it can be evaluated; the API server's own rules say more.
_SCHEMA_OF_SCHEMAS: JsonObject = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$ref": "#/$defs/node",
    "$defs": {
        "node": {
            "type": "object",
            "properties": {
                "type": {"enum": list(_TYPES)},
                "pattern": {"type": "string", "format": "regex"},
                "enum": {"type": "array"},
                "required": {"type": "array", "items": {"type": "string"}},
                "properties": {"type": "object", "additionalProperties": {"$ref": "#/$defs/node"}},
                "items": {"$ref": "#/$defs/node"},
                "additionalProperties": {"anyOf": [{"type": "boolean"}, {"$ref": "#/$defs/node"}]},
                "not": {"$ref": "#/$defs/node"},
                **dict.fromkeys(("allOf", "anyOf", "oneOf"), _NODES),
            },
        }
    },
}


def defects(data: JsonObject) -> Iterator[tuple[FieldPath, str]]:
    """Why a CustomResourceDefinition cannot be read, each with the field."""
    custom = read_crd(data)
    if custom is None:
        yield ("spec",), "it names no group or kind"
        return
    if not custom.versions:
        yield ("spec", "versions"), "it has no version"
    shared: FieldPath = ("spec", "validation", "openAPIV3Schema")
    written = [(shared, dig(data, shared))]
    for index, version in mappings(mapping(data.get("spec")).get("versions")):
        path: FieldPath = ("spec", "versions", index, "schema", "openAPIV3Schema")
        written.append((path, mapping(version.get("schema")).get("openAPIV3Schema")))
    for path, schema in written:
        if defect := defect_of(schema):
            yield (*path, *defect[0]), defect[1]


def defect_of(schema: object) -> tuple[FieldPath, str] | None:
    """Where and why the schema of a version cannot be evaluated; None if it can, and for no schema."""
    if schema is None or _reader().is_valid(schema):
        return None
    error = next(_reader().iter_errors(schema))
    return tuple(error.instance_path), error.message


@cache
def _reader() -> Draft202012Validator:
    from jsonschema_rs import Draft202012Validator

    return Draft202012Validator(_SCHEMA_OF_SCHEMAS, validate_formats=True)
