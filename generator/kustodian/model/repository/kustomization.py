"""Kustomization files: the paths that each names, and which uses which."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from kustodian.model.json_value import JsonObject, sequence
from kustodian.model.memo import Memoized
from kustodian.model.repository.path import beside

_T = TypeVar("_T")

#: The file names that kustomize accepts, in its order.
KUSTOMIZATION_NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
#: The list fields of a kustomization that can name another kustomization's folder.
BASE_FIELDS = ("resources", "bases", "components")


@dataclass(frozen=True, eq=False)
class Kustomization(Memoized):
    """A kustomization file and its content; `path` is relative to the repository root."""

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
        """The path, relative to the repository root, of a path written in this file."""
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


class KustomizationGraph:
    """Which kustomization uses which, by the folders that they name in BASE_FIELDS."""

    def __init__(self, kustomizations: Mapping[str, Kustomization]) -> None:
        """`kustomizations` are those of one repository by their paths."""
        self._all = kustomizations

    @cached_property
    def by_folder(self) -> dict[str, Kustomization]:
        """Kustomizations by the folder they lie in."""
        return {kustomization.directory: kustomization for kustomization in self._all.values()}

    @cached_property
    def users(self) -> dict[str, list[Kustomization]]:
        """The kustomizations that name each folder with a kustomization, by the folder."""
        users: dict[str, list[Kustomization]] = {folder: [] for folder in self.by_folder}
        for kustomization in self._all.values():
            for part in self.parts(kustomization):
                users[part.directory].append(kustomization)
        return users

    def parts(self, kustomization: Kustomization) -> list[Kustomization]:
        """The kustomizations that this one names, in the order in which kustomize reads them."""
        return [self.by_folder[target] for target in kustomization.bases if target in self.by_folder]

    def built_from(self, kustomization: Kustomization) -> list[Kustomization]:
        """This kustomization and all that it is built from, itself first, each once."""
        return reachable([kustomization], self.parts)

    def roots(self, kustomization: Kustomization) -> list[Kustomization]:
        """The unused kustomizations that are built from this one; itself if none uses it."""
        above = reachable([kustomization], lambda one: self.users[one.directory])
        return [one for one in above if not self.users[one.directory]]

    def overlay_using(self, folder: str) -> str | None:
        """The folder of the nearest user of this folder that is not a component; None if there is none."""
        queue = self._user_folders(folder)
        seen = set[str]()
        while queue:
            user = queue.pop(0)
            if user in seen:
                continue
            seen.add(user)
            if not self.by_folder[user].is_component:
                return user
            queue.extend(self._user_folders(user))
        return None

    def _user_folders(self, folder: str) -> list[str]:
        return sorted({user.directory for user in self.users.get(folder, ())})


def reachable(start: Iterable[_T], following: Callable[[_T], Iterable[_T]]) -> list[_T]:
    """The nodes of a graph that can be reached from some nodes; these come first, and each node once."""
    reached = dict.fromkeys(start)
    queue = list(reached)
    while queue:
        for node in following(queue.pop()):
            if node not in reached:
                reached[node] = None
                queue.append(node)
    return list(reached)
