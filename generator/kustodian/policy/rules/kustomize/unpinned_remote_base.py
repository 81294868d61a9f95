"""Remote base does not name the commit it is taken from.

Why: A branch or a tag of another repository can be moved: what every environment runs would change without
a commit in this one.

Fix: Write the full commit sha as `?ref=` (or in the path of a raw file), or copy the base into this
repository.

Wrong:
    resources:
      - https://github.com/example/base//deploy?ref=v1.2.0

Right:
    resources:
      - https://github.com/example/base//deploy?ref=5f3c1b0e0a1d2c3b4a59687766554433221100ff

Notes: Only a full sha (40 or 64 hex digits) names one commit permanently. A release asset has no commit in
    its address and counts as unpinned: copy the file.

Source: Argo CD documentation, "Best practices: Ensuring Manifests At Git Revisions Are Truly Immutable",
https://argo-cd.readthedocs.io/en/stable/user-guide/best_practices/
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kustomize.references import is_pinned
from kustodian.kustomize.remote import remote_references
from kustodian.model.measure import Exactly
from kustodian.model.repository.view import RepositoryView
from kustodian.model.violation import SourceViolation
from kustodian.policy.rule import Context, Reach, RepositoryRule, Worse


def check(view: RepositoryView, _: Context) -> Iterator[SourceViolation]:
    """One violation for each remote address without a commit."""
    for kustomization, reference in remote_references(view):
        if not is_pinned(reference.text):
            yield SourceViolation(
                kustomization.path,
                reference.path,
                f"`{reference.path[0]}` takes {reference.text} at a revision that can move",
                overlay=kustomization.directory,
                measure=Exactly(reference.text.partition("?")[0]),
            )


RULE = RepositoryRule(
    id="unpinned-remote-base",
    topic="kustomize",
    severity="W/E/E",
    check=check,
    reach=Reach.NOTHING,
    doc=__doc__,
    worse=Worse.BY_MEASURE,
    tags=("supply-chain",),
)
