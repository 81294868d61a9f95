"""Kustomization takes resources from an address outside the repository.

Why: The rendered manifests depend on a network and on another repository: a review here does not see what
changes there, and Argo CD cannot sync when the host is down.

Fix: Copy the base into this repository (for example under `vendor/`) and name that folder in `resources:`.

Wrong:
    resources:
      - https://github.com/example/base//deploy?ref=v1.2.0

Right:
    resources:
      - ../../vendor/base

Notes: Addresses are recognised as kustomize does: `https://`, `http://`, `ssh://` and `file://` URLs,
    `user@host:org/repo`, `github.com/org/repo`, each with an optional `git::` in front. A file of the
    repository with such a name takes precedence. Patches, generators and other fields that name files may
    hold `https://` addresses too. `unpinned-remote-base` reports the ones without a commit.

Source: kustomize 5.8, "Remote targets",
https://github.com/kubernetes-sigs/kustomize/blob/master/examples/remoteBuild.md; Argo CD documentation,
"Best practices", https://argo-cd.readthedocs.io/en/stable/user-guide/best_practices/
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kustomize.remote import remote_references
from kustodian.model.measure import Exactly
from kustodian.model.repository.view import RepositoryView
from kustodian.model.violation import SourceViolation
from kustodian.policy.rule import Context, Reach, RepositoryRule, Worse


def check(view: RepositoryView, _: Context) -> Iterator[SourceViolation]:
    """One violation for each remote address, whatever its revision."""
    for kustomization, reference in remote_references(view):
        yield SourceViolation(
            kustomization.path,
            reference.path,
            f"`{reference.path[0]}` takes {reference.text} from outside the repository",
            overlay=kustomization.directory,
            measure=Exactly(reference.text.partition("?")[0]),
        )


RULE = RepositoryRule(
    id="remote-base",
    topic="kustomize",
    severity="W/E/E",
    check=check,
    reach=Reach.NOTHING,
    doc=__doc__,
    worse=Worse.BY_MEASURE,
    tags=("supply-chain",),
)
