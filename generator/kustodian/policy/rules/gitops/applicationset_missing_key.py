"""ApplicationSet template renders although a parameter is missing.

Why: A misspelt parameter becomes empty text (or stays as braces): the Application then deploys another path
    or namespace than intended.

Fix: Set `goTemplate: true` and `goTemplateOptions: ["missingkey=error"]`.

Wrong:
    spec:
      goTemplate: true

Right:
    spec:
      goTemplate: true
      goTemplateOptions: ["missingkey=error"]

Notes: A template without any `{{ }}` has no parameters and passes.

Source: Argo CD documentation, "ApplicationSet: Go Template",
https://argo-cd.readthedocs.io/en/stable/operator-manual/applicationset/GoTemplate/
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.argocd.applications import about, applications, label_of
from kustodian.model.json_value import sequence, text
from kustodian.model.repository.view import RepositoryView
from kustodian.model.violation import SourceViolation
from kustodian.policy.rule import Context, Reach, RepositoryRule, Worse


def check(view: RepositoryView, _: Context) -> Iterator[SourceViolation]:
    """One violation for each ApplicationSet with parameters and no missingkey=error."""
    for application in applications(view):
        spec = application.placed.manifest.spec
        if not application.is_set or not (
            _has_parameters(spec.get("template")) or _has_parameters(spec.get("templatePatch"))
        ):
            continue
        if spec.get("goTemplate") is not True:
            path, problem = (
                ("spec", "goTemplate"),
                "does not use goTemplate, so a missing parameter stays as text",
            )
        elif not any(
            text(o).replace(" ", "") == "missingkey=error" for o in sequence(spec.get("goTemplateOptions"))
        ):
            path, problem = (
                ("spec", "goTemplateOptions"),
                "has no missingkey=error, so a missing parameter is empty",
            )
        else:
            continue
        yield application.placed.violation(
            path, f"{label_of(application)} {problem}", about(view, application)
        )


def _has_parameters(value: object) -> bool:
    """Whether any text in the value contains a template parameter."""
    if isinstance(value, dict):
        return any(_has_parameters(item) for item in value.values())
    if isinstance(value, list):
        return any(_has_parameters(item) for item in value)
    return isinstance(value, str) and "{{" in value


RULE = RepositoryRule(
    id="applicationset-missing-key",
    topic="gitops",
    severity="W/E/E",
    check=check,
    reach=Reach.NOTHING,
    doc=__doc__,
    worse=Worse.NEVER,
    tags=("argocd", "reliability"),
)
