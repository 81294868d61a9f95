"""The number of pods of a workload: replicas, autoscalers, and the surge of an update.

Sources: Kubernetes "Horizontal Pod Autoscaling" (minReplicas defaults to 1), KEDA ScaledObject spec
(minReplicaCount 0, maxReplicaCount 100), apps/v1 DeploymentStrategy (25% / 25%), Argo Rollouts v1.8
`utils/replicaset/canary.go` (replica counts of a canary with and without traffic routing).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from kustodian.kubernetes.object_set import ObjectSet, namespace_of
from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.kubernetes.pods.workload import pods_of
from kustodian.kubernetes.syntax.quantity import parse_quantity
from kustodian.model.json_value import (
    FieldPath,
    JsonObject,
    dig,
    integer,
    mapping,
    mappings,
    text,
    whole_number,
)
from kustodian.model.manifest import Manifest

#: Kinds with `spec.replicas` (default 1) whose pods are interchangeable or numbered servers.
REPLICATED_KINDS: frozenset[tuple[str, str]] = frozenset({
    ("apps", "Deployment"), ("apps", "StatefulSet"), ("apps", "ReplicaSet"), ("", "ReplicationController"),
    ("argoproj.io", "Rollout"),
})  # fmt: skip

_DEFAULT_SURGE = "25%"
_KEDA_MAXIMUM = 100


@dataclass(frozen=True, eq=False)
class Autoscaler:
    """A HorizontalPodAutoscaler or a KEDA ScaledObject; `target` is (group, kind, name).

    The paths lead to its fields, which may be absent.
    """

    manifest: Manifest
    target_path: FieldPath
    target: tuple[str, str, str]
    minimum: int
    maximum: int
    minimum_path: FieldPath
    maximum_path: FieldPath

    @property
    def is_keda(self) -> bool:
        """Whether it is a ScaledObject."""
        return self.manifest.kind == "ScaledObject"


@dataclass(frozen=True, eq=False)
class PodCount:
    """The minimum and maximum number of pods of a template, and the `surge` that an update needs on top.

    `path` in `manifest` is the field that decides the maximum. It may be absent, if a default decides.
    """

    minimum: int
    maximum: int
    surge: int
    manifest: Manifest
    path: FieldPath


def int_or_percent(value: object, total: int, *, round_up: bool) -> int | None:
    """An integer, or a percentage of `total` rounded up or down; None for anything else.

    Source: k8s.io/apimachinery/pkg/util/intstr GetScaledValueFromIntOrPercent.
    """
    number = integer(value)
    if number is not None:
        return number
    percent = text(value)
    hundredths = whole_number(percent.removesuffix("%"))
    if not percent.endswith("%") or hundredths is None:
        return None
    share = hundredths * total
    return -(-share // 100) if round_up else share // 100


def rolling_update(strategy: object, replicas: int) -> tuple[int, int]:
    """The (maximum surge, maximum unavailable) pods of a Deployment's rolling update, with defaults.

    If both are zero, one pod may be unavailable, since nothing could change otherwise. Source:
    k8s.io/kubernetes pkg/controller/deployment/util `ResolveFenceposts`.
    """
    rolling = mapping(mapping(strategy).get("rollingUpdate"))
    surge = int_or_percent(rolling.get("maxSurge", _DEFAULT_SURGE), replicas, round_up=True)
    below = int_or_percent(rolling.get("maxUnavailable", _DEFAULT_SURGE), replicas, round_up=False)
    surge, below = surge or 0, below or 0
    if surge == 0 and below == 0:
        below = 1
    return surge, below


def needed_surge(manifest: Manifest, replicas: int) -> int:
    """The number of pods beyond `replicas` that must fit, so that an update of this workload can proceed.

    A rolling update that may stop a pod first needs none. One that may not (25% of 1 to 3 replicas rounds
    down to 0) waits for one new pod. A blue-green Rollout doubles its pods, and a canary with traffic routing
    needs what its steps set.
    """
    if replicas <= 0:
        return 0
    if manifest.is_a("argoproj.io", "Rollout"):
        return _rollout_surge(mapping(manifest.spec.get("strategy")), replicas)
    if manifest.is_a("apps", "Deployment"):
        return _rolling_surge(manifest.spec.get("strategy"), replicas)
    return 0


def _rolling_surge(strategy: object, replicas: int) -> int:
    if mapping(strategy).get("type") == "Recreate":
        return 0
    surge, below = rolling_update(strategy, replicas)
    return 0 if below > 0 else min(surge, 1)


def _rollout_surge(strategy: JsonObject, replicas: int) -> int:
    if isinstance(strategy.get("blueGreen"), dict):
        return replicas
    canary = mapping(strategy.get("canary"))
    if not canary.get("trafficRouting"):
        return _rolling_surge({"rollingUpdate": canary}, replicas)
    dynamic = canary.get("dynamicStableScale") is True
    # Canary and stable pods while each step is being reached; a last step takes the canary to all pods.
    fewest = integer(canary.get("minPodsPerReplicaSet"), 1) or 1
    peak, sent, wanted, fixed = replicas, 0, 0, None
    steps = [step for _, step in mappings(canary.get("steps"))] if canary.get("steps") else []
    for step in [
        *steps,
        {"setCanaryScale": {"matchTrafficWeight": True}},
        {"setWeight": 100},
    ]:
        scale = mapping(step.get("setCanaryScale"))
        weight = integer(step.get("setWeight"))
        if scale:
            fixed = _fixed_canary(scale, replicas)
        elif weight is not None:
            wanted = min(max(weight, 0), 100)
        else:
            continue
        canary_pods = fixed if fixed is not None else _share(replicas, wanted, fewest)
        stable_pods = _share(replicas, 100 - sent, fewest) if dynamic else replicas
        peak = max(peak, canary_pods + stable_pods)
        if weight is not None:
            sent = wanted
    return peak - replicas


def _fixed_canary(scale: JsonObject, replicas: int) -> int | None:
    if scale.get("matchTrafficWeight") is True:
        return None
    weight = integer(scale.get("weight"))
    return integer(scale.get("replicas")) if weight is None else _share(replicas, weight)


def _share(replicas: int, weight: int, fewest: int = 1) -> int:
    pods = -(-replicas * weight // 100)
    return max(pods, fewest) if pods else 0


def read_autoscaler(manifest: Manifest) -> Autoscaler | None:
    """The autoscaler that an object describes; None for other kinds, such as VerticalPodAutoscalers.

    A ScaledObject that is paused at a number of replicas has that as its minimum and maximum.
    """
    spec = manifest.spec
    reference = mapping(spec.get("scaleTargetRef"))
    path: FieldPath = ("spec", "scaleTargetRef")
    if manifest.is_a("autoscaling", "HorizontalPodAutoscaler"):
        low = integer(spec.get("minReplicas"), 1) or 0
        high = integer(spec.get("maxReplicas"))
        names = ("minReplicas", "maxReplicas")
        target = target_of(reference, "", "")
    elif manifest.is_a("keda.sh", "ScaledObject"):
        low = integer(spec.get("minReplicaCount"), 0) or 0
        high = integer(spec.get("maxReplicaCount"), _KEDA_MAXIMUM)
        names = ("minReplicaCount", "maxReplicaCount")
        target = target_of(reference, "apps/v1", "Deployment")
        paused = whole_number(manifest.annotations.get("autoscaling.keda.sh/paused-replicas", ""))
        if paused is not None:
            low = high = paused
    else:
        return None
    high = max(low, 1) if high is None else high
    return Autoscaler(manifest, path, target, low, high, ("spec", names[0]), ("spec", names[1]))


def target_of(reference: JsonObject, api_version: str, kind: str) -> tuple[str, str, str]:
    """The (group, kind, name) of a CrossVersionObjectReference, with defaults for its apiVersion and kind."""
    version = text(reference.get("apiVersion")) or api_version
    return (
        version.rpartition("/")[0],
        text(reference.get("kind")) or kind,
        text(reference.get("name")),
    )


class Scaling:
    """The autoscalers and numbers of pods of one overlay; see `scaling_of`."""

    def __init__(self, objects: ObjectSet) -> None:
        """Index the autoscalers and the Rollouts that borrow a Deployment's template."""
        self.objects = objects
        self.autoscalers = tuple(a for m in objects if (a := read_autoscaler(m)) is not None)
        self._by_target: dict[tuple[str, str, str, str], list[Autoscaler]] = defaultdict(list)
        for autoscaler in self.autoscalers:
            self._by_target[namespace_of(autoscaler.manifest), *autoscaler.target].append(autoscaler)
        self._borrowed_by: dict[tuple[str, str, str, str], Manifest] = {}
        for rollout in objects.of("argoproj.io", "Rollout"):
            reference = mapping(rollout.spec.get("workloadRef"))
            if reference:
                key = (
                    namespace_of(rollout),
                    *target_of(reference, "apps/v1", "Deployment"),
                )
                self._borrowed_by[key] = rollout

    def autoscalers_of(self, manifest: Manifest) -> list[Autoscaler]:
        """The autoscalers that set this workload's number of replicas."""
        return self._by_target.get(_identity(manifest), [])

    def scaled_object_of(self, manifest: Manifest) -> Manifest:
        """The Rollout that uses this workload's template (`workloadRef`), else the workload itself."""
        return self._borrowed_by.get(_identity(manifest), manifest)

    def pods_of(self, manifest: Manifest) -> tuple[PodTemplate, ...]:
        """The pod templates of a workload, its own or those of its `workloadRef`; empty if it has neither."""
        if pods_of(manifest):
            return pods_of(manifest)
        for key, rollout in self._borrowed_by.items():
            if rollout is manifest:
                lender = self.objects.find(key[1], key[2], key[0], key[3])
                return pods_of(lender) if lender is not None else ()
        return ()

    def replicated(self, manifest: Manifest) -> PodCount:
        """The number of pods of a workload with `spec.replicas` (one of REPLICATED_KINDS)."""
        scaled = self.scaled_object_of(manifest)
        written = integer(scaled.spec.get("replicas"), 1) or 0
        count = PodCount(
            written,
            written,
            needed_surge(scaled, written),
            scaled,
            ("spec", "replicas"),
        )
        autoscalers = self.autoscalers_of(scaled)
        if not autoscalers:
            return count
        largest = max(autoscalers, key=lambda a: a.maximum)
        minimum = min(a.minimum for a in autoscalers)
        surge = needed_surge(scaled, largest.maximum)
        return PodCount(minimum, largest.maximum, surge, largest.manifest, largest.maximum_path)

    def count(self, pod: PodTemplate) -> PodCount:
        """The number of pods of a template; one for kinds without a known number."""
        owner = pod.owner
        if (owner.group, owner.kind) in REPLICATED_KINDS:
            return self.replicated(owner)
        reader = _COUNTERS.get((owner.group, owner.kind))
        return reader(pod) if reader is not None else _fixed(pod, 1, ())


@lru_cache(maxsize=2)
def scaling_of(objects: ObjectSet) -> Scaling:
    """The `Scaling` of an overlay, memoised."""
    return Scaling(objects)


def _identity(manifest: Manifest) -> tuple[str, str, str, str]:
    return namespace_of(manifest), manifest.group, manifest.kind, manifest.name


def _fixed(pod: PodTemplate, number: int, path: FieldPath) -> PodCount:
    return PodCount(number, number, 0, pod.owner, path)


def _job_pods(spec: JsonObject) -> int:
    # `completions` bounds the pods that run at once; both default to 1 (batch/v1 JobSpec).
    parallelism = integer(spec.get("parallelism"), 1) or 0
    completions = integer(spec.get("completions"))
    return parallelism if completions is None else min(parallelism, completions)


def _job(pod: PodTemplate) -> PodCount:
    return _fixed(pod, _job_pods(pod.owner.spec), ("spec", "parallelism"))


def _cron_job(pod: PodTemplate) -> PodCount:
    path: FieldPath = ("spec", "jobTemplate", "spec", "parallelism")
    return _fixed(pod, _job_pods(mapping(pod.owner.get(*path[:-1]))), path)


def _scaled_job(pod: PodTemplate) -> PodCount:
    spec = pod.owner.spec
    jobs = integer(spec.get("maxReplicaCount"), _KEDA_MAXIMUM) or 0
    low = integer(spec.get("minReplicaCount"), 0) or 0
    pods = _job_pods(mapping(spec.get("jobTargetRef")))
    return PodCount(low * pods, jobs * pods, 0, pod.owner, ("spec", "maxReplicaCount"))


def _inference_service(pod: PodTemplate) -> PodCount:
    low = integer(pod.spec.get("minReplicas"), 1) or 0
    # Without a maximum the number stays at the minimum (one, while a scaled-to-zero service is in use).
    high = integer(pod.spec.get("maxReplicas")) or max(low, 1)
    surge = _rolling_surge(pod.spec.get("deploymentStrategy"), high)
    return PodCount(low, high, surge, pod.owner, (*pod.path, "maxReplicas"))


def _knative(pod: PodTemplate) -> PodCount:
    def scale(name: str) -> int | None:
        value = pod.annotations.get(f"autoscaling.knative.dev/{name}") or pod.annotations.get(
            f"autoscaling.knative.dev/{name.replace('-s', 'S')}", ""
        )
        return whole_number(value)

    low = scale("min-scale") or 0
    high = scale("max-scale") or max(low, 1)
    path = (*pod.path, "metadata", "annotations", "autoscaling.knative.dev/max-scale")
    return PodCount(low, high, 0, pod.owner, path)


def _leader_worker_set(pod: PodTemplate) -> PodCount:
    groups = integer(pod.owner.spec.get("replicas"), 1) or 0
    size = integer(pod.owner.get("spec", "leaderWorkerTemplate", "size"), 1) or 1
    has_leader = pod.owner.has("spec", "leaderWorkerTemplate", "leaderTemplate")
    leader = pod.path[-1] == "leaderTemplate"
    per_group = 1 if leader else size - 1 if has_leader else size
    return _fixed(pod, groups * per_group, ("spec", "replicas"))


def _item_replicas(pod: PodTemplate) -> PodCount:
    """The number beside the template, of Kubeflow training jobs and Ray groups."""
    item = mapping(dig(pod.owner.data, pod.path[:-1]))
    if "maxReplicas" in item or "minReplicas" in item:
        low = integer(item.get("minReplicas"), 0) or 0
        high = integer(item.get("maxReplicas")) or integer(item.get("replicas"), 1) or 0
        return PodCount(low, high, 0, pod.owner, (*pod.path[:-1], "maxReplicas"))
    return _fixed(pod, integer(item.get("replicas"), 1) or 0, (*pod.path[:-1], "replicas"))


def _job_set(pod: PodTemplate) -> PodCount:
    job_path = pod.path[:-3]
    item = mapping(dig(pod.owner.data, job_path))
    number = integer(item.get("replicas"), 1) or 0
    return _fixed(
        pod,
        number * _job_pods(mapping(dig(item, ("template", "spec")))),
        (*job_path, "replicas"),
    )


def _spark(pod: PodTemplate) -> PodCount:
    if pod.path[-1] != "executor":
        return _fixed(pod, 1, ())
    dynamic = mapping(mapping(dig(pod.owner.data, pod.path[:-1])).get("dynamicAllocation"))
    if dynamic.get("enabled") is True and integer(dynamic.get("maxExecutors")) is not None:
        path = (*pod.path[:-1], "dynamicAllocation", "maxExecutors")
        return _fixed(pod, integer(dynamic.get("maxExecutors")) or 0, path)
    executor = mapping(dig(pod.owner.data, pod.path))
    amount = parse_quantity(executor.get("instances"))
    return _fixed(pod, int(amount) if amount is not None else 1, (*pod.path, "instances"))


_COUNTERS: dict[tuple[str, str], Callable[[PodTemplate], PodCount]] = {
    ("batch", "Job"): _job,
    ("batch", "CronJob"): _cron_job,
    ("keda.sh", "ScaledJob"): _scaled_job,
    ("serving.kserve.io", "InferenceService"): _inference_service,
    ("serving.knative.dev", "Service"): _knative,
    ("leaderworkerset.x-k8s.io", "LeaderWorkerSet"): _leader_worker_set,
    ("jobset.x-k8s.io", "JobSet"): _job_set,
    ("sparkoperator.k8s.io", "SparkApplication"): _spark,
    ("sparkoperator.k8s.io", "ScheduledSparkApplication"): _spark,
    **{
        ("kubeflow.org", kind): _item_replicas
        for kind in (
            "PyTorchJob",
            "TFJob",
            "XGBoostJob",
            "MPIJob",
            "PaddleJob",
            "JAXJob",
        )
    },
    **{("ray.io", kind): _item_replicas for kind in ("RayCluster", "RayJob", "RayService")},
}
