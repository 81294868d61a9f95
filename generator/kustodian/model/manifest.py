"""A Kubernetes object with its provenance."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from kustodian.model.json_value import FieldPath, JsonObject, dig, has, mapping, string_map, text
from kustodian.model.memo import Memoized
from kustodian.model.places import Places


class ObjectRef(NamedTuple):
    """The identity of an object in a cluster; `namespace` is None if the manifest has none."""

    api_version: str
    kind: str
    namespace: str | None
    name: str

    def __str__(self) -> str:
        """`Deployment iris-prod/iris`."""
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


class Step(NamedTuple):
    """A kustomize generator: the kustomization that configured it, and its kind.

    `path` is the file of a generator that is configured in one of its own.
    """

    configured_in: str
    kind: str
    path: str | None = None


class Provenance(NamedTuple):
    """The origin of a rendered object; paths are relative to the repository root.

    `file` is the manifest it was read from, None for an object that `generator` generated. `document` and
    `item` are its position in a multi-document file or a List, known only if kustomize did not render it.
    `places` says where each value was written.
    """

    file: str | None = None
    generator: Step | None = None
    document: int | None = None
    item: int | None = None
    places: Places | None = None


#: The provenance of an object that was not rendered.
UNKNOWN = Provenance()


class Inside(NamedTuple):
    """Where an object is inside another one, its carrier.

    `path` leads to the object in the carrier, or to a text with manifests; the object is then at position
    `item` (None if it is not in a List) of the document `document`. An `applied` object is an item of a List,
    which is applied where the List is; any other is created by a controller, maybe elsewhere. A `partial` one
    is completed before.
    """

    carrier: Manifest
    path: FieldPath
    document: int | None = None
    item: int | None = None
    applied: bool = False
    partial: bool = False

    @property
    def whole_path(self) -> FieldPath:
        """The path of the object in the carrier, with its position in a text."""
        document = () if self.document is None else (self.document,)
        item: FieldPath = () if self.item is None else ("items", self.item)
        return (*self.path, *document, *item)


@dataclass(eq=False)
class Manifest(Memoized):
    """A Kubernetes object; manifests compare by identity, not by content.

    These fields are read from `data`, and empty if missing or of another type: `api_version` ("apps/v1"),
    `group` ("apps"; empty for the core group), `kind`, `metadata`, `spec`, `name` (`metadata.name`, else
    `metadata.generateName`). `namespace` is None instead.
    """

    data: JsonObject
    provenance: Provenance = UNKNOWN
    extra_pod_paths: tuple[FieldPath, ...] = ()
    inside: Inside | None = None
    api_version: str = field(init=False)
    group: str = field(init=False)
    kind: str = field(init=False)
    metadata: JsonObject = field(init=False, repr=False)
    spec: JsonObject = field(init=False, repr=False)
    name: str = field(init=False)
    namespace: str | None = field(init=False)

    def __post_init__(self) -> None:
        """Read the fields that nearly every rule uses."""
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
        """The object's identity."""
        return ObjectRef(self.api_version, self.kind, self.namespace, self.name)

    def in_overlay(self, path: FieldPath) -> tuple[Manifest, FieldPath]:
        """The object of the overlay that carries this one, or itself, with the path of a field there."""
        manifest = self
        while manifest.inside is not None and not manifest.inside.applied:
            path = (*manifest.inside.whole_path, *path)
            manifest = manifest.inside.carrier
        return manifest, path

    def is_a(self, group: str, *kinds: str) -> bool:
        """Whether the object has this API group (in any version; "" is core) and one of these kinds."""
        return self.kind in kinds and self.group == group

    def get(self, *path: str | int) -> Any:
        """The value at a path, or None if it does not exist."""
        return dig(self.data, path)

    def has(self, *path: str | int) -> bool:
        """Whether the path exists, even with a null value."""
        return has(self.data, path)
