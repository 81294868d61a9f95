"""Workloads at full scale need more than the ResourceQuota allows.

Why: The last replicas are never created: the autoscaler hits a wall under load, or a rolling update stops
    halfway.

Fix: Raise `spec.hard` of the quota, or lower maxReplicas (HPA), maxReplicaCount (KEDA), replicas or the
    requests.

Wrong:
    # HorizontalPodAutoscaler: maxReplicas: 10, each pod requests cpu: "2"
    kind: ResourceQuota
    spec: {hard: {requests.cpu: "16"}}

Right:
    # HorizontalPodAutoscaler: maxReplicas: 8, each pod requests cpu: "2"
    kind: ResourceQuota
    spec: {hard: {requests.cpu: "18"}}

Notes: The sum is computed as the API server does it: for each pod the larger of (containers and sidecars
    together) and (an init container and the sidecars before it), plus overhead. A limit without a request
    counts as the request, LimitRange defaults are filled in, and pods outside the quota's scopes do not
    count. Each workload counts with its largest number of pods (HPA maxReplicas, KEDA maxReplicaCount or its
    default of 100, otherwise replicas). The largest surge that any one update requires is added: 1 pod if
    maxUnavailable rounds down to 0, all pods again for blue-green, the peak of the steps for a canary with
    traffic routing. Workloads that update one after the other need only one surge at a time. The surge of
    GPUs is left to `gpu-surge-without-spare`. Jobs wait for room, so each is compared with the quota on its
    own. A workload that does not fit alone is reported at the field that sets its maximum, a sum that does
    not fit at the quota.

Source: Kubernetes documentation v1.34, "Resource Quotas",
    https://kubernetes.io/docs/concepts/policy/resource-quotas/#compute-resource-quota
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from kustodian.kubernetes.accelerators import is_accelerator
from kustodian.kubernetes.object_set import ObjectSet, namespace_of
from kustodian.kubernetes.pod_resources import format_amount, limit_defaults
from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.kubernetes.quota import amount_per_pod, covers, hard_limits, resource_of
from kustodian.kubernetes.scaling import PodCount, scaling_of
from kustodian.model.json_value import FieldPath
from kustodian.model.manifest import Manifest
from kustodian.model.measure import Amount, several
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, SetRule, Worse


@dataclass(frozen=True)
class _Share:
    """How much of one quota key a workload uses: steadily, and in addition during an update."""

    pod: PodTemplate
    count: PodCount
    steady: Fraction
    surge: Fraction

    @property
    def peak(self) -> Fraction:
        return self.steady + self.surge


def check(objects: ObjectSet, context: Context) -> Iterator[Violation]:
    """One violation for each workload that does not fit alone, otherwise for each key that is exceeded."""
    for quota in objects.of("", "ResourceQuota"):
        alone: dict[tuple[Manifest, FieldPath], list[tuple[str, str, Amount]]] = defaultdict(list)
        for key, hard, written in hard_limits(quota):
            shares = _shares(objects, quota, key, context)
            too_large = [share for share in shares if share.peak > hard]
            for share in too_large:
                needed = format_amount(share.peak, (resource_of(key) or ("", key))[1])
                excess = Amount(share.peak / hard if hard else share.peak, f"{needed} of {written}")
                problem = (_excess_message(share, key, written), key, excess)
                alone[share.count.manifest, share.count.path].append(problem)
            servers = [share for share in shares if not share.pod.batch]
            total = sum((share.steady for share in servers), Fraction(0))
            total += max((share.surge for share in servers), default=Fraction(0))
            if total > hard and not too_large:
                names = ", ".join(sorted({str(share.pod.owner.ref) for share in servers}))
                amount = format_amount(total, (resource_of(key) or ("", key))[1])
                message = (
                    f"{names} together need {amount} of {key} at full scale, but the quota allows {written}"
                )
                excess = Amount(total / hard if hard else total, f"{amount} of {written}")
                yield Violation(("spec", "hard", key), message, quota, measure=excess)
        for (manifest, path), problems in alone.items():
            message = "; ".join(text for text, _, _ in problems)
            excesses = several(**{key: excess for _, key, excess in problems})
            yield Violation(path, f"{message} ({quota.ref})", manifest, measure=excesses)


def _shares(objects: ObjectSet, quota: Manifest, key: str, context: Context) -> list[_Share]:
    namespace = namespace_of(quota)
    defaults = limit_defaults(objects, namespace)
    resource = (resource_of(key) or ("", ""))[1]
    shares = []
    for pod in objects.pods_in(namespace):
        each = amount_per_pod(key, pod, context.version, defaults)
        if not each or not covers(quota, pod, context.version, defaults):
            continue
        count = scaling_of(objects).count(pod)
        surge = Fraction(0) if is_accelerator(resource) else count.surge * each
        shares.append(_Share(pod, count, count.maximum * each, surge))
    return shares


def _excess_message(share: _Share, key: str, written: object) -> str:
    resource = (resource_of(key) or ("", key))[1]
    pods = f"{share.count.maximum} pod{'s' if share.count.maximum != 1 else ''}"
    if share.surge:
        pods += f" and {share.count.surge} more during an update"
    return (
        f"{share.pod.owner.ref} with {pods} needs {format_amount(share.peak, resource)} of {key}, "
        f"but the quota allows {written}"
    )


RULE = SetRule(
    id="replicas-exceed-quota",
    topic="resources",
    severity="W/E/E",
    check=check,
    doc=__doc__,
    worse=Worse.BY_MEASURE,
    tags=("reliability", "cost"),
)
