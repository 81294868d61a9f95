"""Labels that controllers put on pods although no manifest says so.

A selector may rely on them (`serving.kserve.io/inferenceservice: iris`), so a rule that asks what a selector
selects has to know them. Sources: Kubernetes "Well-Known Labels", KServe, Knative Serving, KubeRay, Argo
Rollouts, Kubeflow training operator, Kubeflow notebook controller and LeaderWorkerSet documentation.
"""

from __future__ import annotations

from kustodian.kubernetes.object_set import ObjectSet, namespace_of
from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.kubernetes.pods.workload import pods_of
from kustodian.kubernetes.selector import selector_matches
from kustodian.model.json_value import mapping, mappings, string_map, text

#: Label keys whose value is made at run time: a selector that names one can match the pods of its owner.
_RUN_TIME_KEYS = frozenset({
    "pod-template-hash", "controller-revision-hash", "statefulset.kubernetes.io/pod-name",
    "apps.kubernetes.io/pod-index", "rollouts-pod-template-hash", "batch.kubernetes.io/controller-uid",
    "batch.kubernetes.io/job-completion-index", "controller-uid", "istio.io/rev",
})  # fmt: skip


def pod_labels(pod: PodTemplate) -> dict[str, str]:
    """The template's labels and those that its controller is known to add."""
    owner = pod.owner
    added: dict[str, str] = {}
    match owner.group, owner.kind:
        case "serving.kserve.io", "InferenceService":
            component = text(pod.path[-1])
            added = {
                "serving.kserve.io/inferenceservice": owner.name,
                "component": component,
                "app": f"isvc.{owner.name}-{component}",
            }
        case "serving.knative.dev", "Service":
            added = {
                "serving.knative.dev/service": owner.name,
                "serving.knative.dev/configuration": owner.name,
            }
        case "batch", "Job":
            added = {"batch.kubernetes.io/job-name": owner.name, "job-name": owner.name}
        case "ray.io", "RayCluster":
            head = "headGroupSpec" in pod.path
            added = {"ray.io/cluster": owner.name, "ray.io/node-type": "head" if head else "worker"}
        case "kubeflow.org", "Notebook":
            added = {"notebook-name": owner.name, "statefulset": owner.name}
        case "kubeflow.org", _:
            added = {"training.kubeflow.org/job-name": owner.name}
        case "leaderworkerset.x-k8s.io", "LeaderWorkerSet":
            added = {"leaderworkerset.sigs.k8s.io/name": owner.name}
        case "jobset.x-k8s.io", "JobSet":
            added = {"jobset.sigs.k8s.io/jobset-name": owner.name}
    return {**added, **pod.labels}


def pods_selected(objects: ObjectSet, selector: object, namespace: str) -> list[PodTemplate]:
    """The pod templates of a namespace that a LabelSelector selects, controllers' labels included."""
    known = {key: value for key, value in mapping(selector).items() if key != "matchLabels"}
    wanted = string_map(mapping(selector).get("matchLabels"))
    if not isinstance(selector, dict):
        return []
    known["matchLabels"] = {k: v for k, v in wanted.items() if k not in _RUN_TIME_KEYS}
    if wanted and not known["matchLabels"] and not known.get("matchExpressions"):
        return []
    return [pod for pod in objects.pods_in(namespace) if selector_matches(known, pod_labels(pod))]


def made_by_an_operator(objects: ObjectSet, selector: object, namespace: str) -> bool:
    """Whether a selector names a label of an operator whose custom resource is in this namespace.

    `cnpg.io/cluster: pg` beside a `postgresql.cnpg.io` Cluster: its pods exist, only no manifest shows them.
    """
    keys = list(string_map(mapping(selector).get("matchLabels")))
    keys += [text(e.get("key")) for _, e in mappings(mapping(selector).get("matchExpressions"))]
    domains = {key.partition("/")[0] for key in keys if "/" in key}
    values = set(string_map(mapping(selector).get("matchLabels")).values())
    for manifest in objects:
        if namespace_of(manifest) != namespace or pods_of(manifest) or "." not in manifest.group:
            continue
        if manifest.group.endswith(".k8s.io"):
            continue
        if any(_same_domain(domain, manifest.group) for domain in domains) and manifest.name in values:
            return True
    return False


def _same_domain(domain: str, group: str) -> bool:
    return domain == group or group.endswith(f".{domain}") or domain.endswith(f".{group}")
