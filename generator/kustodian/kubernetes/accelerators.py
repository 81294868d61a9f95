"""GPUs and other accelerators: resource names, shares of devices, taints and node labels.

Sources: NVIDIA k8s-device-plugin README and GPU Operator docs (MIG, time slicing), AMD GPU Operator docs
(resource naming strategy, partitions), Intel device plugins docs, AWS Neuron docs, Google Kubernetes Engine
"Run GPUs" / "Deploy TPU workloads", Intel Gaudi docs, Azure Kubernetes Service "Use GPUs"; DRA driver names
from the DeviceClasses that the drivers install.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from kustodian.kubernetes.object_set import ObjectSet, namespace_of
from kustodian.kubernetes.pod_resources import pod_amount
from kustodian.kubernetes.pods.template import Container, PodTemplate
from kustodian.kubernetes.syntax.quantity import parse_quantity
from kustodian.model.json_value import FieldPath, JsonObject, integer, mapping, mappings, sequence, text

MIG_PREFIX = "nvidia.com/mig-"
_MIG_RESOURCE = re.compile(
    r"nvidia\.com/mig-(?:\d+c\.)?(?P<slices>\d{1,9})g\.(?P<memory>\d{1,9})gb(?:[.+-].+)?\Z"
)
_MIG_PROFILE = re.compile(r"(?<![0-9a-z.])(?:\d+c\.)?(?P<slices>\d{1,9})g\.(?P<memory>\d{1,9})gb")
_AMD_PARTITION = re.compile(r"amd\.com/(?P<mode>[sdtqc]px)_nps\d+\Z")
_AMD_SHARE = {"spx": 1, "dpx": 2, "tpx": 3, "qpx": 4, "cpx": 8}
#: Profiles (slices, GB) of GPUs with four slices (A30, RTX PRO 6000 Blackwell); all others have seven.
_OF_FOUR_SLICES = {(1, 6), (2, 12), (4, 24), (2, 48), (4, 96)}


class Vendor(NamedTuple):
    """A maker of accelerators: patterns of its resources, taints, node labels and DRA device classes.

    A pattern matches a whole name.
    """

    name: str
    resources: re.Pattern[str]
    taints: re.Pattern[str]
    node_labels: re.Pattern[str]
    device_classes: re.Pattern[str]


VENDORS = (
    Vendor(
        "NVIDIA",
        re.compile(r"nvidia\.com/(gpu(\.shared)?|mig-.+)"),
        re.compile(r"nvidia\.com/.+"),
        re.compile(
            r"nvidia\.com/.+|cloud\.google\.com/(gke-accelerator|gke-gpu-.+|gke-max-shared-clients-per-gpu)"
            r"|(karpenter\.k8s\.aws|eks\.amazonaws\.com)/instance-gpu-.+|k8s\.amazonaws\.com/accelerator"
            r"|kubernetes\.azure\.com/accelerator|feature\.node\.kubernetes\.io/pci-(\d+_)?10de.+"
        ),
        re.compile(r"(.+\.)?nvidia\.com"),
    ),
    Vendor(
        "AMD",
        re.compile(r"amd\.com/(gpu|[sdtqc]px_nps\d+)"),
        re.compile(r"amd\.com/.+"),
        re.compile(
            r"amd\.com/.+|(beta\.)?amd\.com/gpu\..+|feature\.node\.kubernetes\.io/amd-.*"
            r"|feature\.node\.kubernetes\.io/pci-(\d+_)?1002.+|karpenter\.k8s\.aws/instance-gpu-.+"
            r"|kubernetes\.azure\.com/accelerator"
        ),
        re.compile(r"(.+\.)?amd\.com"),
    ),
    Vendor(
        "Intel",
        re.compile(r"gpu\.intel\.com/(i915|xe)"),
        re.compile(r"gpu\.intel\.com/.+"),
        re.compile(r"gpu\.intel\.com/.+|intel\.feature\.node\.kubernetes\.io/gpu.*"),
        re.compile(r"gpu\.intel\.com"),
    ),
    Vendor(
        "AWS Neuron",
        re.compile(r"aws\.amazon\.com/neuron(core|device)?"),
        re.compile(r"aws\.amazon\.com/neuron.*"),
        re.compile(
            r"(karpenter\.k8s\.aws|eks\.amazonaws\.com)/instance-accelerator-.+|aws\.amazon\.com/neuron.*"
            r"|k8s\.amazonaws\.com/accelerator"
        ),
        re.compile(r"neuron\.aws\.com"),
    ),
    Vendor(
        "Google TPU",
        re.compile(r"google\.com/tpu"),
        re.compile(r"google\.com/tpu"),
        re.compile(r"cloud\.google\.com/(gke-tpu-.+|gke-accelerator-count)"),
        re.compile(r"tpu\.google\.com"),
    ),
    Vendor(
        "Intel Gaudi",
        re.compile(r"habana\.ai/gaudi\d?"),
        re.compile(r"habana\.ai/.+"),
        re.compile(r"habana\.ai/.+|(karpenter\.k8s\.aws|eks\.amazonaws\.com)/instance-accelerator-.+"),
        re.compile(r"gaudi\.intel\.com"),
    ),
)

_CLAIM_NAME = re.compile(r"gpu|(^|[^a-z])(mig|tpu|neuron|gaudi)([^a-z]|$)")
#: Taints that platforms and teams put on GPU nodes of any vendor (AKS documents sku=gpu).
_GENERIC_TAINT = re.compile(r"sku|dedicated|accelerator|(.*[./_-])?gpus?([./_-].*)?")
#: Labels that place a pod but say nothing about the hardware.
_NEUTRAL_LABELS = re.compile(
    r"(beta\.)?kubernetes\.io/(os|arch)|(topology|failure-domain\.beta)\.kubernetes\.io/(region|zone)"
    r"|node-role\.kubernetes\.io/worker|karpenter\.sh/capacity-type"
)
#: Node selectors for which Google Kubernetes Engine adds the toleration itself.
GKE_LABELS = re.compile(r"cloud\.google\.com/(gke-accelerator|gke-tpu-accelerator)")


@lru_cache(maxsize=1024)
def vendor_of(resource: str) -> Vendor | None:
    """The maker of an extended resource; None if it is not an accelerator."""
    return next((v for v in VENDORS if v.resources.fullmatch(resource)), None)


def is_accelerator(resource: object) -> bool:
    """Whether the value is the name of a resource for whole or partitioned accelerators."""
    return isinstance(resource, str) and vendor_of(resource) is not None


def container_accelerators(container: Container) -> tuple[str, ...]:
    """The accelerator resources in a container's limits or requests; a quantity of zero does not count."""
    return container.memoized(_container_accelerators)


def _container_accelerators(container: Container) -> tuple[str, ...]:
    sides = (container.limits, container.requests)
    named = [(name, amount) for side in sides for name, amount in side.items() if is_accelerator(name)]
    return tuple(dict.fromkeys(name for name, amount in named if parse_quantity(amount) != 0))


def pod_accelerators(pod: PodTemplate) -> list[str]:
    """The accelerator resources of all containers of the pod, sorted, each once."""
    return sorted({name for container in pod.containers for name in container_accelerators(container)})


def accelerator_path(pod: PodTemplate) -> FieldPath | None:
    """The path of the first accelerator resource of the pod; None if it has none (a claim does not count)."""
    for container in pod.containers:
        for name in container_accelerators(container):
            side = "limits" if name in container.limits else "requests"
            return (*container.path, "resources", side, name)
    return None


def uses_claims(pod: PodTemplate) -> bool:
    """Whether the pod has resource claims (Dynamic Resource Allocation), for any kind of device."""
    return bool(mappings(pod.spec.get("resourceClaims")))


def claims_accelerator(pod: PodTemplate) -> bool:
    """Whether the name of a claim of the pod, or of its template, suggests an accelerator."""
    names = (
        text(claim.get(key))
        for _, claim in mappings(pod.spec.get("resourceClaims"))
        for key in ("name", "resourceClaimTemplateName", "resourceClaimName")
    )
    return any(_CLAIM_NAME.search(name) for name in names)


def placed_by_others(pod: PodTemplate) -> bool:
    """Whether the pod needs no node selector or tolerations: Kueue adds them, or `nodeName` is set."""
    queued = "kueue.x-k8s.io/queue-name" in {**pod.owner.labels, **pod.labels}
    return queued or bool(pod.spec.get("nodeName"))


def device_share(resource: str) -> Fraction:
    """The share of one physical device that a unit of this resource is; 0 if the name does not tell.

    A MIG slice `2g` is 2/7 of the GPU (2/4 on four-slice GPUs), an AMD partition is its share of the package,
    and a NeuronCore is half a chip. `nvidia.com/gpu.shared` is 0: its share is set on the node.
    """
    if resource == "nvidia.com/gpu.shared":
        return Fraction(0)
    if mig := _MIG_RESOURCE.match(resource):
        return _mig_share(mig)
    if partition := _AMD_PARTITION.match(resource):
        return Fraction(1, _AMD_SHARE[partition["mode"]])
    return Fraction(1, 2) if resource.endswith("/neuroncore") else Fraction(1)


def is_mig_resource(resource: str) -> bool:
    """Whether the name has the form that the device plugin gives MIG slices, `nvidia.com/mig-1g.10gb`."""
    return _MIG_RESOURCE.match(resource) is not None


def mig_profile(text_with_profile: str) -> str | None:
    """The MIG profile (`1g.10gb`) in a resource name, node label value or CEL expression; None if none."""
    match = _MIG_PROFILE.search(text_with_profile)
    return match.group(0) if match else None


def devices_per_pod(pod: PodTemplate, objects: ObjectSet) -> Fraction:
    """The physical accelerators of one pod: its extended resources, and its claims made from templates."""
    total = Fraction(0)
    for resource in pod_accelerators(pod):
        total += pod_amount(pod, "requests", resource, (1, 0)) * device_share(resource)
    for _, claim in mappings(pod.spec.get("resourceClaims")):
        name = text(claim.get("resourceClaimTemplateName"))
        template = objects.find("resource.k8s.io", "ResourceClaimTemplate", namespace_of(pod.owner), name)
        if name and template is not None:
            total += claim_devices(mapping(template.spec.get("spec")))
    return total


def claim_devices(spec: JsonObject) -> Fraction:
    """The physical accelerators that a ResourceClaim's spec requests; other devices count as zero.

    Of the alternatives in `firstAvailable`, the largest counts. Source: resource.k8s.io/v1 DeviceRequest
    (older versions have the fields of `exactly` in the request itself).
    """
    total = Fraction(0)
    for _, request in mappings(mapping(spec.get("devices")).get("requests")):
        alternatives = [entry for _, entry in mappings(request.get("firstAvailable"))]
        exact = mapping(request.get("exactly")) or request
        total += max((_request_devices(entry) for entry in alternatives or [exact]), default=Fraction(0))
    return total


def accelerator_class(device_class: str) -> bool:
    """Whether the DeviceClass of this name is for accelerators."""
    return any(v.device_classes.fullmatch(device_class) for v in VENDORS)


def tolerates(pod: PodTemplate, vendors: list[Vendor]) -> bool:
    """Whether a toleration of the pod may match the taints of nodes with these vendors' devices."""
    for _, toleration in mappings(pod.spec.get("tolerations")):
        key, value = text(toleration.get("key")), text(toleration.get("value"))
        if toleration.get("effect") == "PreferNoSchedule":
            continue
        if not key:
            if toleration.get("operator") == "Exists":
                return True
            continue
        foreign = any(v.taints.fullmatch(key) for v in VENDORS if v not in vendors)
        matches = any(v.taints.fullmatch(key) for v in vendors) or _GENERIC_TAINT.fullmatch(key)
        if not foreign and (matches or "gpu" in value):
            return True
    return False


def accelerator_tolerations(pod: PodTemplate) -> Iterator[tuple[int, str]]:
    """The (index, key) of each toleration that only matches taints of accelerator nodes."""
    for index, toleration in mappings(pod.spec.get("tolerations")):
        key, value = text(toleration.get("key")), text(toleration.get("value"))
        if any(v.taints.fullmatch(key) for v in VENDORS) or value == "gpu" or key == "gpu":
            yield index, key


def node_label_keys(pod: PodTemplate) -> set[str]:
    """The label keys that every node for this pod has, by its nodeSelector and required node affinity.

    The terms of an affinity are alternatives, so a key counts only if each term requires it.
    """
    terms = [
        {text(e.get("key")) for e in term if e.get("operator") not in ("NotIn", "DoesNotExist")}
        for term in _required_terms(pod)
    ]
    return set(mapping(pod.spec.get("nodeSelector"))) | (set.intersection(*terms) if terms else set())


def required_node_labels(pod: PodTemplate) -> dict[str, str]:
    """The labels that a required node affinity of a single term sets to one value (`In` with one value)."""
    terms = _required_terms(pod)
    expressions = terms[0] if len(terms) == 1 else []
    return {
        text(e.get("key")): text(sequence(e.get("values"))[0])
        for e in expressions
        if e.get("operator") == "In" and len(sequence(e.get("values"))) == 1
    }


def _required_terms(pod: PodTemplate) -> list[list[JsonObject]]:
    affinity = mapping(mapping(pod.spec.get("affinity")).get("nodeAffinity"))
    required = mapping(affinity.get("requiredDuringSchedulingIgnoredDuringExecution"))
    return [
        [expression for _, expression in mappings(term.get("matchExpressions"))]
        for _, term in mappings(required.get("nodeSelectorTerms"))
    ]


def selects_nodes(pod: PodTemplate, vendors: list[Vendor]) -> bool:
    """Whether the pod selects nodes by hardware, node pool or a label of the team's own.

    Operating system, architecture, zone and the labels of other vendors do not select an accelerator.
    """
    for key in node_label_keys(pod):
        own = any(v.node_labels.fullmatch(key) for v in vendors)
        foreign = any(v.node_labels.fullmatch(key) for v in VENDORS if v not in vendors)
        if own or not (foreign or _NEUTRAL_LABELS.fullmatch(key)):
            return True
    return False


def _mig_share(match: re.Match[str]) -> Fraction:
    slices, memory = int(match["slices"]), int(match["memory"])
    return Fraction(min(slices, 7), 4 if (slices, memory) in _OF_FOUR_SLICES else 7)


def _request_devices(request: JsonObject) -> Fraction:
    device_class = text(request.get("deviceClassName"))
    if not accelerator_class(device_class):
        return Fraction(0)
    count = integer(request.get("count"), 1) or 0
    if device_class.startswith("mig."):
        profile = _MIG_PROFILE.search(str(request.get("selectors")))
        return count * (_mig_share(profile) if profile else Fraction(1, 7))
    return Fraction(count)
