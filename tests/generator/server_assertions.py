"""What has to hold for the servers of every generated repository, as in assertions.py."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from tests.generator.repositories import Repository, key_of, of, server_labels

_AUTOSCALERS: Final = ("HorizontalPodAutoscaler", "ScaledObject")
_DIGEST: Final = re.compile(r"@sha256:[0-9a-f]{64}\Z")
_DEVICES: Final = ("nvidia.com/", "amd.com/")


def no_replicas_under_an_autoscaler(repository: Repository) -> Iterator[str]:
    """What an HPA or ScaledObject scales says no number of its own, and exactly one of the two scales it."""
    answers = repository.answers
    wanted = int(answers.autoscaling != "none" and answers.runtime != "kserve")  # KServe makes its own
    for environment, objects in repository.objects.items():
        targets = [item["spec"]["scaleTargetRef"] for item in of(objects, *_AUTOSCALERS)]
        if len(targets) != wanted:
            yield f"{environment}: {len(targets)} autoscalers"
        for item in objects:
            if any((t["kind"], t["name"]) == key_of(item) for t in targets) and "replicas" in item["spec"]:
                yield f"{environment}: {key_of(item)} has replicas"
        for target in targets:
            if not any(key_of(item) == (target["kind"], target["name"]) for item in objects):
                yield f"{environment}: the autoscaler's target {target} is not there"


def memory_metric_first(repository: Repository) -> Iterator[str]:
    """The API server stores an HPA's resource metrics with memory first."""
    for environment, objects in repository.objects.items():
        for item in of(objects, "HorizontalPodAutoscaler"):
            names = [m["resource"]["name"] for m in item["spec"]["metrics"] if m["type"] == "Resource"]
            if names != sorted(names, reverse=True) or ("cpu" in names and "memory" not in names):
                yield f"{environment}: metrics are {names}"


def prod_by_digest(repository: Repository) -> Iterator[str]:
    """Outside of dev every image, and every image volume, is named by digest; add-ons serve prod as well."""
    for name, objects in repository.everything.items():
        environment = repository.answers.environments.get(name)
        if environment is not None and environment.environment_class == "dev":
            continue
        for item in objects:
            for image in _images(item):
                if not _DIGEST.search(image):
                    yield f"{name}: {key_of(item)} has the image {image}"


def selectors_equal_across_environments(repository: Repository) -> Iterator[str]:
    """A selector cannot change afterwards, and a copy of a file must mean the same everywhere."""
    seen: dict[tuple[str, str], tuple[str, Any]] = {}
    for environment, objects in repository.objects.items():
        for item in objects:
            spec = item.get("spec") or {}
            selector = spec.get("selector", spec.get("podSelector"))
            if selector is None:
                continue
            first, before = seen.setdefault(key_of(item), (environment, selector))
            if selector != before:
                yield f"{key_of(item)} selects {before} in {first} and {selector} in {environment}"


def gpu_servers_are_placed(repository: Repository) -> Iterator[str]:
    """They tolerate and select their nodes, may start slowly, and ask for no GPU beyond their own to update."""
    for environment, objects in repository.objects.items():
        wanted = repository.answers.environments[environment].gpu
        servers = [item for item in of(objects, "Deployment", "InferenceService") if _is_server(item)]
        if len(servers) != 1:
            yield f"{environment}: {len(servers)} servers"
        for item in servers:
            pod, container, rolling = _parts(item)
            resources = container["resources"]
            asks = bool(resources.get("claims")) or any(k.startswith(_DEVICES) for k in resources["limits"])
            if asks != wanted:
                yield f"{environment}: gpu is {wanted} and the server {'asks' if asks else 'does not ask'}"
            if not asks:
                continue
            if not pod.get("nodeSelector"):
                yield f"{environment}: no node selector"
            vendor = "amd.com/gpu" if repository.answers.accelerator == "amd" else "nvidia.com/gpu"
            tolerations = pod.get("tolerations", [])
            if not any(toleration["key"] == vendor for toleration in tolerations):
                yield f"{environment}: no toleration of {vendor}"
            if not all(toleration["operator"] == "Exists" for toleration in tolerations):
                yield f"{environment}: a toleration of one value"
            probe = container["startupProbe"]
            if probe["periodSeconds"] * probe["failureThreshold"] < 300:
                yield f"{environment}: less than five minutes to start"
            if rolling["maxSurge"] != 0:
                yield f"{environment}: maxSurge is {rolling['maxSurge']}"
        for item in of(objects, "Rollout"):
            canary = item["spec"]["strategy"].get("canary")
            if wanted and canary is not None and not canary.get("dynamicStableScale"):
                yield f"{environment}: a canary would take twice the GPUs"


def disruption_budgets_leave_room(repository: Repository) -> Iterator[str]:
    """A budget only where two servers or more always run, and then one may go; the same for add-ons."""
    for environment, objects in repository.objects.items():
        budgets = [item["spec"] for item in of(objects, "PodDisruptionBudget")]
        replicated = repository.answers.environments[environment].replicas_min > 1
        if bool(budgets) != replicated:
            yield f"{environment}: {len(budgets)} budgets"
        if any(spec["selector"] != {"matchLabels": server_labels(repository)} for spec in budgets):
            yield f"{environment}: the budget is not the servers'"
    for addon, objects in repository.addons.items():
        covered = [item["spec"]["selector"] for item in of(objects, "PodDisruptionBudget")]
        for item in of(objects, "Deployment"):
            if (item["spec"]["replicas"] > 1) != (item["spec"]["selector"] in covered):
                yield f"{addon}: {key_of(item)} and its budget"
    for name, objects in repository.everything.items():
        for item in of(objects, "PodDisruptionBudget"):
            spec = item["spec"]
            if spec.get("maxUnavailable") != 1 or "minAvailable" in spec:
                yield f"{name}: the budget leaves no room"
            if spec.get("unhealthyPodEvictionPolicy") != "AlwaysAllow":
                yield f"{name}: a broken pod holds its node"


def _images(node: object) -> Iterator[str]:
    """Every container's image, and every image volume, wherever they lie."""
    if isinstance(node, dict):
        image = node.get("image")
        if isinstance(image, str) and ("name" in node or "modelFormat" in node):
            yield image
        if isinstance(image, dict) and isinstance(image.get("reference"), str):
            yield image["reference"]
        for value in node.values():
            yield from _images(value)
    elif isinstance(node, list):
        for value in node:
            yield from _images(value)


def _is_server(item: dict[str, Any]) -> bool:
    labels = item["metadata"].get("labels", {})
    return bool(labels.get("app.kubernetes.io/component") == "server")


def _parts(item: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Pod, container and rolling update of a server."""
    spec = item["spec"]
    if item["kind"] == "InferenceService":
        predictor = spec["predictor"]
        return predictor, predictor["model"], predictor["deploymentStrategy"]["rollingUpdate"]
    pod = spec["template"]["spec"]
    return pod, pod["containers"][0], spec["strategy"]["rollingUpdate"]
