"""Releases of a generated repository whose servers Argo Rollouts runs, and what is seen of them."""

from __future__ import annotations

import copy
import datetime
import re
from collections.abc import Iterable
from itertools import groupby
from typing import Any

from tests.acceptance.cluster import Cluster
from tests.acceptance.crds import group_kind, install
from tests.acceptance.nodes import add_volumes
from tests.acceptance.rollouts import API, Prometheus, Question

#: The label by which Argo Rollouts tells versions apart.
HASH = "rollouts-pod-template-hash"
#: The pods that answer requests.
SERVERS = "app.kubernetes.io/component=server"
#: What Argo Rollouts changes to lead the traffic.
WATCHED = {
    "Service": "v1",
    "HTTPRoute": "gateway.networking.k8s.io/v1",
    "VirtualService": "networking.istio.io/v1",
    "Ingress": "networking.k8s.io/v1",
}
WEIGHT = "nginx.ingress.kubernetes.io/canary-weight"


class Journal:
    """Everything that the API server has seen of WATCHED from now on until it is read."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self._since = {kind: cluster.now(version, kind) for kind, version in WATCHED.items()}
        self._seen: list[dict[str, Any]] | None = None

    def of(self, kind: str, namespace: str, name: str) -> list[dict[str, Any]]:
        """An object after each change; the first question is the end."""
        if self._seen is None:
            found = [self.cluster.changes(WATCHED[kind], kind, since) for kind, since in self._since.items()]
            self._seen = [item for items in found for item in items]
        return [
            item
            for item in self._seen
            if (item["kind"], item["metadata"]["namespace"], item["metadata"]["name"])
            == (kind, namespace, name)
        ]


class Server:
    """The servers of one environment. `objects` is what was rendered; two things of it are changed by `deploy`.

    The minute between two questions of an analysis becomes a second, and the number of servers is set by hand where
    KEDA would set it, which does not run here.
    """

    def __init__(self, cluster: Cluster, prometheus: Prometheus, objects: list[dict[str, Any]]) -> None:
        self.cluster, self.prometheus = cluster, prometheus
        self.objects = copy.deepcopy(objects)
        self.rollout = self._one("Rollout")
        self.name: str = self.rollout["metadata"]["name"]
        self.namespace: str = self.rollout["metadata"]["namespace"]
        for template in self._all("AnalysisTemplate"):
            for metric in template["spec"]["metrics"]:
                assert metric["interval"] == "1m"
                metric["interval"] = "1s"

    def _all(self, kind: str) -> list[dict[str, Any]]:
        return [item for item in self.objects if item["kind"] == kind]

    def _one(self, kind: str) -> dict[str, Any]:
        (found,) = self._all(kind)
        return found

    @property
    def services(self) -> list[str]:
        """The Services between which the traffic is led."""
        strategy = self.rollout["spec"]["strategy"]
        (found,) = strategy.values()
        return [name for key, name in found.items() if key.endswith("Service")]

    @property
    def replicas(self) -> int:
        """The fewest servers that the autoscaler keeps."""
        for kind, key in (("HorizontalPodAutoscaler", "minReplicas"), ("ScaledObject", "minReplicaCount")):
            for item in self._all(kind):
                return int(item["spec"][key])
        return int(self.rollout["spec"]["replicas"])

    def deploy(self, digest: str) -> None:
        """Apply everything, with an image of that digest."""
        assert not install(self.cluster, {group_kind(item) for item in self.objects})
        add_volumes(self.cluster, self.objects)
        self._set_image(digest)
        for item in sorted(self.objects, key=lambda item: item["kind"] != "Namespace"):
            self._apply(item)
        if self._all("ScaledObject"):
            answer = self.cluster.merge(self.rollout, {"spec": {"replicas": self.replicas}}, part="scale")
            assert answer.ok, answer.message

    def release(self, digest: str) -> None:
        """Apply the Deployment with another image, as a promotion does."""
        self._set_image(digest)
        self._apply(self._one("Deployment"))

    def _set_image(self, digest: str) -> None:
        container = self._one("Deployment")["spec"]["template"]["spec"]["containers"][0]
        name, at, _ = container["image"].partition("@")
        assert at, f"{container['image']} has no digest"
        container["image"] = f"{name}@sha256:{digest * 64}"

    def _apply(self, item: dict[str, Any]) -> None:
        answer = self.cluster.apply(item)
        assert answer.ok, f"{item['kind']}: {answer.message}"

    def status(self) -> dict[str, Any]:
        """The status of the Rollout."""
        found = self.cluster.read(API, "Rollout", self.name, self.namespace) or {}
        status: dict[str, Any] = found.get("status", {})
        return status

    def versions(self) -> dict[str, str]:
        """Hash of the pod template -> the first digit of the image's digest, for each version there was."""
        return {
            replicas["metadata"]["labels"][HASH]: _digest(replicas["spec"]["template"])
            for replicas in self.cluster.items("apps/v1", "ReplicaSet", self.namespace, HASH)
        }

    def running(self, pods: list[dict[str, Any]] | None = None) -> dict[str, int]:
        """How many servers run each image, by the first digit of its digest; `pods` saves the question."""
        found: dict[str, int] = {}
        for pod in self.cluster.items("v1", "Pod", self.namespace, SERVERS) if pods is None else pods:
            metadata = pod["metadata"]
            is_ours = metadata["namespace"] == self.namespace and "deletionTimestamp" not in metadata
            if is_ours and pod["status"].get("phase") == "Running":
                found[_digest(pod)] = found.get(_digest(pod), 0) + 1
        return found

    def behind(self, service: str, seen: Journal) -> list[str]:
        """The versions that a Service was led to, by the first digit of the digest."""
        versions = self.versions()
        found = [
            versions[item["spec"]["selector"][HASH]] for item in seen.of("Service", self.namespace, service)
        ]
        return [version for version, _ in groupby(found)]

    def swaying(self, service: str, seen: Journal) -> float:
        """For how many seconds a Service was led to and fro after it had first been led back."""
        versions = self.versions()
        changes = seen.of("Service", self.namespace, service)
        stable = changes[-1]["spec"]["selector"][HASH]
        assert versions[stable] != versions[changes[0]["spec"]["selector"][HASH]], "it was never led back"
        times = [_time(item) for item in changes]
        first = next(
            time
            for item, time in zip(changes, times, strict=True)
            if item["spec"]["selector"][HASH] == stable
        )
        return (times[-1] - first).total_seconds()

    def shares(self, kind: str, name: str, seen: Journal) -> list[int]:
        """The canary's shares of the traffic in the route of that name."""
        return [
            share for share, _ in groupby(self.share(item) for item in seen.of(kind, self.namespace, name))
        ]

    def share(self, route: dict[str, Any]) -> int:
        """The canary's share in a route. The stable version has to have the rest."""
        if route["kind"] == "Ingress":
            return int(route["metadata"]["annotations"].get(WEIGHT, 0))
        canary = self.rollout["spec"]["strategy"]["canary"]
        weights: dict[str, int] = {}
        for name, weight in _weights(route):
            assert weights.setdefault(name, weight) == weight
        assert weights[canary["stableService"]] + weights[canary["canaryService"]] == 100, weights
        return weights[canary["canaryService"]]

    def analyses(self, digest: str) -> list[dict[str, Any]]:
        """The runs of the analysis for a version."""
        (pods,) = [pods for pods, found in self.versions().items() if found == digest]
        return self.cluster.items(API, "AnalysisRun", self.namespace, f"{HASH}={pods}")

    def questions(self, digest: str) -> list[Question]:
        """What was asked of Prometheus about a version."""
        (pods,) = [pods for pods, found in self.versions().items() if found == digest]
        return [question for question in self.prometheus.asked if f'"{pods}"' in question.query]

    def is_healthy(self, digest: str) -> bool:
        """Whether Argo Rollouts is content, and all servers that are wanted run this version."""
        status = self.status()
        return (
            status.get("phase") == "Healthy"
            and status.get("currentPodHash") == status.get("stableRS")
            and self.versions()[status["stableRS"]] == digest
            and self.running().get(digest, 0) >= self.replicas
        )

    def is_back(self) -> bool:
        """Whether a release was given up, all traffic is led back, and a canary's servers are gone."""
        status = self.status()
        if not status.get("abort"):
            return False
        version, running = self.versions()[status["stableRS"]], self.running()
        if "canary" in self.rollout["spec"]["strategy"]:
            leads_back = status["canary"]["weights"]["canary"]["weight"] == 0 and set(running) == {version}
        else:
            leads_back = status["blueGreen"]["activeSelector"] == status["stableRS"]
        return leads_back and running[version] >= self.replicas

    def wait_healthy(self, digest: str, seconds: float = 60) -> None:
        """Wait until it is. Raises AssertionError with what the controller says."""
        try:
            self.cluster.wait(f"{self.name} at {digest}", lambda: self.is_healthy(digest), seconds)
        except AssertionError as error:
            raise AssertionError(f"{self.trouble()}\n{self.status()}\n{self.running()}\n{error}") from None

    def trouble(self) -> str:
        """What the controller says against the Rollout; empty where it says nothing."""
        against = {("InvalidSpec", "True"), ("Progressing", "False")}
        conditions = [
            condition["message"]
            for condition in self.status().get("conditions", [])
            if (condition["type"], condition["status"]) in against
        ]
        log = (self.cluster.folder / "argo-rollouts.log").read_text(errors="replace")
        errors = [
            line
            for line in log.splitlines()
            if "level=error" in line and re.search(rf"namespace={self.namespace}\b|{self.namespace}/", line)
        ]
        return "\n".join([*conditions, *errors[-3:]])


def _time(data: dict[str, Any]) -> datetime.datetime:
    """When the object was last written, to the second."""
    return max(datetime.datetime.fromisoformat(entry["time"]) for entry in data["metadata"]["managedFields"])


def _digest(template: dict[str, Any]) -> str:
    image: str = template["spec"]["containers"][0]["image"]
    return image.split("sha256:")[1][0]


def _weights(route: dict[str, Any]) -> Iterable[tuple[str, int]]:
    if route["kind"] == "VirtualService":
        (primary,) = [rule for rule in route["spec"]["http"] if rule["name"] == "primary"]
        return [(target["destination"]["host"], target.get("weight", 0)) for target in primary["route"]]
    return [
        (target["name"], target["weight"])
        for rule in route["spec"]["rules"]
        for target in rule["backendRefs"]
    ]
