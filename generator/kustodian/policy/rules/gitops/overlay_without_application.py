"""No Argo CD Application deploys this environment's overlay.

Why: The overlay is reviewed and merged, but nothing syncs it: what runs in the environment is not what is
in git.

Fix: Add an Application whose `path` is the overlay, or make a generator of the ApplicationSet match its
folder.

Wrong:
    # overlays/prod exists; the ApplicationSet's git generator has
    files:
      - path: overlays/staging/version.yaml

Right:
    files:
      - path: overlays/*/version.yaml

Notes: Reports nothing if no Application deploys a folder of this repository: its Applications are then kept
    elsewhere. A path with a parameter that only the cluster knows may be any folder.

Source: Argo CD documentation, "Declarative Setup: Applications",
https://argo-cd.readthedocs.io/en/stable/operator-manual/declarative-setup/#applications
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.argocd.applications import deployed_folders, own_urls
from kustodian.model.repository.view import RepositoryView
from kustodian.model.violation import SourceViolation
from kustodian.policy.rule import Context, Reach, RepositoryRule, Worse

#: Objects that bootstrap Argo CD are applied once by hand; nothing above them could sync them.
_BOOTSTRAP = ("Application", "ApplicationSet", "AppProject")


def check(view: RepositoryView, _: Context) -> Iterator[SourceViolation]:
    """One violation for each overlay of an environment that no Application deploys."""
    if not own_urls(view):
        return
    deployed = deployed_folders(view)
    for rendered in view.overlays:
        folder = rendered.overlay.path
        kustomization = view.graph.by_folder.get(folder)
        if rendered.overlay.environment.name is None or kustomization is None:
            continue
        if any(manifest.is_a("argoproj.io", *_BOOTSTRAP) for manifest in rendered.objects):
            continue
        if view.graph.users[kustomization.directory] or kustomization.is_component or deployed.has(folder):
            continue
        message = f"no Application deploys {folder}, an overlay of {rendered.overlay.environment.name}"
        yield SourceViolation(kustomization.path, (), message, overlay=folder)


RULE = RepositoryRule(
    id="overlay-without-application",
    topic="gitops",
    severity="W/E/E",
    check=check,
    reach=Reach.NOTHING,
    doc=__doc__,
    worse=Worse.NEVER,
    tags=("argocd", "drift"),
)
