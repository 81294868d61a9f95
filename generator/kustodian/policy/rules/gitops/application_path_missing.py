"""Application deploys a folder or Helm value file that this repository does not have.

Why: Argo CD cannot generate manifests: the application stays in an error state, and its existing objects
    are no longer reconciled.

Fix: Correct `path` to a folder of this repository (relative to the repository's root), or add the folder.

Wrong:
    path: overlays/production

Right:
    path: overlays/prod

Notes: Only sources in this repository are checked: those whose `repoURL` is also used by a source with a
    folder that exists here. If no source has such a folder, a path counts as ours when its parent folder
    exists here and holds kustomizations. Paths with a template parameter that only the cluster knows are
    not checked. Value files are looked up beside the chart, from the root (`/values.yaml`) or in the source
    that `$ref/` names, if that is this repository. Value files that are URLs, patterns or variables are not
    checked, nor are those of a source with `ignoreMissingValueFiles`.

Source: Argo CD documentation, "Application Specification Reference",
https://argo-cd.readthedocs.io/en/stable/user-guide/application-specification/
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from kustodian.argocd.applications import (
    Application,
    Source,
    about,
    applications,
    label_of,
    normal_url,
    own_urls,
)
from kustodian.argocd.generators import UNKNOWN
from kustodian.argocd.value_files import value_files
from kustodian.model.environment import matches_any
from kustodian.model.errors import nearest
from kustodian.model.measure import Exactly
from kustodian.model.repository.view import RepositoryView
from kustodian.model.violation import SourceViolation
from kustodian.policy.rule import Context, Reach, RepositoryRule, Worse


def check(view: RepositoryView, _: Context) -> Iterator[SourceViolation]:
    """One violation for each path that is not a folder here, and for each value file that does not exist."""
    own = own_urls(view)
    for application in applications(view):
        for source in application.sources:
            if _is_missing(view, source, own):
                yield _violation(view, application, source)
    yield from _missing_value_files(view, own)


def _missing_value_files(view: RepositoryView, own: frozenset[str]) -> Iterator[SourceViolation]:
    uses = [(application, file) for application in applications(view) for file in value_files(application)]
    # A chart from elsewhere may take its values from here: one existing file shows that its URL is ours.
    own = own | {file.repo_url for _, file in uses if file.is_by_ref and file.file in view.file_set}
    for application, file in dict.fromkeys(uses):
        if file.repo_url in own and file.file not in view.file_set:
            message = f"{label_of(application)} uses the values of {file.file}, which does not exist"
            close = nearest(file.file, set(view.yaml_files))
            fix = f"The nearest file is {close}" if close else "Correct the name, or add the file"
            overlay, measure = about(view, application), Exactly(file.file)
            yield application.placed.violation(file.path, message, overlay, fix, measure)


def _is_missing(view: RepositoryView, source: Source, own: frozenset[str]) -> bool:
    if source.is_chart or source.is_ref or UNKNOWN in source.folder or source.folder in view.folders:
        return False
    if matches_any(source.folder, view.exclude):
        return False
    if own:
        return normal_url(source.repo_url) in own
    parent = posixpath.dirname(source.folder)
    return bool(parent) and any(posixpath.dirname(folder) == parent for folder in view.graph.by_folder)


def _violation(view: RepositoryView, application: Application, source: Source) -> SourceViolation:
    close = nearest(source.folder, set(view.graph.by_folder))
    if source.folder in view.file_set:
        message = f"{label_of(application)} deploys {source.folder}, which is a file"
    else:
        message = f"{label_of(application)} deploys {source.folder}, which does not exist"
    path = (*source.path, "path")
    fix = f"Write `path: {close}`" if close and not application.is_set else None
    return application.placed.violation(path, message, about(view, application), fix, Exactly(source.folder))


RULE = RepositoryRule(
    id="application-path-missing",
    topic="gitops",
    severity="W/E/E",
    check=check,
    reach=Reach.NOTHING,
    doc=__doc__,
    worse=Worse.BY_MEASURE,
    tags=("argocd", "reliability"),
)
