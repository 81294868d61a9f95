"""The risks of a change for a reviewer: refused fields, deleted objects, new rights."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kustodian.model.field_path import format_path
from kustodian.model.manifest import Manifest
from kustodian.model.results.difference import ABSENT, FieldChange
from kustodian.review.diff.fields import leaves
from kustodian.review.diff.immutable import refused
from kustodian.review.diff.pruning import DELETES
from kustodian.review.diff.rights import rights_notes

_PODS = r"^spec\..*\.?(containers|initContainers|ephemeralContainers)\[[^\]]*\]"
_NOTED = tuple(
    (re.compile(pattern), note)
    for pattern, note in (
        (rf"{_PODS}\.image$|^spec\..*\.image\.reference$", "another image runs"),
        (
            r"^spec\.((min|max)?[rR]eplicas|(min|max)ReplicaCount|parallelism|completions)$",
            "the number of pods changes",
        ),
        (r"\.resources\..*(gpu|nvidia\.com|amd\.com)|\.resourceClaims\b", "the GPUs of a pod change"),
        (r"\.resources(\.|$)", "requests or limits change: check quota, nodes and budget"),
        (r"^spec\.hard(\.|$)", "the quota of the namespace changes"),
        (r"\.securityContext(\.|$)", "what the containers may do changes"),
        (r"\.host(Network|PID|IPC)$|\.hostPath(\.|$)", "the pods reach into their node"),
        (r"\.serviceAccountName$", "the pods act as another account"),
        (r'^metadata\.labels\["pod-security\.kubernetes\.io/', "what the namespace lets pods do changes"),
    )
)
_HOSTS = re.compile(r"^spec\.(hostnames|hosts|rules\[.*\]\.host|tls|listeners|servers|gateways|parentRefs)\b")
_WAYS_IN = ("Ingress", "Gateway", "HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "VirtualService", "Route")
_POD_OWNERS = ("Deployment", "StatefulSet", "DaemonSet", "Rollout")
_STATEFUL = ("PersistentVolumeClaim", "PersistentVolume", "StatefulSet", "Namespace", "Secret")
_OUTSIDE = ("LoadBalancer", "NodePort")


def risks_of(
    before: Manifest | None, after: Manifest | None, fields: tuple[FieldChange, ...], fate: str = ""
) -> tuple[str, ...]:
    """Sentences about one change, without duplicates; `fate` is the one about a removed object."""
    return tuple(dict.fromkeys(_risks(before, after, fields, fate)))


def _risks(
    before: Manifest | None, after: Manifest | None, fields: tuple[FieldChange, ...], fate: str
) -> Iterator[str]:
    present = after or before
    assert present is not None
    if after is None:
        yield fate
        if fate.startswith(DELETES):
            yield from _of_a_removed(present)
    elif before is not None:
        yield from refused(before, after, fields)
    yield from rights_notes(before, after)
    if present.kind == "NetworkPolicy" and after is not None:
        yield "who may talk to whom changes"
    if present.kind.endswith("WebhookConfiguration") or present.kind.startswith("ValidatingAdmissionPolicy"):
        yield "what the API server accepts changes"
    if after is not None:
        yield from _ways_in(before, after, fields)
    if before is not None and after is not None:
        yield from _of_fields(after, fields)


def _of_a_removed(manifest: Manifest) -> Iterator[str]:
    if manifest.kind in _STATEFUL:
        yield "data may go with it"
    if manifest.kind == "NetworkPolicy":
        yield "traffic that it refused is let through, or what it allowed is refused"
    if manifest.kind == "CustomResourceDefinition":
        yield "deleted, it takes every object of its kind along"


def _ways_in(before: Manifest | None, after: Manifest, fields: tuple[FieldChange, ...]) -> Iterator[str]:
    if after.is_a("", "Service") and after.spec.get("type") in _OUTSIDE:
        if before is None or before.spec.get("type") not in _OUTSIDE:
            yield "it can be reached from outside of the cluster"
    elif after.kind in _WAYS_IN:
        if before is None:
            yield "a way into the cluster opens"
        elif any(_HOSTS.match(path) for field in fields for path in _paths(field)):
            yield "where it can be reached changes"


def _of_fields(after: Manifest, fields: tuple[FieldChange, ...]) -> Iterator[str]:
    for field in fields:
        paths = [field.path, *_paths(field)]
        for pattern, note in _NOTED:
            if any(pattern.search(path) for path in paths):
                yield note
        if re.match(r"^spec\.((min)?[rR]eplicas|minReplicaCount)$", field.path) and field.after == 0:
            yield "it may run no pod at all"
    if after.is_a("argoproj.io", "Rollout") and any(f.path.startswith("spec.selector") for f in fields):
        yield "pods of the old selector are left behind"
    if after.kind in _POD_OWNERS and any(field.path.startswith("spec.template") for field in fields):
        yield "its pods are replaced"
    templates = [format_path(path) for path in after.extra_pod_paths]
    changed = [path for field in fields for path in (field.path, *_paths(field))]
    if any(path == template or path.startswith(f"{template}.") for template in templates for path in changed):
        yield "its pods change"


def _paths(field: FieldChange) -> Iterator[str]:
    for side in (field.before, field.after):
        if side is not ABSENT:
            yield from leaves(field.path, side)
