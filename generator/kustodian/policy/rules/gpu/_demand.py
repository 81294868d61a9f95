"""The GPUs that the workloads of an overlay may request together; shared by the budget rules."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from kustodian.kubernetes.accelerators import accelerator_path, claim_devices, devices_per_pod
from kustodian.kubernetes.object_set import ObjectSet, namespace_of
from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.kubernetes.scaling import PodCount, scaling_of
from kustodian.model.json_value import FieldPath, mapping, mappings, text
from kustodian.model.manifest import Manifest

_WORKFLOWS = frozenset({"Workflow", "WorkflowTemplate", "CronWorkflow", "ClusterWorkflowTemplate"})


@dataclass(frozen=True, eq=False)
class Demand:
    """The devices that one pod template requests: `each` for each of at most `count.maximum` pods."""

    pod: PodTemplate
    count: PodCount
    each: Fraction

    @property
    def most(self) -> Fraction:
        """The devices at the largest number of pods."""
        return self.each * self.count.maximum

    def place(self) -> tuple[Manifest, FieldPath]:
        """The object and field to edit to request less: the number of pods, or the devices of one pod."""
        device_path = accelerator_path(self.pod)
        if device_path is None or (self.count.maximum > 1 and self.count.path):
            return self.count.manifest, self.count.path or self.pod.path_of("resourceClaims")
        return self.pod.owner, device_path

    def __str__(self) -> str:
        """`Deployment a/llm: 4 x 2`."""
        return f"{self.pod.owner.ref}: {self.count.maximum} x {number(self.each)}"


def demands(objects: ObjectSet) -> list[Demand]:
    """The demand of every pod template that requests devices.

    Only the largest step of a workflow is included, because steps may run one after the other.
    """
    concurrent: list[Demand] = []
    steps: dict[Manifest, Demand] = {}
    for pod in objects.pods:
        each = devices_per_pod(pod, objects)
        if not each:
            continue
        demand = Demand(pod, scaling_of(objects).count(pod), each)
        if pod.owner.kind in _WORKFLOWS:
            largest = steps.get(pod.owner)
            if largest is None or demand.most > largest.most:
                steps[pod.owner] = demand
        else:
            concurrent.append(demand)
    return [*concurrent, *steps.values()]


def shared_claims(objects: ObjectSet) -> Fraction:
    """The devices of ResourceClaims that pods use by name: the pods share them, so they count once."""
    used = {
        (namespace_of(pod.owner), text(claim.get("resourceClaimName")))
        for pod in objects.pods
        for _, claim in mappings(pod.spec.get("resourceClaims"))
    }
    claims = (objects.find("resource.k8s.io", "ResourceClaim", *key) for key in used)
    return sum((claim_devices(mapping(claim.spec)) for claim in claims if claim is not None), Fraction(0))


def number(amount: Fraction) -> str:
    """`3`, `0.29`: a number of devices."""
    return f"{round(float(amount), 2):g}"
