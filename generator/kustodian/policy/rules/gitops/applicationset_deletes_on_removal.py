"""ApplicationSet deletes everything it deployed when it, or a generator's entry, is removed.

Why: Renaming a folder, breaking the match of a file or deleting the ApplicationSet removes the Application
    and with it every object of the environment, volumes included.

Fix: Set `syncPolicy.preserveResourcesOnDeletion: true` on the ApplicationSet (beside `template`, not inside
it).

Wrong:
    spec:
      generators: []
      template: {}

Right:
    spec:
      syncPolicy:
        preserveResourcesOnDeletion: true
      generators: []
      template: {}

Notes: `syncPolicy.applicationsSync: create-update` or `create-only` keeps the Applications when an entry is
    removed, and passes too; deleting the ApplicationSet then still needs `kubectl delete --cascade=orphan`.

Source: Argo CD documentation, "ApplicationSet: Application Pruning & Resource Deletion",
https://argo-cd.readthedocs.io/en/stable/operator-manual/applicationset/Application-Deletion/; "Controlling
if/when the ApplicationSet controller modifies Application resources",
https://argo-cd.readthedocs.io/en/stable/operator-manual/applicationset/Controlling-Resource-Modification/
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.argocd.applications import about, applications, label_of
from kustodian.model.json_value import mapping
from kustodian.model.repository.view import RepositoryView
from kustodian.model.violation import SourceViolation
from kustodian.policy.rule import Context, Reach, RepositoryRule, Worse

_KEEPS_APPLICATIONS = ("create-update", "create-only")


def check(view: RepositoryView, _: Context) -> Iterator[SourceViolation]:
    """One violation for each ApplicationSet that keeps neither its objects nor its Applications."""
    for application in applications(view):
        if not application.is_set:
            continue
        policy = mapping(application.placed.manifest.spec.get("syncPolicy"))
        if (
            policy.get("preserveResourcesOnDeletion") is True
            or policy.get("applicationsSync") in _KEEPS_APPLICATIONS
        ):
            continue
        yield application.placed.violation(
            ("spec", "syncPolicy", "preserveResourcesOnDeletion"),
            f"{label_of(application)} deletes what it deployed when an entry of its generators goes away",
            about(view, application),
        )


RULE = RepositoryRule(
    id="applicationset-deletes-on-removal",
    topic="gitops",
    severity="W/E/E",
    check=check,
    reach=Reach.NOTHING,
    doc=__doc__,
    worse=Worse.NEVER,
    tags=("argocd", "reliability"),
)
