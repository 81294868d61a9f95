"""AppProject allows any repository, any destination or any cluster-scoped kind.

Why: Whoever can create an Application in the project can deploy anything anywhere: the project restricts
    nothing.

Fix: List the repositories, the namespaces with their cluster, and the cluster-scoped kinds that the
applications need.

Wrong:
    sourceRepos: ["*"]
    destinations:
      - {server: "*", namespace: "*"}

Right:
    sourceRepos: [https://git.example.com/ml/iris-config.git]
    destinations:
      - {server: https://kubernetes.default.svc, namespace: iris-prod}

Notes: A pattern with a fixed part (`iris-*`) is a restriction and passes. `namespaceResourceWhitelist` may
    be `*`, which means the same as leaving it out.

Source: Argo CD documentation, "Projects", https://argo-cd.readthedocs.io/en/stable/user-guide/projects/
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.argocd.applications import placed_objects
from kustodian.model.json_value import FieldPath, JsonObject, mappings, sequence
from kustodian.model.repository.view import RepositoryView
from kustodian.model.violation import SourceViolation
from kustodian.policy.rule import Context, Reach, RepositoryRule, Worse

_ANY = ("*", "**")


def check(view: RepositoryView, _: Context) -> Iterator[SourceViolation]:
    """One violation for each entry that allows everything."""
    for placed in placed_objects(view, "AppProject"):
        for path, what in _wildcards(placed.manifest.spec):
            message = f"AppProject {placed.manifest.name} allows {what}"
            yield placed.violation(("spec", *path), message)


def _wildcards(spec: JsonObject) -> Iterator[tuple[FieldPath, str]]:
    for field, what in (
        ("sourceRepos", "any repository"),
        ("sourceNamespaces", "Applications in any namespace"),
    ):
        for index, entry in enumerate(sequence(spec.get(field))):
            if entry in _ANY:
                yield (field, index), what
    for index, entry in mappings(spec.get("destinations")):
        for key, what in (("server", "any cluster"), ("name", "any cluster"), ("namespace", "any namespace")):
            if entry.get(key) in _ANY:
                yield ("destinations", index, key), what
    for index, entry in mappings(spec.get("clusterResourceWhitelist")):
        if entry.get("kind") in _ANY:
            group = entry.get("group")
            kinds = (
                "any cluster-scoped kind" if group in _ANY else f"any cluster-scoped kind of group {group!r}"
            )
            yield ("clusterResourceWhitelist", index, "kind"), kinds


RULE = RepositoryRule(
    id="application-wildcard-project",
    topic="gitops",
    severity="W/E/E",
    check=check,
    reach=Reach.NOTHING,
    doc=__doc__,
    worse=Worse.BY_MESSAGE,
    tags=("argocd", "security"),
)
