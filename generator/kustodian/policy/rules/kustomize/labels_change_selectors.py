"""Overlay adds labels to selectors that its base has already set.

Why: The selector of a Deployment, StatefulSet or DaemonSet cannot be changed: adding, dropping or promoting
the label makes the apply fail until the workload is deleted.

Fix: Set `includeSelectors: false` (or leave it out) in the overlay; write labels that belong in selectors
once, in the base.

Wrong:
    # overlays/prod/kustomization.yaml
    labels:
      - pairs: {tier: prod}
        includeSelectors: true

Right:
    # overlays/prod/kustomization.yaml
    labels:
      - pairs: {tier: prod}
        includeTemplates: true

Notes:
    Reported are pairs that differ between the environments of one workload, or that the only environment of
    a workload adds. Pairs that every environment adds alike, and pairs in the kustomization that lists the
    workload, are stable and fine. `commonLabels` always includes selectors.

Source: Kubernetes documentation, "Deployments: Label selector updates",
https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#label-selector-updates; kustomize 5.8,
commonLabels field specs,
https://github.com/kubernetes-sigs/kustomize/blob/master/api/internal/konfig/builtinpluginconsts/commonlabels.go
"""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from kustodian.model.field_path import FieldPath
from kustodian.model.json_value import dig, mappings, string_map, text
from kustodian.model.kustomization import Kustomization
from kustodian.model.repository_view import RepositoryView
from kustodian.model.violation import SourceViolation
from kustodian.policy.rule import Context, Reach, RepositoryRule

_IMMUTABLE_SELECTOR = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet")


class _Entry(NamedTuple):
    """Labels of a kustomization that reach selectors."""

    kustomization: Kustomization
    path: FieldPath
    pairs: dict[str, str]


def check(view: RepositoryView, _: Context) -> Iterator[SourceViolation]:
    """One violation for each entry whose pairs are not the same in every environment of a workload."""
    reported: set[tuple[str, FieldPath]] = set()
    if not any(any(_selector_pairs(kustomization)) for kustomization in view.kustomizations.values()):
        return
    for origin, files in _workload_files(view).items():
        for roots in _counterparts(view, view.graph.by_folder[origin]):
            entries = {root.directory: _entries(view, root, origin) for root in roots}
            if not any(entries.values()):
                continue
            selectors = _selectors(view, files)
            added = {folder: _changing(given, selectors) for folder, given in entries.items()}
            for root in roots:
                others = [added[other.directory] for other in roots if other is not root]
                for entry in added[root.directory]:
                    key = (entry.kustomization.path, entry.path)
                    unstable = {
                        k: v for k, v in entry.pairs.items() if not others or not _everywhere(k, v, others)
                    }
                    # A guessed environment, or a lone one, answers for its own entries only.
                    lone = (not others or not view.environments) and entry.kustomization is not root
                    if not unstable or lone or key in reported:
                        continue
                    reported.add(key)
                    pairs = ", ".join(f"{k}={v}" for k, v in unstable.items())
                    message = f"puts {pairs} into selectors of workloads that come from {origin}"
                    yield SourceViolation(*key, message, overlay=root.directory)


def _workload_files(view: RepositoryView) -> dict[str, list[str]]:
    """Folder of the kustomization that lists them -> files that hold workloads; nothing is parsed for it."""
    holding = {
        document.file
        for document in view.documents
        if document.kind in _IMMUTABLE_SELECTOR and document.api_version.startswith("apps/")
    }
    found: dict[str, list[str]] = {}
    for kustomization in view.kustomizations.values():
        listed = [kustomization.resolve(entry) for _, _, entry in kustomization.references("resources")]
        files = [file for file in listed if file in holding]
        if files:
            found[kustomization.directory] = files
    return found


def _selectors(view: RepositoryView, files: list[str]) -> list[dict[str, str]]:
    """The matchLabels of each workload in these files."""
    view.prefetch(files)
    return [
        string_map(dig(document.data, ("spec", "selector", "matchLabels")))
        for file in files
        for document in view.documents_of(file)
        if document.data.get("kind") in _IMMUTABLE_SELECTOR
    ]


def _counterparts(view: RepositoryView, origin: Kustomization) -> list[list[Kustomization]]:
    """The environments of each application that is built from `origin`.

    Overlays are of one application when their paths differ in the environment's segment only; overlays
    without an environment, or the only one where the configuration declares none, prove nothing.
    """
    groups: dict[tuple[str, ...], list[Kustomization]] = defaultdict(list)
    for root in view.graph.roots(origin):
        environment = view.environment_of(root.directory)
        if environment is None:
            continue
        parts = root.directory.split("/")
        parent = posixpath.dirname(root.directory)
        named = [i for i, part in enumerate(parts) if environment in part]
        key = tuple(part for i, part in enumerate(parts) if i != named[0]) if named else (parent,)
        groups[key].append(root)
    return [roots for roots in groups.values() if len(roots) > 1 or view.environments]


def _entries(view: RepositoryView, root: Kustomization, origin: str) -> list[_Entry]:
    """The entries above `origin`, in the build of `root`, that reach selectors."""
    return [
        _Entry(kustomization, path, pairs)
        for kustomization in view.graph.built_from(root)
        if kustomization.directory != origin
        for path, pairs in _selector_pairs(kustomization)
        if _covers(view, kustomization, origin)
    ]


def _changing(entries: list[_Entry], selectors: list[dict[str, str]]) -> list[_Entry]:
    """The entries with only those pairs that some selector has not got already."""
    changing = [
        e._replace(pairs={k: v for k, v in e.pairs.items() if any(s.get(k) != v for s in selectors)})
        for e in entries
    ]
    return [entry for entry in changing if entry.pairs]


def _covers(view: RepositoryView, kustomization: Kustomization, origin: str) -> bool:
    """Whether its transformers see the objects of `origin`; a component sees those of whoever uses it."""
    holders = view.graph.users[kustomization.directory] if kustomization.is_component else [kustomization]
    return any(reached.directory == origin for holder in holders for reached in view.graph.built_from(holder))


def _selector_pairs(kustomization: Kustomization) -> Iterator[tuple[FieldPath, dict[str, str]]]:
    common = string_map(kustomization.data.get("commonLabels"))
    if common:
        yield ("commonLabels",), common
    for index, entry in mappings(kustomization.data.get("labels")):
        in_fields = any(
            "selector" in text(field.get("path")).lower() for _, field in mappings(entry.get("fields"))
        )
        if entry.get("includeSelectors") is True:
            yield ("labels", index, "includeSelectors"), string_map(entry.get("pairs"))
        elif in_fields:
            yield ("labels", index, "fields"), string_map(entry.get("pairs"))


def _everywhere(key: str, value: str, others: list[list[_Entry]]) -> bool:
    return all(any(entry.pairs.get(key) == value for entry in entries) for entries in others)


RULE = RepositoryRule(
    id="labels-change-selectors",
    topic="kustomize",
    severity="E/E/E",
    check=check,
    reach=Reach.NOTHING,
    doc=__doc__,
    tags=("reliability",),
)
