"""A kustomization file and the paths it refers to."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from functools import cached_property

from kustodian.model.json_value import JsonObject, sequence
from kustodian.model.memo import Memoized
from kustodian.model.repository_path import beside

#: The list fields of a kustomization that may refer to other kustomizations.
BASE_FIELDS = ("resources", "bases", "components")


@dataclass(frozen=True, eq=False)
class Kustomization(Memoized):
    """A kustomization file; `path` is relative to the repository root."""

    path: str
    data: JsonObject

    @cached_property
    def directory(self) -> str:
        """The folder of the file; "." for the root."""
        return posixpath.dirname(self.path) or "."

    @property
    def is_component(self) -> bool:
        """Whether it is a `kind: Component`."""
        return self.data.get("kind") == "Component"

    def resolve(self, reference: str) -> str:
        """A path written in this file, relative to the repository root."""
        return beside(self.directory, reference)

    @cached_property
    def bases(self) -> list[str]:
        """The paths in resources, bases and components, in the order in which kustomize reads them."""
        return [self.resolve(entry) for _, _, entry in self.references(*BASE_FIELDS)]

    def references(self, *fields: str) -> list[tuple[str, int, str]]:
        """The string entries of these list fields as (field, index, text)."""
        data = self.data
        return [
            (name, index, entry)
            for name in fields
            if name in data
            for index, entry in enumerate(sequence(data[name]))
            if isinstance(entry, str)
        ]
