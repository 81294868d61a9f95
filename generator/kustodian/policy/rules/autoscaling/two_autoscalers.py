"""Two autoscalers scale the same workload by the same thing.

Why: Each undoes what the other does: the number of replicas, or the requests that utilization is measured
    against, never settles.

Fix: Keep one: one HPA or ScaledObject a workload, and beside it a VPA only with `updateMode: "Off"` or on
    another resource.

Wrong:
    # HorizontalPodAutoscaler iris: cpu 70%
    kind: VerticalPodAutoscaler
    spec: {targetRef: {apiVersion: apps/v1, kind: Deployment, name: iris}}

Right:
    kind: VerticalPodAutoscaler
    spec:
      targetRef: {apiVersion: apps/v1, kind: Deployment, name: iris}
      updatePolicy: {updateMode: "Off"}

Notes: KEDA makes an HPA for each ScaledObject, so an HPA beside it is a second one (unless the ScaledObject
    takes that HPA over: `transfer-hpa-ownership` and its name). A VPA changes requests, so it conflicts
    with an HPA or ScaledObject on cpu or memory that it controls; with mode Off it only recommends, and
    external or custom metrics do not mind. A paused ScaledObject scales nothing.

Source: Kubernetes autoscaler, Vertical Pod Autoscaler known limitations,
    https://github.com/kubernetes/autoscaler/blob/master/vertical-pod-autoscaler/docs/known-limitations.md;
    KEDA, "Scaling Deployments, StatefulSets & Custom Resources",
    https://keda.sh/docs/latest/concepts/scaling-deployments/
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from kustodian.kubernetes.object_set import ObjectSet, namespace_of
from kustodian.kubernetes.scaling import Autoscaler, scaling_of, target_of
from kustodian.model.json_value import dig, mapping, mappings, sequence, text
from kustodian.model.manifest import Manifest
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, SetRule
from kustodian.policy.rules.autoscaling._metrics import resource_metrics

_Target = tuple[str, str, str, str]


def check(objects: ObjectSet, context: Context) -> Iterator[Violation]:
    """One violation for each autoscaler that comes second to a workload."""
    horizontal: dict[_Target, list[Autoscaler]] = defaultdict(list)
    for autoscaler in scaling_of(objects).autoscalers:
        if autoscaler.target[2] and not _paused(autoscaler.manifest):
            horizontal[namespace_of(autoscaler.manifest), *autoscaler.target].append(autoscaler)
    for target, autoscalers in horizontal.items():
        taken = {_takes_over(a.manifest) for a in autoscalers}
        active = [a for a in autoscalers if a.is_keda or a.manifest.name not in taken]
        for second in active[1:]:
            message = (
                f"{second.manifest.ref} scales {target[2]} {target[3]}, as {active[0].manifest.ref} does"
            )
            yield Violation(second.target_path, message, second.manifest)
    yield from _vertical(objects, horizontal)


def _vertical(objects: ObjectSet, horizontal: dict[_Target, list[Autoscaler]]) -> Iterator[Violation]:
    first: dict[_Target, Manifest] = {}
    for vpa in objects.of("autoscaling.k8s.io", "VerticalPodAutoscaler"):
        target = (namespace_of(vpa), *target_of(mapping(vpa.spec.get("targetRef")), "", ""))
        controlled = _controlled(vpa)
        if not controlled or not target[3]:
            continue
        if target in first:
            message = f"{vpa.ref} sizes {target[2]} {target[3]}, as {first[target].ref} does"
            yield Violation(("spec", "targetRef"), message, vpa)
            continue
        first[target] = vpa
        for autoscaler in horizontal.get(target, []):
            both = sorted({m.resource for m in resource_metrics(autoscaler.manifest)} & controlled)
            if both:
                names = " and ".join(both)
                message = f"{vpa.ref} changes the {names} requests that {autoscaler.manifest.ref} scales on"
                yield Violation(("spec", "targetRef"), message, vpa)
                break


def _controlled(vpa: Manifest) -> set[str]:
    """The resources whose requests the VPA really changes."""
    if dig(vpa.spec, ("updatePolicy", "updateMode")) in ("Off", False):
        return set()
    policies = [p for _, p in mappings(dig(vpa.spec, ("resourcePolicy", "containerPolicies")))]
    everything = {"cpu", "memory"}
    if not any(policy.get("containerName") == "*" for policy in policies):
        policies.append({"containerName": "*"})
    controlled: set[str] = set()
    for policy in policies:
        if policy.get("mode") not in ("Off", False):
            resources = policy.get("controlledResources")
            named = {text(r) for r in sequence(resources)}
            controlled |= everything if resources is None else named & everything
    return controlled


def _paused(manifest: Manifest) -> bool:
    return manifest.annotations.get("autoscaling.keda.sh/paused") == "true"


def _takes_over(manifest: Manifest) -> str:
    """The name of the HPA that a ScaledObject takes over; empty where it makes its own."""
    if manifest.annotations.get("scaledobject.keda.sh/transfer-hpa-ownership") != "true":
        return ""
    return text(dig(manifest.spec, ("advanced", "horizontalPodAutoscalerConfig", "name")))


RULE = SetRule(
    id="two-autoscalers",
    topic="autoscaling",
    severity="E/E/E",
    check=check,
    doc=__doc__,
    tags=("reliability",),
)
