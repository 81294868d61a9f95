"""Object is synced in an earlier wave than something it needs.

Why: Argo CD waits for a wave to be healthy before it starts the next: an object that needs something from a
    later wave never becomes healthy, and the first sync hangs or fails.

Fix: Give the needed object the lower `argocd.argoproj.io/sync-wave`, or give both the same: within a wave
    Argo CD already orders namespaces, custom resource definitions and configuration before workloads.

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

Notes: An object needs the Namespace that it lives in, the CustomResourceDefinition of its kind, the
    AppProject of an Application, and the ConfigMaps, Secrets and ServiceAccounts that its pods name (except
    optional ones); for a Secret also the ExternalSecret or SealedSecret that creates it. PreSync hooks run
    before every wave and PostSync hooks after them. Waves order only the objects of one Application. Claims
    are not checked, because a claim that waits for its first consumer must not come first.

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
from kustodian.model.repository.view import RepositoryView
from kustodian.model.violation import SourceViolation
from kustodian.policy.rule import Context, Reach, RepositoryRule, Worse

WAVE = "argocd.argoproj.io/sync-wave"
HOOK = "argocd.argoproj.io/hook"
_PHASES = {"PreSync": 0, "": 1, "Sync": 1, "PostSync": 2}
#: A claim that waits for its first consumer must not come first.
_NEEDED = ("ConfigMap", "Secret", "ServiceAccount")
_SECRET_MAKERS = (("external-secrets.io", "ExternalSecret"), ("bitnami.com", "SealedSecret"))


def check(view: RepositoryView, _: Context) -> Iterator[SourceViolation]:
    """One violation for each object that is synced after one that needs it."""
    for rendered in view.overlays:
        if not any(WAVE in m.annotations or HOOK in m.annotations for m in rendered.objects):
            continue
        yield from _check_overlay(view, rendered)


def _check_overlay(view: RepositoryView, rendered: RenderedOverlay) -> Iterator[SourceViolation]:
    objects = ObjectSet(rendered.objects)
    reported: set[tuple[int, str]] = set()
    for manifest in objects:
        own = _phase_and_wave(manifest)
        for needed in _needed_by(objects, manifest):
            other = _phase_and_wave(needed)
            if own is None or other is None or own >= other:
                continue
            # The line to edit is the annotation that sets the order: that of the later object if it has one.
            late = WAVE in needed.annotations or HOOK in needed.annotations
            at = needed if late else manifest
            annotation = WAVE if WAVE in at.annotations and own[0] == other[0] else HOOK
            if (id(at), annotation) in reported:
                continue
            reported.add((id(at), annotation))
            file, document, _ = source_of(view, at)
            sooner, later = _wave_text(manifest), _wave_text(needed)
            message = f"{manifest.ref} ({sooner}) needs {needed.ref}, which is synced later ({later})"
            path = ("metadata", "annotations", annotation)
            yield SourceViolation(file, path, message, document, rendered.overlay.path, at)


def _phase_and_wave(manifest: Manifest) -> tuple[int, int] | None:
    """(phase, wave) of an object in a sync; None if it is not synced or its wave is not a number."""
    hooks = [hook.strip() for hook in manifest.annotations.get(HOOK, "").split(",")]
    phases = [_PHASES[hook] for hook in hooks if hook in _PHASES]
    try:
        return (min(phases), int(manifest.annotations.get(WAVE, "0"))) if phases else None
    except ValueError:
        return None


def _wave_text(manifest: Manifest) -> str:
    hook = manifest.annotations.get(HOOK)
    wave = f"wave {manifest.annotations.get(WAVE, '0')}"
    return f"{hook} hook" if hook and hook != "Sync" else wave


def _needed_by(objects: ObjectSet, manifest: Manifest) -> Iterator[Manifest]:
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
                candidates += [m for m in makers if _makes_secret(m, namespace, name)]
    for candidate in candidates:
        if candidate is not None and candidate is not manifest:
            yield candidate


def _makes_secret(manifest: Manifest, namespace: str, name: str) -> bool:
    target = mapping(manifest.spec.get("target") or mapping(manifest.spec.get("template")).get("metadata"))
    return namespace_of(manifest) == namespace and (text(target.get("name")) or manifest.name) == name


RULE = RepositoryRule(
    id="sync-wave-order",
    topic="gitops",
    severity="W/W/W",
    check=check,
    reach=Reach.OVERLAY,
    doc=__doc__,
    worse=Worse.NEVER,
    tags=("argocd", "reliability"),
)
