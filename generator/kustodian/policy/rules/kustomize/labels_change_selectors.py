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

Notes: The rule reports pairs that differ between the environments of one workload, or that its only
    environment adds. Pairs that every environment adds in the same way, and pairs in the kustomization that
    lists the workload, are stable and pass. `commonLabels` always includes selectors.

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

from kustodian.model.json_value import FieldPath, dig, mappings, string_map, text
from kustodian.model.measure import members
from kustodian.model.repository.kustomization import Kustomization
from kustodian.model.repository.view import RepositoryView
from kustodian.model.violation import SourceViolation
from kustodian.policy.rule import Context, Reach, RepositoryRule, Worse

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
            added = {
                folder: _only_new_pairs(folder_entries, selectors)
                for folder, folder_entries in entries.items()
            }
            for root in roots:
                others = [added[other.directory] for other in roots if other is not root]
                for entry in added[root.directory]:
                    key = (entry.kustomization.path, entry.path)
                    unstable = {
                        k: v for k, v in entry.pairs.items() if not others or not _everywhere(k, v, others)
                    }
                    # For a guessed or a single environment, only the overlay's own entries are reported.
                    not_its_own = (not others or not view.environments) and entry.kustomization is not root
                    if not unstable or not_its_own or key in reported:
                        continue
                    reported.add(key)
                    pairs = ", ".join(f"{k}={v}" for k, v in unstable.items())
                    message = f"puts {pairs} into selectors of workloads that come from {origin}"
                    measure = members(f"{k}={v}" for k, v in unstable.items())
                    yield SourceViolation(*key, message, overlay=root.directory, measure=measure)


def _workload_files(view: RepositoryView) -> dict[str, list[str]]:
    """Folder of a kustomization -> the files with workloads that it lists; no file is parsed."""
    with_workloads = {
        document.file
        for document in view.documents
        if document.kind in _IMMUTABLE_SELECTOR and document.api_version.startswith("apps/")
    }
    by_folder: dict[str, list[str]] = {}
    for kustomization in view.kustomizations.values():
        listed = [kustomization.resolve(entry) for _, _, entry in kustomization.references("resources")]
        files = [file for file in listed if file in with_workloads]
        if files:
            by_folder[kustomization.directory] = files
    return by_folder


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
    """The overlays of each application that is built from `origin`, one for each environment.

    Overlays belong to one application if their paths differ only in the environment's segment. Overlays
    without an environment are left out, and so is a single one if the configuration declares none.
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


def _only_new_pairs(entries: list[_Entry], selectors: list[dict[str, str]]) -> list[_Entry]:
    """The entries with only those pairs that some selector does not have yet."""
    changing = [
        e._replace(pairs={k: v for k, v in e.pairs.items() if any(s.get(k) != v for s in selectors)})
        for e in entries
    ]
    return [entry for entry in changing if entry.pairs]


def _covers(view: RepositoryView, kustomization: Kustomization, origin: str) -> bool:
    """Whether it transforms the objects of `origin`; a component transforms those of its users."""
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
    worse=Worse.BY_MEASURE,
    tags=("reliability",),
)
