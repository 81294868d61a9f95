"""Which pods a selector selects, counting the labels that controllers and operators add.

A template does not show every label of its pods: controllers add `rollouts-pod-template-hash`,
`ray.io/cluster` or `serving.kserve.io/inferenceservice`, and a selector may rely on them. Every rule that
relates a selector to pods uses this module.

Sources: Kubernetes "Well-Known Labels, Annotations and Taints" v1.34, Argo Rollouts v1.8, Argo Workflows
v3.7, KServe v0.15, Knative v1.19, Spark operator v2, KubeRay v1.4, Kubeflow training operator v1 and notebook
controller, JobSet v0.8, LeaderWorkerSet v0.6, Istio 1.27 ("Resource Labels").
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from functools import cache

from kustodian.kubernetes.object_set import ObjectSet, namespace_of
from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.kubernetes.pods.workload import pods_of
from kustodian.kubernetes.selector import is_empty_selector
from kustodian.model.json_value import mapping, mappings, sequence, string_map, text
from kustodian.model.manifest import Manifest

Labels = tuple[tuple[str, str], ...]
Owner = tuple[str, str]

_STATEFUL: Labels = (
    ("statefulset.kubernetes.io/pod-name", "{name}-*"),
    ("apps.kubernetes.io/pod-index", "*"),
    ("controller-revision-hash", "*"),
)
_ANY_JOB: Labels = (("controller-uid", "*"), ("batch.kubernetes.io/*", "*"))
_JOB: Labels = (("job-name", "{name}"), ("batch.kubernetes.io/job-name", "{name}"), *_ANY_JOB)
#: The Jobs that a CronJob, ScaledJob or JobSet makes carry its name and a suffix.
_JOB_OF: Labels = (("job-name", "{name}-*"), ("batch.kubernetes.io/job-name", "{name}-*"), *_ANY_JOB)
_TRAINING: Labels = (
    ("training.kubeflow.org/job-name", "{name}"), ("job-name", "{name}"), ("training.kubeflow.org/*", "*"),
    ("group-name", "*"), ("replica-type", "*"), ("replica-index", "*"), ("job-role", "*"),
)  # fmt: skip
_RAY: Labels = (
    ("ray.io/node-type", "{part}"), ("ray.io/*", "*"),
    ("app.kubernetes.io/name", "kuberay"), ("app.kubernetes.io/created-by", "kuberay-operator"),
)  # fmt: skip
_SPARK: Labels = (
    ("sparkoperator.k8s.io/*", "*"), ("spark-role", "*"), ("spark-app-name", "*"),
    ("spark-app-selector", "*"), ("spark-exec-id", "*"), ("spark-version", "*"),
)  # fmt: skip
#: (key, value) of the labels that a controller adds to pods, by the group and kind of the template's owner.
#: `*` is a part made at run time, `{name}` the owner's name, `{part}` the component of the owner that the
#: template describes. The values beside the first key that matches are the possible ones.
_ADDED: dict[Owner, Labels] = {
    ("apps", "Deployment"): (("pod-template-hash", "*"),),
    ("apps", "ReplicaSet"): (("pod-template-hash", "*"),),
    ("apps", "StatefulSet"): _STATEFUL,
    ("apps", "DaemonSet"): (("controller-revision-hash", "*"), ("pod-template-generation", "*")),
    ("batch", "Job"): _JOB,
    ("batch", "CronJob"): _JOB_OF,
    ("keda.sh", "ScaledJob"): (("scaledjob.keda.sh/name", "{name}"), *_JOB_OF),
    ("argoproj.io", "Rollout"): (("rollouts-pod-template-hash", "*"), ("role", "*")),
    ("serving.kserve.io", "InferenceService"): (
        ("serving.kserve.io/inferenceservice", "{name}"), ("component", "{part}"),
        ("app", "isvc.{name}-{part}"), ("app", "{name}-{part}*"),
        ("serving.knative.dev/service", "{name}-{part}"),
        ("serving.knative.dev/configuration", "{name}-{part}"),
    ),
    ("serving.knative.dev", "Service"): (
        ("serving.knative.dev/service", "{name}"), ("serving.knative.dev/configuration", "{name}"),
    ),
    ("ray.io", "RayCluster"): (("ray.io/cluster", "{name}"), *_RAY),
    ("ray.io", "RayJob"): (("ray.io/cluster", "{name}-*"), *_RAY),
    ("ray.io", "RayService"): (("ray.io/cluster", "{name}-*"), *_RAY),
    ("kubeflow.org", "Notebook"): (("notebook-name", "{name}"), ("statefulset", "{name}"), *_STATEFUL),
    ("jobset.x-k8s.io", "JobSet"): (
        ("jobset.sigs.k8s.io/jobset-name", "{name}"), ("jobset.sigs.k8s.io/*", "*"), *_JOB_OF,
    ),
    ("leaderworkerset.x-k8s.io", "LeaderWorkerSet"): (
        ("leaderworkerset.sigs.k8s.io/name", "{name}"), ("leaderworkerset.sigs.k8s.io/*", "*"), *_STATEFUL,
    ),
    ("sparkoperator.k8s.io", "SparkApplication"): (("sparkoperator.k8s.io/app-name", "{name}"), *_SPARK),
    ("sparkoperator.k8s.io", "ScheduledSparkApplication"): (
        ("sparkoperator.k8s.io/app-name", "{name}-*"), *_SPARK,
    ),
}  # fmt: skip
#: The same for every kind of an API group.
_ADDED_BY_GROUP: dict[str, Labels] = {
    "argoproj.io": (("workflows.argoproj.io/*", "*"),),
    "serving.kserve.io": (("serving.kserve.io/*", "*"), ("serving.knative.dev/*", "*")),
    "serving.knative.dev": (("serving.knative.dev/*", "*"), ("app", "{name}-*")),
    "kubeflow.org": _TRAINING,
}
#: What Istio's sidecar injector adds to any pod.
_ADDED_TO_ANY: Labels = (
    ("istio.io/rev", "*"), ("security.istio.io/tlsMode", "*"), ("service.istio.io/*", "*"),
)  # fmt: skip
#: Custom resources whose operator creates pods that no template shows: the kinds by API group, empty for all.
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
    """Whether a LabelSelector may select the pod, counting the labels that its controller adds.

    A value made at run time matches any value. `NotIn` and `DoesNotExist` look at the template's own labels
    only. A selector that is not a mapping selects nothing.
    """
    if not isinstance(selector, dict):
        return False
    expressions = mappings(selector.get("matchExpressions"))
    return may_carry(string_map(selector.get("matchLabels")), pod) and all(
        _may_meet(expression, pod) for _, expression in expressions
    )


def may_carry(labels: Mapping[str, str], pod: PodTemplate) -> bool:
    """Whether the pod may carry all these labels (a Service's selector), its own or added ones."""
    return all(
        pod.labels[key] == value if key in pod.labels else _is_added(pod, key, value)
        for key, value in labels.items()
    )


def pods_selected(selector: object, namespace: str, objects: ObjectSet) -> list[PodTemplate]:
    """The pod templates of a namespace whose pods a LabelSelector may select, each once."""
    labels = string_map(mapping(selector).get("matchLabels"))
    return [pod for pod in _candidates(labels, namespace, objects) if may_select(selector, pod)]


def pods_of_service(service: Manifest, objects: ObjectSet) -> list[PodTemplate]:
    """The pod templates a Service sends traffic to; none for a Service without a selector."""
    labels = string_map(service.spec.get("selector"))
    pods = _candidates(labels, namespace_of(service), objects)
    return [pod for pod in pods if labels and may_carry(labels, pod)]


def pods_of_budget(budget: Manifest, objects: ObjectSet) -> list[PodTemplate]:
    """The pod templates whose pods a PodDisruptionBudget protects.

    An absent selector selects nothing, an empty one everything in policy/v1 and nothing in policy/v1beta1
    (Kubernetes API reference, PodDisruptionBudgetSpec).
    """
    selector = budget.spec.get("selector")
    if is_empty_selector(selector) and budget.api_version == "policy/v1beta1":
        return []
    return pods_selected(selector, namespace_of(budget), objects)


def selects_nothing(selector: object, namespace: str, objects: ObjectSet) -> bool:
    """Whether a LabelSelector certainly selects no pod of a namespace.

    It is uncertain if an operator makes the pods, or if the overlay has no workload in that namespace:
    another overlay may deploy them. Then only a matching workload in another namespace proves a mistake.
    Plain manifests are assumed to be complete.
    """
    if pods_selected(selector, namespace, objects) or made_by_operator(selector, namespace, objects):
        return False
    if objects.pods_in(namespace) or is_plain(objects):
        return True
    return any(may_select(selector, pod) for pod in objects.pods)


def is_plain(objects: ObjectSet) -> bool:
    """Whether the objects were read from manifest files and not rendered by kustomize."""
    return any(manifest.provenance.document is not None for manifest in objects)


def made_by_operator(selector: object, namespace: str, objects: ObjectSet) -> bool:
    """Whether the selector seems to mean pods that an operator makes from an object of the namespace.

    Accepts a LabelSelector or a plain label map. Any of these is enough:

    * a value contains the name or kind of a custom resource that is known to make pods;
    * a key has the API group of such a resource as its prefix, and no manifest shows its pods;
    * a key's prefix is the domain of any other custom resource, and a value is its name
      (`cnpg.io/cluster: pg` beside a `db.cnpg.io` Cluster pg).
    """
    values = [value.lower() for value in selector_values(selector)]
    domains = {key.partition("/")[0] for key in selector_keys(selector) if "/" in key}
    for manifest in objects:
        if namespace_of(manifest) != namespace:
            continue
        name, group = manifest.name.lower(), manifest.group
        if _makes_pods(manifest):
            kind = manifest.kind.lower()
            if any(name in value or kind in value for value in values):
                return True
            if group in domains and not pods_of(manifest):
                return True
            continue
        related = any(_is_of_domain(group, domain) for domain in domains)
        if related and name in values and not pods_of(manifest):
            return True
    return False


def pod_makers(objects: Iterable[Manifest]) -> list[Manifest]:
    """The custom resources among the objects whose operator makes pods, in the given order."""
    return [manifest for manifest in objects if _makes_pods(manifest)]


def selector_keys(selector: object) -> list[str]:
    """The label keys of a LabelSelector or a plain label map; repeated if written twice."""
    data = mapping(selector)
    if "matchLabels" not in data and "matchExpressions" not in data:
        return list(string_map(data))
    keys = list(string_map(data.get("matchLabels")))
    return keys + [text(expression.get("key")) for _, expression in mappings(data.get("matchExpressions"))]


def selector_values(selector: object) -> list[str]:
    """The label values that a LabelSelector (`In` only) or a plain label map requires."""
    data = mapping(selector)
    if "matchLabels" not in data and "matchExpressions" not in data:
        return list(string_map(data).values())
    values = list(string_map(data.get("matchLabels")).values())
    for _, expression in mappings(data.get("matchExpressions")):
        if expression.get("operator") == "In":
            values += [value for value in sequence(expression.get("values")) if isinstance(value, str)]
    return values


def _candidates(labels: Mapping[str, str], namespace: str, objects: ObjectSet) -> list[PodTemplate]:
    """A superset of the pods that may carry these labels, from the template or from a controller."""
    carrying = objects.pods_carrying(labels, namespace)
    seen = {id(pod) for pod in carrying}
    labelled_by_controller = [
        pod
        for owner, pods in objects.memoized(_pods_by_owner).items()
        if any(_pattern(owner, key) is not None for key in labels)
        for pod in pods
        if id(pod) not in seen and namespace_of(pod.owner) == namespace
    ]
    return [*carrying, *labelled_by_controller]


def _pods_by_owner(objects: ObjectSet) -> dict[Owner, list[PodTemplate]]:
    pods: dict[Owner, list[PodTemplate]] = defaultdict(list)
    for pod in objects.pods:
        pods[pod.owner.group, pod.owner.kind].append(pod)
    return dict(pods)


def _may_meet(expression: Mapping[str, object], pod: PodTemplate) -> bool:
    """Whether the pod may meet one requirement of `matchExpressions`; not if its operator is unknown."""
    key, operator = text(expression.get("key")), text(expression.get("operator"))
    values = [value for value in sequence(expression.get("values")) if isinstance(value, str)]
    own = pod.labels.get(key)
    added = own is None and _pattern((pod.owner.group, pod.owner.kind), key) is not None
    match operator:
        case "In":
            return own in values or (added and any(_is_added(pod, key, value) for value in values))
        case "NotIn":
            return own not in values
        case "Exists":
            return own is not None or added
        case "DoesNotExist":
            return own is None
        case _:
            return False


def _is_added(pod: PodTemplate, key: str, value: str) -> bool:
    """Whether the pod's controller may add this label with this value."""
    owner = (pod.owner.group, pod.owner.kind)
    first_match = _pattern(owner, key)
    return first_match is not None and any(
        fnmatchcase(value, expected.format(name=pod.owner.name, part=_part(pod)))
        for pattern, expected in _added(owner)
        if pattern == first_match
    )


@cache
def _pattern(owner: Owner, key: str) -> str | None:
    """The first key of the owner's table that matches; None if its controller adds no such label."""
    return next((pattern for pattern, _ in _added(owner) if fnmatchcase(key, pattern)), None) if key else None


@cache
def _added(owner: Owner) -> Labels:
    return (*_ADDED.get(owner, ()), *_ADDED_BY_GROUP.get(owner[0], ()), *_ADDED_TO_ANY)


def _part(pod: PodTemplate) -> str:
    """The component of its owner that the template describes: `predictor` (KServe), `head` (Ray)."""
    if pod.owner.group == "ray.io":
        return "head" if "headGroupSpec" in pod.path else "worker"
    return text(pod.path[-1]) if pod.path else ""


def _makes_pods(manifest: Manifest) -> bool:
    if manifest.group == "argoproj.io":
        return manifest.kind in _ARGO_EVENTS
    kinds = _POD_MAKERS.get(manifest.group)
    return kinds is not None and (not kinds or manifest.kind in kinds)


def _is_of_domain(group: str, domain: str) -> bool:
    """Whether a third party's API group and a label's domain belong together."""
    if "." not in group or group.endswith(".k8s.io"):
        return False
    return domain == group or group.endswith(f".{domain}") or domain.endswith(f".{group}")
