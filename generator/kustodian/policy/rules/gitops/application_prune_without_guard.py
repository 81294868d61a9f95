"""Application deletes whatever is removed from git, at once and without a guard.

Why: A renamed overlay, a bad merge or a changed prefix takes objects out of the rendered manifests;
    automated pruning then deletes the running ones before their replacement is healthy.

Fix: Add `PruneLast=true` or `Prune=confirm` to `syncOptions`, or leave out `prune` if people should delete
    by hand.

Wrong:
    syncPolicy:
      automated: {prune: true}

Right:
    syncPolicy:
      automated: {prune: true}
      syncOptions: [PruneLast=true]

Notes: Guards are the sync options `PruneLast=true`, `Prune=confirm` and `Prune=false` of the Application.
    The annotation `argocd.argoproj.io/sync-options: Prune=confirm` on a namespace or claim guards only that
    object, so it does not count. `allowEmpty: true` removes Argo CD's own last guard and is reported even
    with `PruneLast`.

Source: Argo CD documentation, "Sync Options" and "Automated Sync Policy",
https://argo-cd.readthedocs.io/en/stable/user-guide/sync-options/
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kustodian.argocd.applications import (
    about,
    applications,
    label_of,
)
from kustodian.model.json_value import dig, mapping, text
from kustodian.model.repository.view import RepositoryView
from kustodian.model.violation import SourceViolation
from kustodian.policy.rule import Context, Reach, RepositoryRule, Worse

_NEVER_AUTOMATIC = ("Prune=confirm", "Prune=false")
_PATCHED_PRUNE = re.compile(r"^\s*prune:\s*(?:true|['\"]?\{\{)", re.MULTILINE)


def check(view: RepositoryView, _: Context) -> Iterator[SourceViolation]:
    """One violation for each Application or template that prunes without a guard."""
    for application in applications(view):
        policy = mapping(application.spec.get("syncPolicy"))
        automated = mapping(policy.get("automated"))
        patch = text(application.placed.manifest.spec.get("templatePatch")) if application.is_set else ""
        in_patch = bool(_PATCHED_PRUNE.search(patch))
        prunes = automated.get("prune") is True and automated.get("enabled") is not False
        if not prunes and not in_patch:
            continue
        options = application.sync_options()
        if any(o in options or o in patch for o in _NEVER_AUTOMATIC):
            continue
        path = application.at("syncPolicy", "automated", "prune") if prunes else ("spec", "templatePatch")
        if prunes and dig(policy, ("automated", "allowEmpty")) is True:
            message = "prunes even when git renders nothing"
            path = application.at("syncPolicy", "automated", "allowEmpty")
        elif "PruneLast=true" in options or "PruneLast=true" in patch.replace(" ", ""):
            continue
        else:
            message = "prunes automatically without a guard"
        yield application.placed.violation(
            path, f"{label_of(application)} {message}", about(view, application)
        )


RULE = RepositoryRule(
    id="application-prune-without-guard",
    topic="gitops",
    severity="W/E/E",
    check=check,
    reach=Reach.NOTHING,
    doc=__doc__,
    worse=Worse.NEVER,
    tags=("argocd", "reliability"),
)
