"""A kustomization file and what it names."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from functools import cached_property

from kustodian.model.json_value import JsonObject, sequence
from kustodian.model.memo import Memoized
from kustodian.model.repository_path import beside

#: The list fields of a kustomization that can name another kustomization's folder.
BASE_FIELDS = ("resources", "bases", "components")


@dataclass(frozen=True, eq=False)
class Kustomization(Memoized):
    """A kustomization file; `path` relative to the repository root, `data` as parsed."""

    path: str
    data: JsonObject

    @cached_property
    def directory(self) -> str:
        """The folder it lies in ("." for the root)."""
        return posixpath.dirname(self.path) or "."

    @property
    def is_component(self) -> bool:
        """Whether it is a `kind: Component`."""
        return self.data.get("kind") == "Component"

    def resolve(self, reference: str) -> str:
        """A path written in this file, relative to the repository root."""
        known = self._resolved
        if reference not in known:
            known[reference] = beside(self.directory, reference)
        return known[reference]

    @cached_property
    def _resolved(self) -> dict[str, str]:
        """What was asked for before: many rules follow the same references."""
        return {}

    @cached_property
    def bases(self) -> list[str]:
        """The paths that it names as resources, bases and components, in the order kustomize reads them."""
        return [self.resolve(entry) for _, _, entry in self.references(*BASE_FIELDS)]

    def references(self, *fields: str) -> list[tuple[str, int, str]]:
        """(field, index, text as written) of the string entries of these list fields."""
        data = self.data
        return [
            (name, index, entry)
            for name in fields
            if name in data
            for index, entry in enumerate(sequence(data[name]))
            if isinstance(entry, str)
        ]
