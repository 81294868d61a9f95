"""Validates manifests against the schemas of a Kubernetes version and of custom resources.

The schemas of the built-in kinds come from the package kubernetes-validate, in their strict variant, where
an unknown field is an error. jsonschema-rs evaluates them.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterable, Iterator
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from kustodian.kubernetes.api_lifecycle import DEFAULT_KUBERNETES_VERSION
from kustodian.kubernetes.object_set import CLUSTER_SCOPED
from kustodian.model.errors import UserError
from kustodian.model.json_value import JsonObject, mapping
from kustodian.model.manifest import Manifest
from kustodian.model.violation import Violation
from kustodian.schemas.crd import CustomKind, read_crd, strict_schema
from kustodian.schemas.definitions import Definition, Definitions, defect_of, is_open

if TYPE_CHECKING:
    from jsonschema_rs import Draft202012Validator, Registry

_DEFINITIONS_URI = "https://kubernetes.io/api/_definitions.json"
_INT_OR_STRING = "io.k8s.apimachinery.pkg.util.intstr.IntOrString"
_QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity"
#: Fields that the published OpenAPI document marks as required although the API server has a default for
#: them or accepts an empty value.
#: Source: k8s.io/kubernetes v1.34 pkg/apis/rbac/v1/defaults.go and pkg/apis/*/validation.
_NOT_REALLY_REQUIRED = {
    "io.k8s.api.apps.v1.StatefulSetSpec": "serviceName",
    "io.k8s.api.rbac.v1.RoleRef": "apiGroup",
    "io.k8s.api.core.v1.HTTPHeader": "value",
    "io.k8s.api.core.v1.Sysctl": "value",
}
#: The API server ignores the status in manifests of most kinds, so nothing in it is required.
_COMPILED_SIZE = 10 << 20
_MOST_VIOLATIONS = 10_000
_STATUS = re.compile(r"(Status|Condition)$")


@cache
def _schema_folder() -> Path:
    package = importlib.util.find_spec("kubernetes_validate")
    if package is None or package.origin is None:
        raise UserError(
            "the package kubernetes-validate, which holds the Kubernetes schemas, is not installed",
            hint="reinstall kustodian",
        )
    return Path(package.origin).parent / "kubernetes-json-schema"


@cache
def supported_versions() -> tuple[str, ...]:
    """The Kubernetes versions with schemas, such as "1.25", oldest first."""
    names = (
        re.fullmatch(r"v(\d+)\.(\d+)\.\d+-local-strict", path.name) for path in _schema_folder().iterdir()
    )
    numbers = sorted((int(match[1]), int(match[2])) for match in names if match)
    return tuple(f"{major}.{minor}" for major, minor in numbers)


class Schemas:
    """The schemas of one Kubernetes version and of custom resources.

    Custom resources are those of CustomResourceDefinitions given by the user, and those shipped with
    Kustodian. The first object takes about 5 ms, the first one of each kind about 1 ms more.
    """

    def __init__(self, version: str = DEFAULT_KUBERNETES_VERSION, crds: Iterable[Manifest] = ()) -> None:
        """`version` is like "1.34", `crds` are CustomResourceDefinitions.

        A patch number in the version is ignored. Raises UserError for a version without schemas.
        """
        self.version = ".".join(version.removeprefix("v").split(".")[:2])
        if self.version not in supported_versions():
            raise UserError(
                f"there are no schemas for Kubernetes {version}",
                hint=f"set kubernetesVersion to one of {', '.join(supported_versions())}",
            )
        self.definitions = Definitions()
        self._validators: dict[tuple[str, str], list[tuple[JsonObject, Draft202012Validator]]] = {}
        self._defects: dict[tuple[str, str], str] = {}
        self._registry: Registry | None = None
        for crd in crds:
            self.add_crd(crd)

    @cached_property
    def _definitions(self) -> JsonObject:
        return _read_definitions(self.version)

    @cached_property
    def _built_in(self) -> dict[tuple[str, str], str]:
        return _kinds(self._definitions)

    @cached_property
    def _groups(self) -> set[str]:
        # The group "extensions" has no kinds left, but still belongs to Kubernetes.
        return {"extensions"} | {version.rpartition("/")[0] for version, _ in self._built_in}

    def add_crd(self, manifest: Manifest) -> None:
        """Add a CustomResourceDefinition that counts."""
        custom = read_crd(manifest.data)
        if custom is not None:
            self.definitions.add(Definition(custom.group, custom.kind, lambda: [manifest.data]))

    def knows(self, api_version: str, kind: str) -> bool:
        """Whether there is a schema for this API version and kind."""
        if (api_version, kind) in self._built_in:
            return True
        group, _, version = api_version.rpartition("/")
        custom = self.custom_kind(group, kind)
        return custom is not None and version in custom.versions

    def custom_kind(self, group: str, kind: str) -> CustomKind | None:
        """The custom resource of that group and kind, given by the user or else shipped; None if unknown."""
        return next(iter(self._custom_kinds(group, kind)), None)

    def _custom_kinds(self, group: str, kind: str) -> list[CustomKind]:
        from kustodian.schemas.shipped import shipped_kinds

        return self.definitions.custom_kinds(group, kind, shipped_kinds().get((group, kind)))

    @property
    def given_kinds(self) -> frozenset[tuple[str, str]]:
        """The (group, kind) pairs whose definition was given by the user."""
        return frozenset(self.definitions.by_kind)

    def is_given(self, group: str, kind: str) -> bool:
        """Whether the definition was given by the user, so that its list of versions is complete."""
        custom = self.custom_kind(group, kind)
        return custom is not None and all(version.file is None for version in custom.versions.values())

    def unused_definition(self, group: str, kind: str) -> str | None:
        """A file with a definition that the shipped one is preferred to, because nothing lists the file."""
        known = self.definitions.by_kind.get((group, kind))
        if not known or any(one.counts for one in known) or not self.is_shipped(group, kind):
            return None
        return known[0].file

    def is_shipped(self, group: str, kind: str) -> bool:
        """Whether Kustodian has a definition of its own."""
        from kustodian.schemas.shipped import shipped_kinds

        return (group, kind) in shipped_kinds()

    def is_builtin(self, api_version: str, kind: str) -> bool:
        """Whether the API server itself defines this API version and kind."""
        return (api_version, kind) in self._built_in

    def has_group(self, group: str) -> bool:
        """Whether the API server itself defines this group, in any version; "" is core."""
        return group in self._groups

    def kinds_of(self, api_version: str) -> set[str]:
        """The built-in kinds of an API version; empty if the API server does not define it."""
        return {kind for version, kind in self._built_in if version == api_version}

    def is_namespaced(self, api_version: str, kind: str) -> bool:
        """Whether objects of this kind have a namespace; true if the kind is unknown."""
        if (api_version, kind) not in self._built_in:
            custom = self.custom_kind(api_version.rpartition("/")[0], kind)
            if custom is not None:
                return custom.namespaced
        return kind not in CLUSTER_SCOPED

    def problems(self, manifest: Manifest) -> list[Violation]:
        """The violations of its schema in a manifest; empty for a kind without a schema."""
        from kustodian.schemas.explain import violations

        result: dict[tuple[object, str], Violation] = {}
        for schema, validator in self._validators_of(manifest.api_version, manifest.kind):
            if validator.is_valid(manifest.data):
                continue
            for error in validator.iter_errors(manifest.data):
                for violation in violations(error, manifest.data, schema, self._definitions):
                    result.setdefault((violation.path, violation.message), violation)
                    if len(result) == _MOST_VIOLATIONS:
                        text = f"has more than {_MOST_VIOLATIONS:,} violations; the others are not listed"
                        return [*result.values(), Violation((), text)]
        return list(result.values())

    def defect(self, api_version: str, kind: str) -> str | None:
        """Why a definition of the kind cannot be used as a schema; None if all can."""
        self._validators_of(api_version, kind)
        return self._defects.get((api_version, kind))

    def _validators_of(self, api_version: str, kind: str) -> list[tuple[JsonObject, Draft202012Validator]]:
        key = (api_version, kind)
        if key not in self._validators:
            compiled = self._validators[key] = []
            for schema in self._schemas(api_version, kind):
                try:
                    compiled.append((schema, self._compile(schema)))
                except ValueError as error:
                    self._defects[key] = str(error).partition("\n")[0]
        return self._validators[key]

    def _schemas(self, api_version: str, kind: str) -> Iterator[JsonObject]:
        """The schemas that an object must satisfy, all of them.

        One of the user's that leaves everything open does not take the place of the shipped one.
        """
        definition = self._built_in.get((api_version, kind))
        if definition is not None:
            yield {"$ref": f"{_DEFINITIONS_URI}#/$defs/{definition}"}
            return
        group, _, name = api_version.rpartition("/")
        customs = [custom for custom in self._custom_kinds(group, kind) if name in custom.versions]
        for custom in customs:
            if defect := defect_of(custom.versions[name].schema):
                self._defects[api_version, kind] = defect[1]
            else:
                yield strict_schema(custom, custom.versions[name])
        if customs and all(is_open(custom, custom.versions[name]) for custom in customs):
            yield from self._shipped_schema(group, kind, name)

    def _shipped_schema(self, group: str, kind: str, name: str) -> Iterator[JsonObject]:
        from kustodian.schemas.shipped import shipped_kinds

        shipped = shipped_kinds().get((group, kind))
        if shipped is not None and name in shipped.versions:
            yield strict_schema(shipped, shipped.versions[name])

    def _compile(self, schema: JsonObject) -> Draft202012Validator:
        from jsonschema_rs import Draft202012Validator, RegexOptions, Registry

        if self._registry is None:
            document = {
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "$id": _DEFINITIONS_URI,
                "$defs": self._definitions,
            }
            self._registry = Registry([(_DEFINITIONS_URI, document)])
        # Definitions of custom resources come from the repository: their patterns are matched in linear time.
        patterns = RegexOptions(size_limit=_COMPILED_SIZE, dfa_size_limit=_COMPILED_SIZE)
        return Draft202012Validator(schema, registry=self._registry, pattern_options=patterns)


def _read_definitions(version: str) -> JsonObject:
    import orjson

    from kustodian.schemas.enums import add_enums
    from kustodian.schemas.explain import QUANTITY_PATTERN

    path = _schema_folder() / f"v{version}.0-local-strict" / "_definitions.json"
    definitions = mapping(mapping(orjson.loads(path.read_bytes())).get("$defs"))
    # Both are published with `oneOf`, whose errors are of no use to a reader.
    definitions[_INT_OR_STRING] = {"type": ["string", "integer", "null"]}
    definitions[_QUANTITY] = {
        "type": ["string", "number", "null"],
        "pattern": QUANTITY_PATTERN,
    }
    for name, field in _NOT_REALLY_REQUIRED.items():
        required = mapping(definitions.get(name)).get("required")
        if isinstance(required, list) and field in required:
            required.remove(field)
    for name, definition in definitions.items():
        if _STATUS.search(name):
            definition.pop("required", None)
    add_enums(definitions)
    return definitions


def _kinds(definitions: JsonObject) -> dict[tuple[str, str], str]:
    """The name of the definition of each object type, by (apiVersion, kind)."""
    names = {}
    for name, definition in definitions.items():
        entries = definition.get("x-kubernetes-group-version-kind")
        # DeleteOptions and WatchEvent, which are not objects, list every group.
        if not entries or len(entries) != 1 or "metadata" not in definition.get("properties", {}):
            continue
        entry = entries[0]
        api_version = f"{entry['group']}/{entry['version']}" if entry["group"] else entry["version"]
        names[api_version, entry["kind"]] = name
    return names
