"""Reads CustomResourceDefinitions and converts them to strict JSON schemas.

Source: Kubernetes v1.34 documentation, "Extend the Kubernetes API with CustomResourceDefinitions" (structural
schemas, pruning, nullable), https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from kustodian.model.json_value import JsonObject, mapping, mappings, sequence, text

OBJECT_META_REF = (
    "https://kubernetes.io/api/_definitions.json#/$defs/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
)
#: Keywords with a list of schemas that only check values. A structural schema specifies no fields there, so
#: they are not made strict.
_VALUE_CHECKS = ("allOf", "anyOf", "oneOf")
_KEPT = (
    "enum", "pattern", "minimum", "maximum", "multipleOf", "minLength", "maxLength", "minItems", "maxItems",
    "minProperties", "maxProperties", "uniqueItems", "required",
)  # fmt: skip


class CustomVersion(NamedTuple):
    """One version of a custom resource.

    `schema` is its openAPIV3Schema; `file` is a strict JSON schema made from it at build time. If both are
    None, the version has no schema. `ignores_status` says that the status is a subresource.
    """

    name: str
    served: bool
    storage: bool
    deprecated: bool
    warning: str
    schema: JsonObject | None = None
    file: Path | None = None
    ignores_status: bool = False


@dataclass(frozen=True, slots=True)
class CustomKind:
    """A kind of custom resource; `versions` are in the order of its definition."""

    group: str
    kind: str
    plural: str
    namespaced: bool
    preserves_unknown: bool = False
    versions: dict[str, CustomVersion] = field(default_factory=dict)

    @property
    def served(self) -> tuple[str, ...]:
        """The versions that the API server serves."""
        return tuple(name for name, version in self.versions.items() if version.served)


def read_crd(data: JsonObject) -> CustomKind | None:
    """Read a CustomResourceDefinition of any API version; None if it has no group or kind."""
    spec = mapping(data.get("spec"))
    names = mapping(spec.get("names"))
    group, kind = text(spec.get("group")), text(names.get("kind"))
    if not group or not kind:
        return None
    shared = mapping(spec.get("validation")).get("openAPIV3Schema")
    versions: dict[str, CustomVersion] = {}
    for _, entry in mappings(spec.get("versions")):
        name = text(entry.get("name"))
        schema = mapping(entry.get("schema")).get("openAPIV3Schema", shared)
        versions[name] = CustomVersion(
            name=name,
            served=entry.get("served") is not False,
            storage=entry.get("storage") is True,
            deprecated=entry.get("deprecated") is True,
            warning=text(entry.get("deprecationWarning")),
            schema=schema if isinstance(schema, dict) else None,
            ignores_status=_has_status(entry) or _has_status(spec),
        )
    if not versions and text(spec.get("version")):
        name = text(spec.get("version"))
        schema = shared if isinstance(shared, dict) else None
        versions[name] = CustomVersion(name, True, True, False, "", schema, ignores_status=_has_status(spec))
    # apiextensions v1beta1 keeps unknown fields by default, v1 does not.
    old = text(data.get("apiVersion")).endswith("/v1beta1")
    preserves = spec.get("preserveUnknownFields", old) is not False
    return CustomKind(
        group,
        kind,
        text(names.get("plural")),
        spec.get("scope") != "Cluster",
        preserves,
        versions,
    )


def _has_status(holder: JsonObject) -> bool:
    """Whether the status is a subresource, so that the API server ignores it in a manifest."""
    return "status" in mapping(holder.get("subresources"))


def strict_schema(custom: CustomKind, version: CustomVersion) -> JsonObject:
    """The JSON schema (draft 2020-12) of the objects that the API server accepts without dropping a field.

    Raises OSError or ValueError if the file of a shipped version cannot be read.
    """
    if version.file is not None:
        import orjson

        return mapping(orjson.loads(version.file.read_bytes()))
    root = mapping(version.schema)
    schema = _convert(root, strict=not custom.preserves_unknown and version.schema is not None)
    schema["type"] = "object"
    properties = schema.setdefault("properties", {})
    properties["apiVersion"] = {"type": "string"}
    properties["kind"] = {"type": "string"}
    properties["metadata"] = {"$ref": OBJECT_META_REF}
    if version.ignores_status and "status" in properties:
        properties["status"] = True
    return schema


def _convert(node: JsonObject, *, strict: bool) -> JsonObject:
    keep_unknown = node.get("x-kubernetes-preserve-unknown-fields") is True
    result: JsonObject = {key: node[key] for key in _KEPT if key in node}
    kind = node.get("type")
    if node.get("x-kubernetes-int-or-string") is True:
        kind = ["integer", "string"]
    if kind is not None:
        result["type"] = [*kind, "null"] if isinstance(kind, list) else kind
        if node.get("nullable") is True and isinstance(kind, str):
            result["type"] = [kind, "null"]
            if "enum" in result:
                result["enum"] = [*sequence(result["enum"]), None]
    _exclusive_bounds(node, result)
    required = set(map(str, sequence(node.get("required"))))
    properties = mapping(node.get("properties"))
    if properties:
        result["properties"] = {
            name: _convert(child, strict=strict)
            if name in required and "default" not in child
            else _null_allowed(_convert(child, strict=strict))
            for name, child in properties.items()
            if isinstance(child, dict)
        }
    if node.get("x-kubernetes-list-type") == "set":
        result["uniqueItems"] = True
    if isinstance(node.get("items"), dict):
        result["items"] = _convert(node["items"], strict=strict)
    additional = node.get("additionalProperties")
    if isinstance(additional, dict):
        result["additionalProperties"] = _null_allowed(_convert(additional, strict=strict))
    elif strict and kind == "object" and additional is None and not keep_unknown:
        result["additionalProperties"] = False
    if node.get("x-kubernetes-embedded-resource") is True:
        for name, child in (
            ("apiVersion", {"type": "string"}),
            ("kind", {"type": "string"}),
            ("metadata", {"$ref": OBJECT_META_REF}),
        ):
            result.setdefault("properties", {}).setdefault(name, child)
    if node.get("x-kubernetes-int-or-string") is not True:
        for keyword in _VALUE_CHECKS:
            if keyword in node:
                result[keyword] = [_convert(child, strict=False) for _, child in mappings(node[keyword])]
    if isinstance(node.get("not"), dict):
        result["not"] = _convert(node["not"], strict=False)
    return result


def _exclusive_bounds(node: JsonObject, result: JsonObject) -> None:
    """Convert exclusive bounds: OpenAPI 3.0 marks them with a boolean, JSON schema 2020-12 with a number."""
    for bound, exclusive in (
        ("minimum", "exclusiveMinimum"),
        ("maximum", "exclusiveMaximum"),
    ):
        if node.get(exclusive) is True and bound in result:
            result[exclusive] = result.pop(bound)


def _null_allowed(schema: JsonObject) -> JsonObject:
    """The schema of an optional field, which may be null: the API server drops it before validation."""
    kind = schema.get("type")
    if isinstance(kind, str):
        schema["type"] = [kind, "null"]
    elif isinstance(kind, list) and "null" not in kind:
        schema["type"] = [*kind, "null"]
    if "enum" in schema and None not in schema["enum"]:
        schema["enum"] = [*schema["enum"], None]
    checks = {key: schema.pop(key) for key in (*_VALUE_CHECKS, "not") if key in schema}
    if checks:
        schema["if"], schema["then"] = {"not": {"type": "null"}}, checks
    return schema
