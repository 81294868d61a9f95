"""Two autoscalers adjust the same workload and undo each other's changes.

Why: Each undoes what the other does: the number of replicas, or the requests that utilization is measured
    against, never settles.

Fix: Keep one HPA or ScaledObject for each workload; add a VPA only with `updateMode: "Off"` or for another
    resource.

Wrong:
    # HorizontalPodAutoscaler iris: cpu 70%
    kind: VerticalPodAutoscaler
    spec: {targetRef: {apiVersion: apps/v1, kind: Deployment, name: iris}}

Right:
    kind: VerticalPodAutoscaler
    spec:
      targetRef: {apiVersion: apps/v1, kind: Deployment, name: iris}
      updatePolicy: {updateMode: "Off"}

Notes: KEDA creates an HPA for each ScaledObject, so an HPA beside it is a second one (unless the
    ScaledObject takes over that HPA with `transfer-hpa-ownership` and its name). A VPA changes requests, so
    it conflicts with an HPA or ScaledObject on the cpu or memory that it controls. With mode Off it only
    recommends, and external or custom metrics do not conflict with it. A paused ScaledObject does not
    scale, so it is ignored.

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
from kustodian.policy.rule import Context, SetRule, Worse
from kustodian.policy.rules.autoscaling._metrics import resource_metrics

_Target = tuple[str, str, str, str]


def check(objects: ObjectSet, context: Context) -> Iterator[Violation]:
    """One violation for each autoscaler of a workload that already has one."""
    horizontal: dict[_Target, list[Autoscaler]] = defaultdict(list)
    for autoscaler in scaling_of(objects).autoscalers:
        if autoscaler.target[2] and not _is_paused(autoscaler.manifest):
            horizontal[namespace_of(autoscaler.manifest), *autoscaler.target].append(autoscaler)
    for target, autoscalers in horizontal.items():
        adopted = {_adopted_hpa(a.manifest) for a in autoscalers}
        active = [a for a in autoscalers if a.is_keda or a.manifest.name not in adopted]
        for second in active[1:]:
            message = (
                f"{second.manifest.ref} scales {target[2]} {target[3]}, as {active[0].manifest.ref} does"
            )
            yield Violation(second.target_path, message, second.manifest)
    yield from _vertical_violations(objects, horizontal)


def _vertical_violations(
    objects: ObjectSet, horizontal: dict[_Target, list[Autoscaler]]
) -> Iterator[Violation]:
    first_vpa: dict[_Target, Manifest] = {}
    for vpa in objects.of("autoscaling.k8s.io", "VerticalPodAutoscaler"):
        target = (namespace_of(vpa), *target_of(mapping(vpa.spec.get("targetRef")), "", ""))
        controlled = _controlled_resources(vpa)
        if not controlled or not target[3]:
            continue
        if target in first_vpa:
            message = f"{vpa.ref} sizes {target[2]} {target[3]}, as {first_vpa[target].ref} does"
            yield Violation(("spec", "targetRef"), message, vpa)
            continue
        first_vpa[target] = vpa
        for autoscaler in horizontal.get(target, []):
            shared = sorted({m.resource for m in resource_metrics(autoscaler.manifest)} & controlled)
            if shared:
                names = " and ".join(shared)
                message = f"{vpa.ref} changes the {names} requests that {autoscaler.manifest.ref} scales on"
                yield Violation(("spec", "targetRef"), message, vpa)
                break


def _controlled_resources(vpa: Manifest) -> set[str]:
    """The resources whose requests the VPA changes."""
    if dig(vpa.spec, ("updatePolicy", "updateMode")) in ("Off", False):
        return set()
    policies = [p for _, p in mappings(dig(vpa.spec, ("resourcePolicy", "containerPolicies")))]
    all_resources = {"cpu", "memory"}
    if not any(policy.get("containerName") == "*" for policy in policies):
        policies.append({"containerName": "*"})
    controlled: set[str] = set()
    for policy in policies:
        if policy.get("mode") not in ("Off", False):
            resources = policy.get("controlledResources")
            named = {text(r) for r in sequence(resources)}
            controlled |= all_resources if resources is None else named & all_resources
    return controlled


def _is_paused(manifest: Manifest) -> bool:
    return manifest.annotations.get("autoscaling.keda.sh/paused") == "true"


def _adopted_hpa(manifest: Manifest) -> str:
    """The name of the HPA that a ScaledObject takes over; empty if it creates its own."""
    if manifest.annotations.get("scaledobject.keda.sh/transfer-hpa-ownership") != "true":
        return ""
    return text(dig(manifest.spec, ("advanced", "horizontalPodAutoscalerConfig", "name")))


RULE = SetRule(
    id="two-autoscalers",
    topic="autoscaling",
    severity="E/E/E",
    check=check,
    doc=__doc__,
    worse=Worse.NEVER,
    tags=("reliability",),
)
