"""A Kubernetes object as rendered, with what is known of where it came from."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from kustodian.model.json_value import FieldPath, JsonObject, dig, has, mapping, string_map, text
from kustodian.model.memo import Memoized


class ObjectRef(NamedTuple):
    """What names an object in a cluster; `namespace` is None where the manifest has none."""

    api_version: str
    kind: str
    namespace: str | None
    name: str

    def __str__(self) -> str:
        """`Deployment iris-prod/iris`."""
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


class Step(NamedTuple):
    """One kustomize transformation or generator: the kustomization that configured it, and its kind.

    `path` is the transformer's own file, for those loaded from one (`transformers:`, `generators:`).
    """

    configured_in: str
    kind: str
    path: str | None = None


class Provenance(NamedTuple):
    """Where a rendered object came from; paths are relative to the repository root.

    `file` is the manifest it was read from (None for a generated object), `generator` what made it,
    `document` and `item` its place in a multi-document file or a List (known for plain manifests only),
    `transformations` in the order they were applied.
    """

    file: str | None = None
    generator: Step | None = None
    transformations: tuple[Step, ...] = ()
    document: int | None = None
    item: int | None = None


#: Of an object that nobody rendered.
UNKNOWN = Provenance()


@dataclass(eq=False)
class Manifest(Memoized):
    """One object. Identity, not content, makes two manifests the same.

    Read from `data`, each empty where the manifest has none or something else: `api_version` ("apps/v1"),
    `group` ("apps", empty for the core group, too), `kind`, `metadata`, `spec`, `name` (`metadata.name`, else
    `metadata.generateName`); `namespace` is None there.
    """

    data: JsonObject
    provenance: Provenance = UNKNOWN
    extra_pod_paths: tuple[FieldPath, ...] = ()
    api_version: str = field(init=False)
    group: str = field(init=False)
    kind: str = field(init=False)
    metadata: JsonObject = field(init=False, repr=False)
    spec: JsonObject = field(init=False, repr=False)
    name: str = field(init=False)
    namespace: str | None = field(init=False)

    def __post_init__(self) -> None:
        """Read at once what nearly every rule asks for."""
        data = self.data
        self.api_version = text(data.get("apiVersion"))
        self.group = self.api_version.rpartition("/")[0]
        self.kind = text(data.get("kind"))
        self.metadata = metadata = mapping(data.get("metadata"))
        self.spec = mapping(data.get("spec"))
        self.name = text(metadata.get("name")) or text(metadata.get("generateName"))
        self.namespace = text(metadata.get("namespace")) or None

    @cached_property
    def labels(self) -> dict[str, str]:
        """`metadata.labels`."""
        return string_map(self.metadata.get("labels"))

    @cached_property
    def annotations(self) -> dict[str, str]:
        """`metadata.annotations`."""
        return string_map(self.metadata.get("annotations"))

    @cached_property
    def ref(self) -> ObjectRef:
        """The object's identity as a value."""
        return ObjectRef(self.api_version, self.kind, self.namespace, self.name)

    def is_a(self, group: str, *kinds: str) -> bool:
        """Whether the object is of this API group (any version; "" is core) and one of these kinds."""
        return self.kind in kinds and self.group == group

    def get(self, *path: str | int) -> Any:
        """The value at a path, or None."""
        return dig(self.data, path)

    def has(self, *path: str | int) -> bool:
        """Whether the path exists, even with a null value."""
        return has(self.data, path)
