"""The remote addresses that kustomizations name."""

from __future__ import annotations

from typing import NamedTuple

from kustodian.kustomize.references import (
    is_remote_file,
    is_remote_repository,
    may_be_remote,
    written_references,
)
from kustodian.model.json_value import FieldPath
from kustodian.model.repository.kustomization import BASE_FIELDS, Kustomization
from kustodian.model.repository.view import RepositoryView


class Reference(NamedTuple):
    """A reference: the path of its field, its text, and the local path that the text would be."""

    path: FieldPath
    text: str
    target: str


def remote_references(view: RepositoryView) -> list[tuple[Kustomization, Reference]]:
    """Every reference that kustomize would fetch: a file over HTTP, or a repository instead of a folder.

    A reference to an existing file of the repository is left out, whatever it looks like.
    """
    return view.memoized(_remote_references)


def _remote_references(view: RepositoryView) -> list[tuple[Kustomization, Reference]]:
    references = []
    for kustomization in view.kustomizations.values():
        for reference in kustomization.memoized(_address_like):
            if reference.target not in view.file_set:
                references.append((kustomization, reference))
    return references


def _address_like(kustomization: Kustomization) -> list[Reference]:
    """The references that look like addresses; a local file may have such a name too."""
    return [
        Reference(path, text, kustomization.resolve(text))
        for path, text in written_references(kustomization)
        if may_be_remote(text)
        and (is_remote_file(text) or (_may_be_folder(path) and is_remote_repository(text)))
    ]


def _may_be_folder(path: FieldPath) -> bool:
    return path[0] in (*BASE_FIELDS, "generators", "transformers", "validators")
