"""A Kubernetes object as rendered, with what is known of where it came from."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from kustodian.model.asked import Asked
from kustodian.model.field_path import FieldPath
from kustodian.model.json_value import JsonObject, dig, has, mapping, string_map, text

if TYPE_CHECKING:
    from kustodian.model.workload import PodTemplate


@dataclass(frozen=True, slots=True)
class ObjectRef:
    """What names an object in a cluster; `namespace` is None where the manifest has none."""

    api_version: str
    kind: str
    namespace: str | None
    name: str

    def __str__(self) -> str:
        """`Deployment iris-prod/iris`."""
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class Step:
    """One kustomize transformation or generator: the kustomization that configured it, and its kind.

    `path` is the transformer's own file, for those loaded from one (`transformers:`, `generators:`).
    """

    configured_in: str
    kind: str
    path: str | None = None


@dataclass(frozen=True, slots=True)
class Provenance:
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


@dataclass(eq=False)
class Manifest(Asked):
    """One object. Identity, not content, makes two manifests the same."""

    data: JsonObject
    provenance: Provenance = field(default_factory=Provenance)
    extra_pod_paths: tuple[FieldPath, ...] = ()

    @cached_property
    def api_version(self) -> str:
        """`apps/v1`; empty where the manifest has none."""
        return text(self.data.get("apiVersion"))

    @cached_property
    def group(self) -> str:
        """`apps`; empty for the core group."""
        return self.api_version.rpartition("/")[0]

    @cached_property
    def kind(self) -> str:
        """`Deployment`; empty where the manifest has none."""
        return text(self.data.get("kind"))

    @cached_property
    def metadata(self) -> JsonObject:
        """The metadata mapping; empty where there is none."""
        return mapping(self.data.get("metadata"))

    @cached_property
    def name(self) -> str:
        """`metadata.name`, else `metadata.generateName`, else empty."""
        return text(self.metadata.get("name")) or text(self.metadata.get("generateName"))

    @cached_property
    def namespace(self) -> str | None:
        """`metadata.namespace` as written; None where absent."""
        return text(self.metadata.get("namespace")) or None

    @cached_property
    def labels(self) -> dict[str, str]:
        """`metadata.labels`."""
        return string_map(self.metadata.get("labels"))

    @cached_property
    def annotations(self) -> dict[str, str]:
        """`metadata.annotations`."""
        return string_map(self.metadata.get("annotations"))

    @cached_property
    def spec(self) -> JsonObject:
        """The spec mapping; empty where there is none."""
        return mapping(self.data.get("spec"))

    @cached_property
    def ref(self) -> ObjectRef:
        """The object's identity as a value."""
        return ObjectRef(self.api_version, self.kind, self.namespace, self.name)

    @cached_property
    def pods(self) -> tuple[PodTemplate, ...]:
        """The pod templates the object owns; see `kustodian.model.workload`."""
        from kustodian.model.workload import pod_templates

        return pod_templates(self)

    def is_a(self, group: str, *kinds: str) -> bool:
        """Whether the object is of this API group (any version; "" is core) and one of these kinds."""
        return self.kind in kinds and self.group == group

    def get(self, *path: str | int) -> Any:
        """The value at a path, or None."""
        return dig(self.data, path)

    def has(self, *path: str | int) -> bool:
        """Whether the path exists, even with a null value."""
        return has(self.data, path)
