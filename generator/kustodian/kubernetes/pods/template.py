"""A pod template and its containers, with the path of every field in the object that owns them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from kustodian.model.json_value import FieldPath, JsonObject, mapping, mappings, text
from kustodian.model.manifest import Manifest
from kustodian.model.memo import Memoized

ContainerRole = Literal["container", "init", "sidecar", "ephemeral"]

_ROLE_FIELDS: tuple[tuple[str, ContainerRole], ...] = (
    ("initContainers", "init"),
    ("containers", "container"),
    ("ephemeralContainers", "ephemeral"),
)


@dataclass(frozen=True, eq=False)
class Container(Memoized):
    """One container; `path` leads to it in the owning object, `given_image_path` to an image elsewhere."""

    data: JsonObject
    path: FieldPath
    role: ContainerRole
    image_optional: bool = False
    given_image_path: FieldPath | None = None

    @property
    def image_path(self) -> FieldPath:
        """Where the image is written (Spark: one for driver and executors)."""
        return self.given_image_path or (*self.path, "image")

    @cached_property
    def name(self) -> str:
        """The container's name; empty where it has none."""
        return text(self.data.get("name"))

    @cached_property
    def image(self) -> str:
        """The image as written; empty where there is none."""
        return text(self.data.get("image"))

    @property
    def long_running(self) -> bool:
        """Whether it runs as long as the pod does (a container or a sidecar)."""
        return self.role in ("container", "sidecar")

    @cached_property
    def security_context(self) -> JsonObject:
        """The container's own securityContext; see `PodTemplate.effective` for inheritance."""
        return mapping(self.data.get("securityContext"))

    @cached_property
    def requests(self) -> JsonObject:
        """`resources.requests`."""
        return mapping(mapping(self.data.get("resources")).get("requests"))

    @cached_property
    def limits(self) -> JsonObject:
        """`resources.limits`."""
        return mapping(mapping(self.data.get("resources")).get("limits"))

    def __str__(self) -> str:
        """`container "server"`, `init container "fetch"`."""
        noun = {"init": "init container", "sidecar": "sidecar", "ephemeral": "ephemeral container"}
        return f'{noun.get(self.role, "container")} "{self.name or self.path[-1]}"'


@dataclass(frozen=True, eq=False)
class PodTemplate(Memoized):
    """A pod as some object asks for it.

    `path` leads to the object that holds `metadata` and `spec`; `spec_path` to the pod spec; fields of
    the spec that lie elsewhere in the owner (Argo Workflows, KServe, Spark) have their own entry in
    `field_paths`. `partial` says that a controller adds to this spec (missing fields prove nothing).
    """

    owner: Manifest
    path: FieldPath
    spec_path: FieldPath
    spec: JsonObject
    labels: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)
    batch: bool = False
    partial: bool = False
    field_paths: dict[str, FieldPath] = field(default_factory=dict)
    given_containers: tuple[Container, ...] | None = None

    @cached_property
    def containers(self) -> tuple[Container, ...]:
        """Every container: init, main and ephemeral, in the order they start."""
        if self.given_containers is not None:
            return self.given_containers
        return tuple(self._containers())

    @cached_property
    def main_containers(self) -> tuple[Container, ...]:
        """The containers proper (neither init, sidecar nor ephemeral)."""
        return tuple(c for c in self.containers if c.role == "container")

    @cached_property
    def security_context(self) -> JsonObject:
        """The pod-level securityContext."""
        return mapping(self.spec.get("securityContext"))

    @cached_property
    def is_windows(self) -> bool:
        """Whether `spec.os.name` says windows (Linux-only fields are then not asked for)."""
        return mapping(self.spec.get("os")).get("name") == "windows"

    @cached_property
    def volumes(self) -> list[tuple[FieldPath, JsonObject]]:
        """Each volume with its path in the owner."""
        base = self.path_of("volumes")
        return [((*base, index), volume) for index, volume in mappings(self.spec.get("volumes"))]

    @property
    def service_account(self) -> str:
        """The service account the pod runs as (`default` where none is named)."""
        name = text(self.spec.get("serviceAccountName")) or text(self.spec.get("serviceAccount"))
        return name or "default"

    def path_of(self, *keys: str | int) -> FieldPath:
        """The path, in the owner, of a field of the pod spec."""
        first = keys[0] if keys else None
        if isinstance(first, str) and first in self.field_paths:
            return (*self.field_paths[first], *keys[1:])
        return (*self.spec_path, *keys)

    def effective(self, container: Container, key: str) -> tuple[Any, FieldPath]:
        """A securityContext field as the container gets it: its own, else the pod's.

        Returns the value (None where neither sets it) and the path of the field that decides; where
        nothing sets it, the path where the container would. A null counts as unset, as in the API server.
        """
        own = container.security_context.get(key)
        own_path: FieldPath = (*container.path, "securityContext", key)
        if own is not None:
            return own, own_path
        inherited = self.security_context.get(key)
        if inherited is not None:
            return inherited, self.path_of("securityContext", key)
        return None, own_path

    def _containers(self) -> Iterator[Container]:
        for field_name, role in _ROLE_FIELDS:
            base = self.path_of(field_name)
            for index, data in mappings(self.spec.get(field_name)):
                sidecar = role == "init" and data.get("restartPolicy") == "Always"
                yield Container(data, (*base, index), "sidecar" if sidecar else role)
