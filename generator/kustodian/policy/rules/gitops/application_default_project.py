"""Application belongs to the project `default`.

Why: Argo CD creates the project `default` with every repository, destination and kind allowed: nothing
    restricts the application.

Fix: Create an AppProject for the applications of this repository and name it in `spec.project`.

Wrong:
    spec:
      project: default

Right:
    spec:
      project: iris

Source: Argo CD documentation, "Projects: The Default Project",
https://argo-cd.readthedocs.io/en/stable/user-guide/projects/#the-default-project
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.argocd.applications import about, applications, label_of
from kustodian.model.json_value import text
from kustodian.model.repository.view import RepositoryView
from kustodian.model.violation import SourceViolation
from kustodian.policy.rule import Context, Reach, RepositoryRule, Worse


def check(view: RepositoryView, _: Context) -> Iterator[SourceViolation]:
    """One violation for each Application or template whose project is `default`, or absent."""
    for application in applications(view):
        project = text(application.spec.get("project"))
        if not application.spec or not set(application.values(project)) & {"", "default"}:
            continue
        problem = (
            "belongs to the project `default`" if project else "names no project, so it belongs to `default`"
        )
        yield application.placed.violation(
            application.at("project"), f"{label_of(application)} {problem}", about(view, application)
        )


RULE = RepositoryRule(
    id="application-default-project",
    topic="gitops",
    severity="W/E/E",
    check=check,
    reach=Reach.NOTHING,
    doc=__doc__,
    worse=Worse.NEVER,
    tags=("argocd", "security"),
)
