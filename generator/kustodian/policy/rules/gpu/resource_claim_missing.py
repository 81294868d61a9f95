"""Pod uses a resource claim or claim template that does not exist.

Why: The pod cannot be scheduled before its claims exist: it stays Pending, without a GPU and without an
    error in the sync.

Fix: Add the ResourceClaimTemplate (or ResourceClaim) to the overlay, or correct its name in
    `spec.resourceClaims`.

Wrong:
    resourceClaims: [{name: gpu, resourceClaimTemplateName: single-gpu}]
    # the overlay has no ResourceClaimTemplate single-gpu

Right:
    kind: ResourceClaimTemplate
    metadata: {name: single-gpu}
    spec: {spec: {devices: {requests: [{name: gpu, exactly: {deviceClassName: gpu.nvidia.com}}]}}}

Notes: Claims are looked up in the pod's namespace. Two more mistakes are reported: a container that names a
    claim which the pod does not have (the API server rejects the pod), and a request that the claim or its
    template does not have.

Source: Kubernetes documentation v1.34, "Dynamic Resource Allocation",
    https://kubernetes.io/docs/concepts/scheduling-eviction/dynamic-resource-allocation/
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.object_set import ObjectSet, namespace_of
from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.model.json_value import dig, mappings, text
from kustodian.model.manifest import Manifest
from kustodian.model.measure import Exactly
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, SetRule, Worse

_GROUP = "resource.k8s.io"


def check(objects: ObjectSet, context: Context) -> Iterator[Violation]:
    """One violation for each reference to a claim, template or request that does not exist."""
    for pod in objects.pods:
        claims = mappings(pod.spec.get("resourceClaims"))
        claim_objects: dict[str, Manifest | None] = {}
        for index, claim in claims:
            kind, field = "ResourceClaimTemplate", "resourceClaimTemplateName"
            if not claim.get(field):
                kind, field = "ResourceClaim", "resourceClaimName"
            name = text(claim.get(field))
            source = objects.find(_GROUP, kind, namespace_of(pod.owner), name)
            claim_objects[text(claim.get("name"))] = source
            if name and source is None:
                message = f"{kind} {name} is not in namespace {namespace_of(pod.owner)}"
                path = pod.path_of("resourceClaims", index, field)
                yield Violation(path, message, pod.owner, measure=Exactly(name))
        yield from _container_claims(pod, claim_objects)


def _container_claims(pod: PodTemplate, claim_objects: dict[str, Manifest | None]) -> Iterator[Violation]:
    for container in pod.containers:
        for index, use in mappings(dig(container.data, ("resources", "claims"))):
            name, request = text(use.get("name")), text(use.get("request"))
            path = (*container.path, "resources", "claims", index)
            if name not in claim_objects:
                if not pod.partial:
                    message = f"{container} uses claim {name}, which the pod does not have"
                    yield Violation(path, message, pod.owner, measure=Exactly(name))
                continue
            source = claim_objects[name]
            if source is None or not request:
                continue
            inner = ("spec", "devices") if source.kind == "ResourceClaimTemplate" else ("devices",)
            requests = {text(r.get("name")) for _, r in mappings(dig(source.spec, (*inner, "requests")))}
            if request.partition("/")[0] not in requests:
                message = f"{container} uses request {request}, which {source.ref} does not have"
                yield Violation((*path, "request"), message, pod.owner, measure=Exactly(request))


RULE = SetRule(
    id="resource-claim-missing",
    topic="gpu",
    severity="E/E/E",
    check=check,
    doc=__doc__,
    worse=Worse.BY_MEASURE,
    tags=("ml", "reliability"),
)
