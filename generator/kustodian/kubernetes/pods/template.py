"""Pod templates and their containers, with the path of each field in the object that owns them."""

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
    """A container of a pod template; `path` leads to it in the owning object.

    `image_optional` says that a controller sets a missing image. `given_image_path` leads to an image that is
    written elsewhere in the owner.
    """

    data: JsonObject
    path: FieldPath
    role: ContainerRole
    image_optional: bool = False
    given_image_path: FieldPath | None = None

    @property
    def image_path(self) -> FieldPath:
        """The path of the image in the owning object; it may not exist."""
        return self.given_image_path or (*self.path, "image")

    @cached_property
    def name(self) -> str:
        """The container's name; empty if it has none."""
        return text(self.data.get("name"))

    @cached_property
    def image(self) -> str:
        """The image as written; empty if it has none."""
        return text(self.data.get("image"))

    @property
    def long_running(self) -> bool:
        """Whether it runs as long as the pod: a container or a sidecar."""
        return self.role in ("container", "sidecar")

    @cached_property
    def security_context(self) -> JsonObject:
        """The container's own securityContext; see `PodTemplate.effective` for inheritance."""
        return mapping(self.data.get("securityContext"))

    @cached_property
    def requests(self) -> JsonObject:
        """`resources.requests`, values as written."""
        return mapping(mapping(self.data.get("resources")).get("requests"))

    @cached_property
    def limits(self) -> JsonObject:
        """`resources.limits`, values as written."""
        return mapping(mapping(self.data.get("resources")).get("limits"))

    def __str__(self) -> str:
        """`container "server"`, `init container "fetch"`."""
        noun = {"init": "init container", "sidecar": "sidecar", "ephemeral": "ephemeral container"}
        return f'{noun.get(self.role, "container")} "{self.name or self.path[-1]}"'


@dataclass(frozen=True, eq=False)
class PodTemplate(Memoized):
    """A pod template in an object that owns pods.

    `path` leads to the mapping with `metadata` and `spec`, and `spec_path` to the pod spec. Fields of the
    spec that are elsewhere in the owner (Argo Workflows, Spark) have an entry in `field_paths`. `batch` says
    that the pods run to completion. `partial` says that a controller adds to the spec, so that a missing
    field proves nothing. `given_containers` replace those of the spec.
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
        """Every container in the order in which they start: init and sidecar, main, ephemeral."""
        if self.given_containers is not None:
            return self.given_containers
        return tuple(self._containers())

    @cached_property
    def main_containers(self) -> tuple[Container, ...]:
        """The main containers, without init containers, sidecars and ephemeral containers."""
        return tuple(c for c in self.containers if c.role == "container")

    @cached_property
    def security_context(self) -> JsonObject:
        """The pod-level securityContext."""
        return mapping(self.spec.get("securityContext"))

    @cached_property
    def is_windows(self) -> bool:
        """Whether `spec.os.name` is windows; fields for Linux do not apply then."""
        return mapping(self.spec.get("os")).get("name") == "windows"

    @cached_property
    def volumes(self) -> list[tuple[FieldPath, JsonObject]]:
        """The volumes, each with its path in the owner."""
        base = self.path_of("volumes")
        return [((*base, index), volume) for index, volume in mappings(self.spec.get("volumes"))]

    @property
    def service_account(self) -> str:
        """The service account that the pod runs as; `default` if it names none."""
        name = text(self.spec.get("serviceAccountName")) or text(self.spec.get("serviceAccount"))
        return name or "default"

    def path_of(self, *keys: str | int) -> FieldPath:
        """The path in the owner of a field of the pod spec, whether it exists or not."""
        first = keys[0] if keys else None
        if isinstance(first, str) and first in self.field_paths:
            return (*self.field_paths[first], *keys[1:])
        return (*self.spec_path, *keys)

    def effective(self, container: Container, key: str) -> tuple[Any, FieldPath]:
        """The value of a securityContext field for a container, its own or the pod's, and where it is set.

        The value is None if neither sets it; the path is then the container's. A null counts as unset, as in
        the API server.
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
