"""No environment, no other kustomization and no Application uses this kustomization.

Why: Nobody deploys it, yet it is edited and reviewed; or it is an environment that the configuration lacks,
    and then it is checked without that environment's rules.

Fix: Add its folder to the `paths` of an environment in kustodian.yaml, name it in a kustomization, or
delete it.

Wrong:
    # kustodian.yaml, with a folder overlays/canary beside
    environments:
      prod: {paths: [overlays/prod]}

Right:
    environments:
      prod: {paths: [overlays/prod, overlays/canary]}

Notes: Reports nothing if kustodian.yaml declares no environments. A folder that an Argo CD Application or
    ApplicationSet deploys is in use, and so is one that holds Applications, ApplicationSets or AppProjects:
    people apply those once by hand.

Source: kustomize documentation, "Bases and overlays",
https://kubectl.docs.kubernetes.io/references/kustomize/glossary/#overlay
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.argocd.applications import deployed_folders
from kustodian.kustomize.folders import is_aside
from kustodian.kustomize.references import targets
from kustodian.model.repository.kustomization import Kustomization
from kustodian.model.repository.view import RepositoryView
from kustodian.model.violation import SourceViolation
from kustodian.policy.rule import Context, Reach, RepositoryRule, Worse

_ARGO_KINDS = ("Application", "ApplicationSet", "AppProject")


def check(view: RepositoryView, _: Context) -> Iterator[SourceViolation]:
    """One violation for each kustomization that nothing uses."""
    if not view.environments:
        return
    deployed = deployed_folders(view)
    named = targets(view)
    for kustomization in view.kustomizations.values():
        folder = kustomization.directory
        if folder in named or is_aside(folder) or view.environment_of(folder) is not None:
            continue
        if deployed.has(folder) or _bootstraps(view, kustomization):
            continue
        if kustomization.is_component:
            message = f"no kustomization uses the component {folder}"
        else:
            message = f"{folder} belongs to no environment, and nothing uses it"
        yield SourceViolation(kustomization.path, (), message)


def _bootstraps(view: RepositoryView, root: Kustomization) -> bool:
    """Whether the kustomization contains Argo CD objects."""
    files = {
        k.resolve(entry) for k in view.graph.built_from(root) for _, _, entry in k.references("resources")
    }
    return any(m.provenance.file in files for m in view.manifests("argoproj.io", *_ARGO_KINDS))


RULE = RepositoryRule(
    id="orphan-overlay",
    topic="kustomize",
    severity="W/W/W",
    check=check,
    reach=Reach.NOTHING,
    doc=__doc__,
    worse=Worse.NEVER,
)
