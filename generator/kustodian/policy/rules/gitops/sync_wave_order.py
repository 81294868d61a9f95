"""Object is synced in an earlier wave than something it needs.

Why: Argo CD waits for a wave to be healthy before it starts the next: an object that needs one of a later
wave never becomes healthy, and the first sync hangs or fails.

Fix: Give what is needed the lower `argocd.argoproj.io/sync-wave`, or give both the same: within a wave Argo
CD already orders namespaces, custom resource definitions and configuration before workloads.

Wrong:
    kind: ConfigMap
    metadata:
      annotations:
        argocd.argoproj.io/sync-wave: "5"   # the Deployment that mounts it has wave 0

Right:
    kind: ConfigMap
    metadata:
      annotations:
        argocd.argoproj.io/sync-wave: "-1"

Notes:
    Needed are: the Namespace an object lives in, the CustomResourceDefinition of its kind, the AppProject
    of an Application, and the ConfigMaps, Secrets and ServiceAccounts that a pod names (not the optional
    ones), also where an ExternalSecret or SealedSecret makes the Secret. PreSync hooks run before, PostSync
    hooks after every wave. Waves order the objects of one Application only; a claim is left out because one
    that waits for its first consumer must not come first.

Source: Argo CD documentation, "Sync Phases and Waves",
https://argo-cd.readthedocs.io/en/stable/user-guide/sync-waves/
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.argocd.applications import source_of
from kustodian.kubernetes.object_set import ObjectSet, namespace_of
from kustodian.kubernetes.pod_references import references_of
from kustodian.kubernetes.pods.workload import pods_of
from kustodian.model.json_value import mapping, text
from kustodian.model.manifest import Manifest
from kustodian.model.overlay import RenderedOverlay
from kustodian.model.repository_view import RepositoryView
from kustodian.model.violation import SourceViolation
from kustodian.policy.rule import Context, Reach, RepositoryRule

WAVE = "argocd.argoproj.io/sync-wave"
HOOK = "argocd.argoproj.io/hook"
_PHASES = {"PreSync": 0, "": 1, "Sync": 1, "PostSync": 2}
#: A claim that waits for its first consumer must not come first.
_NEEDED = ("ConfigMap", "Secret", "ServiceAccount")
_SECRET_MAKERS = (("external-secrets.io", "ExternalSecret"), ("bitnami.com", "SealedSecret"))


def check(view: RepositoryView, _: Context) -> Iterator[SourceViolation]:
    """One violation for each object that comes after one that needs it."""
    for rendered in view.overlays:
        if not any(WAVE in m.annotations or HOOK in m.annotations for m in rendered.objects):
            continue
        yield from _check_overlay(view, rendered)


def _check_overlay(view: RepositoryView, rendered: RenderedOverlay) -> Iterator[SourceViolation]:
    objects = ObjectSet(rendered.objects)
    reported: set[tuple[int, str]] = set()
    for manifest in objects:
        own = _place(manifest)
        for needed in _needs(objects, manifest):
            other = _place(needed)
            if own is None or other is None or own >= other:
                continue
            # The line to edit is the annotation that makes the order: of what comes too late, if it has one.
            late = WAVE in needed.annotations or HOOK in needed.annotations
            at = needed if late else manifest
            annotation = WAVE if WAVE in at.annotations and own[0] == other[0] else HOOK
            if (id(at), annotation) in reported:
                continue
            reported.add((id(at), annotation))
            file, document, _ = source_of(view, at)
            when, later = _shown(manifest), _shown(needed)
            message = f"{manifest.ref} ({when}) needs {needed.ref}, which is synced later ({later})"
            path = ("metadata", "annotations", annotation)
            yield SourceViolation(file, path, message, document, rendered.overlay.path, at)


def _place(manifest: Manifest) -> tuple[int, int] | None:
    """(phase, wave) of an object in a sync; None where it takes no part in it or the wave is no number."""
    hooks = [hook.strip() for hook in manifest.annotations.get(HOOK, "").split(",")]
    phases = [_PHASES[hook] for hook in hooks if hook in _PHASES]
    try:
        return (min(phases), int(manifest.annotations.get(WAVE, "0"))) if phases else None
    except ValueError:
        return None


def _shown(manifest: Manifest) -> str:
    hook = manifest.annotations.get(HOOK)
    wave = f"wave {manifest.annotations.get(WAVE, '0')}"
    return f"{hook} hook" if hook and hook != "Sync" else wave


def _needs(objects: ObjectSet, manifest: Manifest) -> Iterator[Manifest]:
    namespace = namespace_of(manifest)
    candidates = [objects.find("", "Namespace", "", namespace)] if namespace and manifest.namespace else []
    for definition in objects.of("apiextensions.k8s.io", "CustomResourceDefinition"):
        names = mapping(definition.spec.get("names"))
        if manifest.kind == names.get("kind") and manifest.group == definition.spec.get("group"):
            candidates.append(definition)
    if manifest.is_a("argoproj.io", "Application"):
        project = text(manifest.spec.get("project"))
        candidates.append(objects.find("argoproj.io", "AppProject", namespace, project))
    for pod in pods_of(manifest):
        needed = {
            (one.kind, one.name) for one in references_of(pod) if not one.optional and one.kind in _NEEDED
        }
        for kind, name in sorted(needed):
            candidates.append(objects.find("", kind, namespace, name))
            if kind == "Secret":
                makers = [m for group, maker in _SECRET_MAKERS for m in objects.of(group, maker)]
                candidates += [m for m in makers if _makes(m, namespace, name)]
    for candidate in candidates:
        if candidate is not None and candidate is not manifest:
            yield candidate


def _makes(manifest: Manifest, namespace: str, name: str) -> bool:
    target = mapping(manifest.spec.get("target") or mapping(manifest.spec.get("template")).get("metadata"))
    return namespace_of(manifest) == namespace and (text(target.get("name")) or manifest.name) == name


RULE = RepositoryRule(
    id="sync-wave-order",
    topic="gitops",
    severity="W/W/W",
    check=check,
    reach=Reach.OVERLAY,
    doc=__doc__,
    tags=("argocd", "reliability"),
)
