"""Application follows a revision that moves without a pull request here.

Why: `HEAD` (the default without `targetRevision`), a branch of another repository or a version range may
    resolve to something else tomorrow: the environment changes without a review.

Fix: Write an exact version, a tag or a commit sha as `targetRevision`; for this repository itself the
branch that pull requests merge into.

Wrong:
    source:
      repoURL: https://charts.example.com
      chart: redis
      targetRevision: 19.*

Right:
    source:
      repoURL: https://charts.example.com
      chart: redis
      targetRevision: 19.6.4

Options:
    branches: the branches of this repository that prod may follow, in addition to those whose name contains
        the environment's name.

Notes: A source is this repository if its `path` names folders that exist here. One folder for each
    environment on one named branch is the usual layout, so such a branch passes; `HEAD` does not, because
    the git server decides what it means. A template parameter that only the cluster knows is not checked.

Source: Argo CD documentation, "Tracking and Deployment Strategies",
https://argo-cd.readthedocs.io/en/stable/user-guide/tracking_strategies/
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kustodian.argocd.applications import (
    Source,
    about,
    applications,
    label_of,
    normal_url,
    own_urls,
)
from kustodian.argocd.generators import UNKNOWN
from kustodian.model.environment import EnvironmentClass
from kustodian.model.measure import Exactly
from kustodian.model.repository.view import RepositoryView
from kustodian.model.violation import SourceViolation
from kustodian.policy.rule import Context, Option, Reach, RepositoryRule, Worse

_EXACT_VERSION = re.compile(r"v?\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?\Z")
_RANGE = re.compile(r"[*^~<>=|,\s]|\.[xX](?:\.|\Z)|\A[xX]\Z")
_SHA = re.compile(r"[0-9a-f]{7,64}\Z")


def check(view: RepositoryView, context: Context) -> Iterator[SourceViolation]:
    """One violation for each source whose revision moves."""
    own = own_urls(view)
    for application in applications(view):
        overlay = about(view, application)
        environment = view.overlay_at[overlay].overlay.environment if overlay is not None else None
        is_prod = environment is None or environment.environment_class is EnvironmentClass.PROD
        branches = [
            *context.options["branches"],
            *([environment.name] if environment and environment.name else []),
        ]
        reported = set()
        for source in application.sources:
            is_own = normal_url(source.repo_url) in own
            problem = _problem(source, is_own, is_prod, branches)
            if problem and source.path not in reported:
                reported.add(source.path)
                path = (*source.path, "targetRevision")
                message = f"{label_of(application)} {problem}"
                yield application.placed.violation(path, message, overlay, measure=Exactly(problem))


def _problem(source: Source, is_own: bool, is_prod: bool, branches: list[str]) -> str | None:
    revision = source.revision
    if UNKNOWN in revision or not source.repo_url:
        return None
    if source.is_chart:
        if revision.startswith("sha256:") or _EXACT_VERSION.match(revision):
            return None
        what = source.chart or source.repo_url
        return f"follows {f'versions `{revision}`' if revision else 'every new version'} of {what}"
    if revision in ("", "HEAD"):
        return f"follows {'HEAD' if revision else 'HEAD (no targetRevision)'} of {source.repo_url}"
    if _RANGE.search(revision):
        return f"follows the range `{revision}` of {source.repo_url}"
    if not _is_branch(revision):
        return None
    name = revision.removeprefix("refs/heads/")
    if is_own and (not is_prod or any(branch in name for branch in branches)):
        return None
    return f"follows the branch `{name}` of {source.repo_url}"


def _is_branch(revision: str) -> bool:
    """Whether a git revision is a branch: neither a sha nor, like most tags, a name with a digit."""
    if revision.startswith("refs/"):
        return revision.startswith("refs/heads/")
    return not _SHA.match(revision) and not any(c.isdigit() for c in revision)


RULE = RepositoryRule(
    id="application-target-revision",
    topic="gitops",
    severity="W/E/E",
    check=check,
    reach=Reach.NOTHING,
    doc=__doc__,
    worse=Worse.BY_MEASURE,
    tags=("argocd", "supply-chain"),
    options={"branches": Option(("main", "master"), "branches of this repository that prod may follow")},
)
