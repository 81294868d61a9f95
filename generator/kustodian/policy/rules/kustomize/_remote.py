"""The addresses outside the repository that kustomizations name."""

from __future__ import annotations

from kustodian.model.repository_view import Kustomization, RepositoryView
from kustodian.policy.rules.kustomize._references import (
    Reference,
    is_remote_file,
    is_remote_repository,
    may_be_remote,
    references,
)


def remote_references(view: RepositoryView) -> list[tuple[Kustomization, Reference]]:
    """Each reference that kustomize would fetch: a file over HTTP, or a repository where a base may stand."""
    return view.once(_find)


def _find(view: RepositoryView) -> list[tuple[Kustomization, Reference]]:
    found = []
    for kustomization in view.kustomizations.values():
        for reference in kustomization.once(_remote):
            if reference.target not in view.file_set:
                found.append((kustomization, reference))
    return found


def _remote(kustomization: Kustomization) -> list[Reference]:
    """The references that are addresses, unless a file happens to be called so."""
    return [
        reference
        for reference in references(kustomization)
        if may_be_remote(reference.text)
        and (
            is_remote_file(reference.text)
            or (_may_be_folder(reference) and is_remote_repository(reference.text))
        )
    ]


def _may_be_folder(reference: Reference) -> bool:
    return reference.is_base or reference.path[0] in ("generators", "transformers", "validators")
