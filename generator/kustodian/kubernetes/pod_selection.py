"""Which pods a selector may mean, counting what controllers add to pods and what operators create.

A rule that says "this selects nothing" must not be wrong about labels that no manifest holds: a controller
labels its pods (`pod-template-hash`, `job-name` ...), and an operator makes pods out of a custom resource
that has no pod template in it.

Sources: the "Well-Known Labels" page of the Kubernetes documentation v1.34,
https://kubernetes.io/docs/reference/labels-annotations-taints/, and the label constants of Argo Workflows
v3, Argo Rollouts v1, KServe v0.15, Knative v1, Spark operator v2, KubeRay v1, Kubeflow training operator v1.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cache

from kustodian.kubernetes.object_set import ObjectSet, namespace_of
from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.kubernetes.selector import labels_match, selector_matches
from kustodian.model.json_value import JsonObject, mapping, mappings, sequence, string_map, text
from kustodian.model.manifest import Manifest

_JOB = ("job-name", "controller-uid", "batch.kubernetes.io/")
_STATEFUL = ("statefulset.kubernetes.io/", "apps.kubernetes.io/", "controller-revision-hash")
_TRAINING = ("training.kubeflow.org/", "group-name", "job-name", "replica-type", "replica-index", "job-role")
#: Label keys (a trailing slash: all keys with that prefix) that a controller adds, by its object.
_ADDED_KEYS: dict[tuple[str, str], tuple[str, ...]] = {
    ("apps", "Deployment"): ("pod-template-hash",),
    ("apps", "ReplicaSet"): ("pod-template-hash",),
    ("apps", "StatefulSet"): _STATEFUL,
    ("apps", "DaemonSet"): ("controller-revision-hash", "pod-template-generation"),
    ("batch", "Job"): _JOB,
    ("batch", "CronJob"): _JOB,
    ("keda.sh", "ScaledJob"): (*_JOB, "scaledjob.keda.sh/"),
    ("argoproj.io", "Rollout"): ("rollouts-pod-template-hash", "role"),
    ("kubeflow.org", "Notebook"): (*_STATEFUL, "notebook-name", "statefulset"),
}
#: The same by API group, for groups whose controllers label every pod.
_ADDED_BY_GROUP: dict[str, tuple[str, ...]] = {
    "argoproj.io": ("workflows.argoproj.io/",),
    "serving.kserve.io": ("serving.kserve.io/", "serving.knative.dev/", "app", "component", "isvc."),
    "serving.knative.dev": ("serving.knative.dev/", "app"),
    "sparkoperator.k8s.io": ("sparkoperator.k8s.io/", "spark-role", "spark-app-name", "spark-app-selector"),
    "ray.io": ("ray.io/", "app.kubernetes.io/"),
    "jobset.x-k8s.io": (*_JOB, "jobset.sigs.k8s.io/"),
    "leaderworkerset.x-k8s.io": (*_STATEFUL, "leaderworkerset.sigs.k8s.io/"),
    "kubeflow.org": _TRAINING,
}
#: Custom resources whose operator creates pods although they hold no template: (group, kinds; empty: all).
_POD_MAKERS: dict[str, frozenset[str]] = {
    "monitoring.coreos.com": frozenset({"Prometheus", "PrometheusAgent", "Alertmanager", "ThanosRuler"}),
    "pipelines.kubeflow.org": frozenset({"PipelineVersion"}),
    "opentelemetry.io": frozenset({"OpenTelemetryCollector", "TargetAllocator"}),
    "serving.kserve.io": frozenset({"InferenceService", "InferenceGraph", "LLMInferenceService"}),
    "gateway.networking.k8s.io": frozenset({"Gateway"}),
    "machinelearning.seldon.io": frozenset(),
    "mlops.seldon.io": frozenset(),
    "elasticsearch.k8s.elastic.co": frozenset(),
    "kibana.k8s.elastic.co": frozenset(),
    "beat.k8s.elastic.co": frozenset(),
    "logstash.k8s.elastic.co": frozenset(),
    "kafka.strimzi.io": frozenset(),
    "postgresql.cnpg.io": frozenset(),
    "acid.zalan.do": frozenset(),
    "postgres-operator.crunchydata.com": frozenset(),
    "redis.redis.opstreelabs.in": frozenset(),
    "databases.spotahome.com": frozenset(),
    "k8s.mariadb.com": frozenset(),
    "mysql.oracle.com": frozenset(),
    "mongodbcommunity.mongodb.com": frozenset(),
    "rabbitmq.com": frozenset({"RabbitmqCluster"}),
    "minio.min.io": frozenset(),
    "jaegertracing.io": frozenset(),
    "grafana.integreatly.org": frozenset({"Grafana"}),
    "logging.banzaicloud.io": frozenset(),
    "milvus.io": frozenset(),
    "eventing.knative.dev": frozenset(),
    "operator.knative.dev": frozenset(),
    "install.istio.io": frozenset(),
    "sailoperator.io": frozenset(),
    "helm.toolkit.fluxcd.io": frozenset(),
    "helm.cattle.io": frozenset(),
    "ray.io": frozenset(),
    "kubeflow.org": frozenset(),
    "trainer.kubeflow.org": frozenset(),
    "dask.org": frozenset(),
    "dask.kubernetes.dask.org": frozenset(),
    "flink.apache.org": frozenset(),
    "nvidia.com": frozenset(),
}
_ARGO_EVENTS = frozenset({"Sensor", "EventSource", "EventBus", "ArgoCD"})


def may_select(selector: object, pod: PodTemplate) -> bool:
    """Whether a LabelSelector selects the pod, taking requirements on labels its controller adds as met."""
    if selector_matches(selector, pod.labels):
        return True
    if not isinstance(selector, dict):
        return False
    reduced: JsonObject = {
        "matchLabels": {
            key: value
            for key, value in string_map(selector.get("matchLabels")).items()
            if not _is_added(key, pod)
        },
        "matchExpressions": [
            expression
            for _, expression in mappings(selector.get("matchExpressions"))
            if not _is_added(text(expression.get("key")), pod)
        ],
    }
    return selector_matches(reduced, pod.labels)


def may_carry(wanted: Mapping[str, str], pod: PodTemplate) -> bool:
    """Whether a pod carries a plain label map (a Service selector), controllers' labels taken as met."""
    return labels_match({k: v for k, v in wanted.items() if not _is_added(k, pod)}, pod.labels)


def pods_of_service(service: Manifest, objects: ObjectSet) -> list[PodTemplate]:
    """The pod templates a Service sends traffic to; none for a Service without a selector."""
    wanted = string_map(service.spec.get("selector"))
    pods = _candidates(wanted, namespace_of(service), objects)
    return [pod for pod in pods if wanted and may_carry(wanted, pod)]


def selects_nothing(selector: object, namespace: str, objects: ObjectSet) -> bool:
    """Whether a LabelSelector surely selects no pod of a namespace.

    It is not sure where an operator makes the pods, and where the overlay holds no workload in that
    namespace at all: it was split, and its other half is somewhere else. Then only a workload of another
    namespace that would fit shows a mistake. Plain manifests are taken as they are given.
    """
    if pods_meant(selector, namespace, objects) or is_operators_business(selector, namespace, objects):
        return False
    if objects.pods_in(namespace) or is_plain(objects):
        return True
    return any(may_select(selector, pod) for pod in objects.pods)


def is_plain(objects: ObjectSet) -> bool:
    """Whether the set was read from manifest files (their place in a file is known), not rendered."""
    return any(manifest.provenance.document is not None for manifest in objects)


def pods_meant(selector: object, namespace: str, objects: ObjectSet) -> list[PodTemplate]:
    """The pod templates of a namespace that a LabelSelector may select."""
    wanted = string_map(mapping(selector).get("matchLabels"))
    return [pod for pod in _candidates(wanted, namespace, objects) if may_select(selector, pod)]


def _candidates(wanted: Mapping[str, str], namespace: str, objects: ObjectSet) -> list[PodTemplate]:
    """Pods that may carry these labels: those that do in part, and those that a controller labels later."""
    carrying = objects.pods_carrying(wanted, namespace)
    known = {id(pod) for pod in carrying}
    later = [
        pod
        for owner, pods in objects.memoized(_by_owner).items()
        if any(_adds(owner, key) for key in wanted)
        for pod in pods
        if id(pod) not in known and namespace_of(pod.owner) == namespace
    ]
    return [*carrying, *later]


Owner = tuple[str, str]


def _by_owner(objects: ObjectSet) -> dict[Owner, list[PodTemplate]]:
    """The pods of an overlay by the group and kind of their owner: what a controller adds depends on that."""
    found: dict[Owner, list[PodTemplate]] = defaultdict(list)
    for pod in objects.pods:
        found[pod.owner.group, pod.owner.kind].append(pod)
    return found


@cache
def _adds(owner: Owner, key: str) -> bool:
    """Whether the controller of this kind sets the label."""
    added = (*_ADDED_KEYS.get(owner, ()), *_ADDED_BY_GROUP.get(owner[0], ()))
    return any(key.startswith(entry) if entry.endswith(("/", ".")) else key == entry for entry in added)


def is_operators_business(selector: object, namespace: str, objects: ObjectSet) -> bool:
    """Whether the selector looks for pods that an operator makes from an object of the namespace.

    So it is where a value of the selector contains the name or the kind of such an object, or a key lies in
    the object's API group; accepts a LabelSelector or a plain label map.
    """
    values = [value.lower() for value in selector_values(selector)]
    domains = {key.partition("/")[0] for key in selector_keys(selector) if "/" in key}
    return any(
        maker.group in domains
        or any(maker.name.lower() in value or maker.kind.lower() in value for value in values)
        for maker in pod_makers(objects)
        if namespace_of(maker) == namespace
    )


def pod_makers(objects: Iterable[Manifest]) -> list[Manifest]:
    """The objects from which an operator makes pods that no manifest shows."""
    return [m for m in objects if _makes_pods(m)]


def selector_keys(selector: object) -> list[str]:
    """Every label key that a LabelSelector or a plain label map asks for."""
    data = mapping(selector)
    if "matchLabels" not in data and "matchExpressions" not in data:
        return list(string_map(data))
    keys = list(string_map(data.get("matchLabels")))
    return keys + [text(expression.get("key")) for _, expression in mappings(data.get("matchExpressions"))]


def selector_values(selector: object) -> list[str]:
    """Every label value that a LabelSelector or a plain label map asks for."""
    data = mapping(selector)
    if "matchLabels" not in data and "matchExpressions" not in data:
        return list(string_map(data).values())
    values = list(string_map(data.get("matchLabels")).values())
    for _, expression in mappings(data.get("matchExpressions")):
        if expression.get("operator") == "In":
            values += [value for value in sequence(expression.get("values")) if isinstance(value, str)]
    return values


def _is_added(key: str, pod: PodTemplate) -> bool:
    """Whether the pod's controller sets this label, and the template does not."""
    if not key or key in pod.labels:
        return False
    return _adds((pod.owner.group, pod.owner.kind), key)


def _makes_pods(manifest: Manifest) -> bool:
    if manifest.group == "argoproj.io":
        return manifest.kind in _ARGO_EVENTS
    kinds = _POD_MAKERS.get(manifest.group)
    return kinds is not None and (not kinds or manifest.kind in kinds)
