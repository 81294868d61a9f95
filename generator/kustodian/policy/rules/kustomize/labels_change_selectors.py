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
from dataclasses import dataclass

from kustodian.model.field_path import FieldPath
from kustodian.model.json_value import dig, mappings, string_map, text
from kustodian.model.repository_view import Kustomization, RepositoryView
from kustodian.policy.rule import Context, RepositoryRule, SourceViolation

_IMMUTABLE_SELECTOR = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet")


@dataclass(frozen=True, slots=True)
class _Entry:
    """Labels of a kustomization that reach selectors."""

    kustomization: Kustomization
    path: FieldPath
    pairs: dict[str, str]


def check(view: RepositoryView, _: Context) -> Iterator[SourceViolation]:
    """One violation for each entry whose pairs are not the same in every environment of a workload."""
    reported: set[tuple[str, FieldPath]] = set()
    for origin, selectors in _workloads(view).items():
        for roots in _counterparts(view, view.by_folder[origin]):
            added = {root.directory: _added(view, root, origin, selectors) for root in roots}
            for root in roots:
                for entry in added[root.directory]:
                    key = (entry.kustomization.path, entry.path)
                    others = [added[other.directory] for other in roots if other is not root]
                    unstable = {
                        k: v for k, v in entry.pairs.items() if not others or not _everywhere(k, v, others)
                    }
                    # A guessed environment, or a lone one, answers for its own entries only.
                    lone = (not others or not view.environments) and entry.kustomization is not root
                    if not unstable or lone or key in reported:
                        continue
                    reported.add(key)
                    pairs = ", ".join(f"{k}={v}" for k, v in unstable.items())
                    yield SourceViolation(
                        *key,
                        f"puts {pairs} into selectors of workloads that come from {origin}",
                        overlay=root.directory,
                    )


def _workloads(view: RepositoryView) -> dict[str, list[dict[str, str]]]:
    """Folder of the kustomization that lists it -> selector labels of each workload."""
    in_file: dict[str, list[dict[str, str]]] = defaultdict(list)
    for manifest in view.manifests("apps", *_IMMUTABLE_SELECTOR):
        selector = string_map(dig(manifest.spec, ("selector", "matchLabels")))
        in_file[manifest.provenance.file or ""].append(selector)
    found: dict[str, list[dict[str, str]]] = defaultdict(list)
    for kustomization in view.kustomizations.values():
        for _, _, entry in kustomization.references("resources"):
            found[kustomization.directory] += in_file.get(kustomization.resolve(entry), ())
    return {folder: selectors for folder, selectors in found.items() if selectors}


def _counterparts(view: RepositoryView, origin: Kustomization) -> list[list[Kustomization]]:
    """The environments of each application that is built from `origin`.

    Overlays are of one application when their paths differ in the environment's segment only; overlays
    without an environment, or the only one where the configuration declares none, prove nothing.
    """
    groups: dict[tuple[str, ...], list[Kustomization]] = defaultdict(list)
    for root in view.roots(origin):
        environment = view.environment_of(root.directory)
        if environment is None:
            continue
        parts = root.directory.split("/")
        parent = posixpath.dirname(root.directory)
        named = [i for i, part in enumerate(parts) if environment in part]
        key = tuple(part for i, part in enumerate(parts) if i != named[0]) if named else (parent,)
        groups[key].append(root)
    return [roots for roots in groups.values() if len(roots) > 1 or view.environments]


def _added(
    view: RepositoryView, root: Kustomization, origin: str, selectors: list[dict[str, str]]
) -> list[_Entry]:
    """The entries above `origin`, in the build of `root`, that change one of its selectors."""
    entries = []
    for kustomization in view.reach(root):
        if kustomization.directory == origin or not _covers(view, kustomization, origin):
            continue
        for path, pairs in _selector_pairs(kustomization):
            changing = {k: v for k, v in pairs.items() if any(s.get(k) != v for s in selectors)}
            if changing:
                entries.append(_Entry(kustomization, path, changing))
    return entries


def _covers(view: RepositoryView, kustomization: Kustomization, origin: str) -> bool:
    """Whether its transformers see the objects of `origin`; a component sees those of whoever uses it."""
    holders = view.users[kustomization.path] if kustomization.is_component else [kustomization]
    return any(reached.directory == origin for holder in holders for reached in view.reach(holder))


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
    doc=__doc__,
    tags=("reliability",),
)
