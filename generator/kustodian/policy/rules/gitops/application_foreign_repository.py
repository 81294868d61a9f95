"""Application deploys from a repository that is not among the allowed ones.

Why: What it deploys is reviewed by nobody here, and whoever can push there changes the cluster.

Fix: Deploy from an allowed repository, or add the repository to the AppProject's `sourceRepos`, or to
`rules.application-foreign-repository.allowed` in `kustodian.yaml`, in a change of its own.

Wrong:
    # project iris: sourceRepos: [https://git.example.com/ml/iris-config.git]
    source: {repoURL: https://git.example.org/other/things.git}

Right:
    source: {repoURL: https://git.example.com/ml/iris-config.git}

Options: `allowed` lists URLs as an AppProject does: `*` is any text without a slash, `**` any text. List
this repository as well. Without it, an Application is compared with the `sourceRepos` of its AppProject, if
that is in this repository and not `*`.

Notes: With neither the option nor its AppProject nothing is reported: no file says which repositories are
allowed. An address that only the cluster can fill in (a generator that asks a forge) is reported only
with the option; Argo CD itself compares it with the AppProject. The address in a `templatePatch` counts,
and so does that of a git generator, whose files say what is deployed.

Source: Argo CD documentation, "Projects", https://argo-cd.readthedocs.io/en/stable/user-guide/projects/
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache

from kustodian.argocd.applications import (
    Application,
    about,
    applications,
    label_of,
    normal_url,
    placed_objects,
)
from kustodian.argocd.generators import UNKNOWN
from kustodian.model.json_value import FieldPath, mapping, mappings, sequence, text
from kustodian.model.linear_pattern import LinearPattern, linear_pattern
from kustodian.model.repository.view import RepositoryView
from kustodian.model.violation import SourceViolation
from kustodian.policy.rule import Context, Option, Reach, RepositoryRule, Worse

_ANY = ("*", "**")
_PATCHED = re.compile(r"""["']?repoURL["']?\s*:\s*["']?((?:\{\{[^}\n]{0,200}\}\}|[^\s"',{}])+)""")


def check(view: RepositoryView, context: Context) -> Iterator[SourceViolation]:
    """One violation for each source of an Application that may not deploy from there."""
    allowed = tuple(context.options["allowed"])
    projects = {} if allowed else _source_repos(view)
    for application in applications(view):
        names = application.values(text(application.spec.get("project"))) or [""]
        for path, url in dict.fromkeys(_urls(application)):
            lists = (
                [allowed] if allowed else [projects[name or "default"] for name in names if name in projects]
            )
            is_known = UNKNOWN not in url and "{{" not in url
            if any(not _is_allowed(url, patterns) for patterns in lists) and (is_known or allowed):
                verb = "takes parameters from" if "generators" in path else "deploys from"
                shown = url if is_known else "a repository that only the cluster knows"
                message = f"{label_of(application)} {verb} {shown}, which is not an allowed repository"
                yield application.placed.violation(path, message, about(view, application))


def _source_repos(view: RepositoryView) -> dict[str, tuple[str, ...]]:
    """The `sourceRepos` of each AppProject by its name."""
    return {
        placed.manifest.name: tuple(map(text, sequence(placed.manifest.spec.get("sourceRepos"))))
        for placed in placed_objects(view, "AppProject")
    }


def _urls(application: Application) -> Iterator[tuple[FieldPath, str]]:
    """Every repository of the Application's sources, with the field that names it."""
    for source in application.sources:
        if source.repo_url:
            yield (*source.path, "repoURL"), source.repo_url
    if not application.is_set:
        return
    spec = application.placed.manifest.spec
    yield from _generator_urls(spec.get("generators"), ("spec", "generators"))
    patch = text(spec.get("templatePatch"))
    for written in _PATCHED.findall(patch):
        for url in application.values(written):
            yield ("spec", "templatePatch"), url


def _generator_urls(generators: object, path: FieldPath) -> Iterator[tuple[FieldPath, str]]:
    """The repositories from which git generators take parameters; matrix and merge nest generators."""
    for index, generator in mappings(generators):
        if url := text(mapping(generator.get("git")).get("repoURL")):
            yield (*path, index, "git", "repoURL"), url
        for nesting in ("matrix", "merge"):
            nested = mapping(generator.get(nesting)).get("generators")
            yield from _generator_urls(nested, (*path, index, nesting, "generators"))


def _is_allowed(url: str, patterns: Iterable[str]) -> bool:
    """Whether a list allows a URL: one entry matches, and none that begins with `!` does.

    Source: Argo CD 3.1, pkg/apis/application/v1alpha1/app_project_types.go, `IsSourcePermitted`.
    """
    matched = False
    for pattern in patterns:
        denies = pattern.startswith("!")
        if _matches(normal_url(url), pattern.removeprefix("!")):
            if denies:
                return False
            matched = True
    return matched


def _matches(url: str, pattern: str) -> bool:
    compiled = None if pattern in _ANY else _compiled(normal_url(pattern))
    return pattern in _ANY or (compiled is not None and compiled.fullmatch(url))


@cache
def _compiled(glob: str) -> LinearPattern | None:
    parts = re.split(r"(\*+)", glob)
    return linear_pattern(
        "".join((".*" if len(p) > 1 else "[^/]*") if p[:1] == "*" else re.escape(p) for p in parts)
    )


RULE = RepositoryRule(
    id="application-foreign-repository",
    topic="gitops",
    severity="E/E/E",
    check=check,
    reach=Reach.NOTHING,
    options={
        "allowed": Option(
            (), "URLs of repositories that Applications may deploy from; empty for AppProjects'"
        )
    },
    doc=__doc__,
    worse=Worse.BY_MESSAGE,
    tags=("argocd", "security"),
)
