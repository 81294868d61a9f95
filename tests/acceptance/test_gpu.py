"""Where the scheduler puts the servers, and what keeps them within their GPUs.

The rendered objects are applied as they are; nodes carry what each platform puts on its GPU pools. All pools are
there at once, so that a server that selects too little lands on somebody else's node and is seen.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from kustodian.scaffold.answers import Answers
from tests.acceptance.cluster import Cluster
from tests.acceptance.crds import group_kind, install
from tests.acceptance.nodes import GPU, POOLS, add_node, add_volumes, cordon
from tests.acceptance.repositories import Repository, generate

SPARE = 64


@pytest.fixture(scope="module")
def pools() -> Iterator[Cluster]:
    """One plain node, and one with GPUs to spare for each platform."""
    with Cluster(controllers=True) as cluster:
        add_node(cluster, "plain")
        for platform in POOLS:
            add_node(cluster, f"{platform}-gpu", gpus=SPARE, platform=platform)
        yield cluster


class Served:
    """One environment of a generated repository, applied to a cluster."""

    def __init__(self, cluster: Cluster, repository: Repository, environment: str) -> None:
        self.cluster, self.repository, self.environment = cluster, repository, environment
        self.objects = repository.rendered(f"overlays/{environment}")
        missing = install(cluster, {group_kind(item) for item in self.objects})
        assert not missing
        add_volumes(cluster, self.objects)
        for item in sorted(self.objects, key=lambda item: item["kind"] != "Namespace"):
            self.apply(item)

    def apply(self, item: dict[str, Any]) -> None:
        """Apply an object, and wait for the default service account where it is a namespace."""
        answer = self.cluster.apply(item)
        assert answer.ok, f"{item['kind']} {item['metadata']['name']}: {answer.message}"

    @property
    def namespace(self) -> str:
        name: str = self.one("Namespace")["metadata"]["name"]
        return name

    def one(self, kind: str) -> dict[str, Any]:
        """The only rendered object of a kind."""
        (found,) = [item for item in self.objects if item["kind"] == kind]
        return copy.deepcopy(found)

    def deployment(self) -> dict[str, Any]:
        """The server's Deployment as it is in the cluster."""
        rendered = self.one("Deployment")
        live = self.cluster.read("apps/v1", "Deployment", rendered["metadata"]["name"], self.namespace)
        assert live is not None
        return live

    def pods(self, component: str = "server") -> list[dict[str, Any]]:
        """The pods of a component that are not being deleted."""
        found = self.cluster.items("v1", "Pod", self.namespace, f"app.kubernetes.io/component={component}")
        return [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]

    def wait_running(self, number: int, seconds: float = 60) -> list[dict[str, Any]]:
        """Wait until exactly so many servers run."""
        self.cluster.wait(
            f"{number} servers in {self.namespace}",
            lambda: [pod["status"].get("phase") for pod in self.pods()] == ["Running"] * number, seconds,
        )  # fmt: skip
        return self.pods()

    def scale(self, number: int) -> None:
        """Give the Deployment a number of servers and take the autoscaler away, which would change it."""
        autoscaler = self.one("HorizontalPodAutoscaler")
        self.cluster.delete(autoscaler)
        self.cluster.wait(
            "no autoscaler", lambda: self.cluster.get(self.cluster.path_of(autoscaler)).status == 404
        )
        answer = self.cluster.merge(self.one("Deployment"), {"spec": {"replicas": number}})
        assert answer.ok, answer.message


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Repository]:
    folder = tmp_path_factory.mktemp("gpu")
    return {
        platform: generate("default", folder / platform, f"platform={platform}", f"model_name=gpu-{platform}")
        for platform in POOLS
    }


def test_every_platform_of_the_answers_has_nodes() -> None:
    schema = Answers.model_json_schema()["properties"]["platform"]
    choices = schema.get("enum") or [choice["const"] for choice in schema["oneOf"]]
    assert sorted(choices) == sorted(POOLS)


@pytest.mark.parametrize("platform", POOLS)
def test_servers_land_on_their_pool_and_the_rest_stays_off(
    pools: Cluster, made: dict[str, Repository], platform: str
) -> None:
    with_gpu = Served(pools, made[platform], "prod")
    least = with_gpu.one("HorizontalPodAutoscaler")["spec"]["minReplicas"]
    with_gpu.scale(least)
    assert {pod["spec"]["nodeName"] for pod in with_gpu.wait_running(least)} == {f"{platform}-gpu"}
    # The training job of the same environment asks for no GPU, and dev has none at all.
    without_gpu = Served(pools, made[platform], "dev")
    without_gpu.scale(1)
    assert {pod["spec"]["nodeName"] for pod in without_gpu.wait_running(1)} == {"plain"}
    for served in (with_gpu, without_gpu):
        job = served.one("Job")
        pools.wait(
            "the training job",
            lambda job=job: (
                pools.read("batch/v1", "Job", job["metadata"]["name"], job["metadata"]["namespace"]) or {}
            )["status"].get("succeeded"),
        )
        assert {pod["spec"]["nodeName"] for pod in served.pods("train")} == {"plain"}


@pytest.mark.parametrize("platform", POOLS)
def test_a_server_without_toleration_or_selector_is_seen(
    pools: Cluster, made: dict[str, Repository], platform: str, tmp_path: Path
) -> None:
    """The broken overlays of the test above: the scheduler does not take them for good ones."""
    repository = made[platform].copy(tmp_path / platform)
    server = repository.folder / "components/gpu-nvidia/server.yaml"
    patch = yaml.safe_load(server.read_text())
    del patch["spec"]["template"]["spec"]["tolerations"]
    server.write_text(yaml.safe_dump(patch))
    deployment = next(item for item in repository.rendered("overlays/prod") if item["kind"] == "Deployment")
    pod = {
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"{platform}-stranger", "namespace": "default"},
        "spec": {key: value for key, value in deployment["spec"]["template"]["spec"].items() if key not in ("volumes", "serviceAccountName")},
    }  # fmt: skip
    del pod["spec"]["containers"][0]["volumeMounts"]
    pools.wait("the service account", lambda: pools.read("v1", "ServiceAccount", "default", "default"))
    assert pools.create(pod).ok

    def unschedulable() -> str:
        live = pools.read("v1", "Pod", f"{platform}-stranger", "default") or {}
        return " ".join(
            condition.get("message", "")
            for condition in live.get("status", {}).get("conditions", [])
            if condition.get("reason") == "Unschedulable"
        )

    pools.wait("the scheduler", unschedulable, 20)
    assert "untolerated taint" in unschedulable()


def test_the_quota_holds_the_gpu_budget(pools: Cluster, made: dict[str, Repository]) -> None:
    served = Served(pools, made["generic"], "prod")
    budget = yaml.safe_load((made["generic"].folder / "kustodian.yaml").read_text())["environments"]["prod"][
        "gpuBudget"
    ]
    autoscaler = served.one("HorizontalPodAutoscaler")
    assert budget == autoscaler["spec"]["maxReplicas"]
    assert served.one("ResourceQuota")["spec"]["hard"][f"requests.{GPU}"] == str(budget)
    served.scale(budget + 1)
    served.wait_running(budget)

    def refused() -> str:
        live = served.deployment()
        return " ".join(
            condition.get("message", "")
            for condition in live["status"].get("conditions", [])
            if condition["type"] == "ReplicaFailure" and condition["status"] == "True"
        )

    pools.wait("the refusal", refused, 30)
    assert "exceeded quota" in refused() and f"requests.{GPU}" in refused()
    assert len(served.pods()) == budget
    # Without the quota the pool would take one more: it is the quota that holds.
    assert pools.delete(served.one("ResourceQuota")).ok
    # The controller tries again after a wait that doubles; a new change makes it try now.
    served.scale(0)
    served.wait_running(0)
    served.scale(budget + 1)
    served.wait_running(budget + 1)
    served.apply(served.one("ResourceQuota"))
    served.scale(budget)
    served.wait_running(budget)


def fill(cluster: Cluster, node: str, gpus: int) -> None:
    """Somebody else's pod that takes GPUs of a node."""
    toleration = {"operator": "Exists"}
    amounts = {GPU: str(gpus)}
    container = {"name": "other", "image": "registry.example.com/other:1", "resources": {"limits": amounts}}
    pod = {
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"other-{node}", "namespace": "default"},
        "spec": {"nodeName": node, "tolerations": [toleration], "containers": [container]},
    }  # fmt: skip
    cluster.wait("the service account", lambda: cluster.read("v1", "ServiceAccount", "default", "default"))
    answer = cluster.create(pod)
    assert answer.ok, answer.message


@pytest.fixture
def full_pool(tmp_path: Path) -> Iterator[Served]:
    """A pool of two nodes that has exactly the GPUs of prod's servers."""
    with Cluster(controllers=True) as cluster:
        repository = generate("default", tmp_path / "full", "model_name=full")
        add_node(cluster, "plain")
        add_node(cluster, "gpu-0", gpus=2, platform="generic", zone="zone-a")
        add_node(cluster, "gpu-1", gpus=2, platform="generic", zone="zone-b")
        served = Served(cluster, repository, "prod")
        served.scale(4)
        served.wait_running(4)
        yield served


def new_image(served: Served, **strategy: Any) -> None:
    """Change the image, as a promotion does."""
    deployment = served.one("Deployment")
    deployment["spec"]["template"]["spec"]["containers"][0]["image"] = (
        "registry.example.com/ml/full@sha256:" + "a" * 64
    )
    if strategy:
        deployment["spec"]["strategy"]["rollingUpdate"] = strategy
    served.apply(deployment)


def rolled_out(served: Served) -> bool:
    """What `kubectl rollout status` waits for."""
    live = served.deployment()
    status = live["status"]
    return bool(
        status.get("observedGeneration") == live["metadata"]["generation"]
        and status.get("updatedReplicas") == live["spec"]["replicas"]
        and status.get("replicas") == status.get("availableReplicas") == live["spec"]["replicas"]
    )


def test_a_rolling_update_on_a_full_pool_completes(full_pool: Served) -> None:
    full_pool.cluster.wait("the servers", lambda: rolled_out(full_pool), 30)
    new_image(full_pool)
    full_pool.cluster.wait("the rollout", lambda: rolled_out(full_pool), 60)
    images = {pod["spec"]["containers"][0]["image"] for pod in full_pool.pods()}
    assert images == {"registry.example.com/ml/full@sha256:" + "a" * 64}
    # A new server first, on the same pool: the test above would have waited for ever.
    deployment = full_pool.one("Deployment")
    deployment["spec"]["template"]["metadata"]["annotations"] = {"example.com/restarted": "again"}
    deployment["spec"]["strategy"]["rollingUpdate"] = {"maxSurge": 1, "maxUnavailable": 0}
    full_pool.apply(deployment)
    with pytest.raises(AssertionError, match="the rollout"):
        full_pool.cluster.wait("the rollout", lambda: rolled_out(full_pool), 10)


def evict(served: Served, pod: dict[str, Any]) -> int:
    """What `kubectl drain` does to each pod; the status."""
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": pod["metadata"]}
    return served.cluster.request("POST", f"{served.cluster.path_of(pod)}/eviction", body).status


def test_a_drain_moves_one_server_at_a_time(full_pool: Served) -> None:
    cluster = full_pool.cluster
    cluster.wait("the disruption budget", lambda: _allowed(full_pool) == 1, 30)
    cordon(cluster, "gpu-0")
    one, other = [pod for pod in full_pool.pods() if pod["spec"]["nodeName"] == "gpu-0"]
    assert evict(full_pool, one) == 201
    # Its successor has no place yet, so that the next one has to stay.
    cluster.wait("the budget is used", lambda: _allowed(full_pool) == 0, 30)
    assert evict(full_pool, other) == 429
    assert len([pod for pod in full_pool.pods() if pod["status"].get("phase") == "Running"]) == 3
    add_node(cluster, "gpu-2", gpus=2, platform="generic", zone="zone-a")
    full_pool.wait_running(4)
    cluster.wait("the disruption budget", lambda: _allowed(full_pool) == 1, 30)
    assert evict(full_pool, other) == 201
    full_pool.wait_running(4)
    assert {pod["spec"]["nodeName"] for pod in full_pool.pods()} == {"gpu-1", "gpu-2"}
    # Without the budget the whole node would be emptied at once.
    assert cluster.delete(full_pool.one("PodDisruptionBudget")).ok
    cordon(cluster, "gpu-2")
    assert [evict(full_pool, pod) for pod in full_pool.pods() if pod["spec"]["nodeName"] == "gpu-2"] == [
        201,
        201,
    ]


def _allowed(served: Served) -> int:
    budget = served.one("PodDisruptionBudget")
    live = served.cluster.read(
        "policy/v1", "PodDisruptionBudget", budget["metadata"]["name"], served.namespace
    )
    assert live is not None
    allowed: int = live.get("status", {}).get("disruptionsAllowed", -1)
    return allowed


@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
def test_pod_security_restricted_admits_the_servers_and_nothing_worse(
    pools: Cluster, made: dict[str, Repository], environment: str
) -> None:
    served = Served(pools, made["generic"], environment)
    labels = served.one("Namespace")["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    template = served.one("Deployment")["spec"]["template"]
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "probe"}, "spec": template["spec"]}
    # Within the quota, whatever the tests above left running.
    pod["spec"]["containers"][0]["resources"] = {}
    pools.delete(served.one("ResourceQuota"))
    answer = pools.create(pod, served.namespace, dry_run=True)
    assert (answer.status, answer.warnings) == (201, []), answer.message
    worse = copy.deepcopy(pod)
    worse["spec"]["containers"][0]["securityContext"]["allowPrivilegeEscalation"] = True
    refused = pools.create(worse, served.namespace, dry_run=True)
    assert refused.status == 403
    assert 'violates PodSecurity "restricted' in refused.message
