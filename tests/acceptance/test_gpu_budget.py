"""What keeps the servers within their GPUs, and what a full pool allows: rollouts, drains.

The pool of each test is one of the environment's own (`gpu_pool` of the answers), on nodes that come and go with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from kustodian.model.installed_files import engine_binary
from kustodian.render.engine import Engine
from kustodian.review.check.options import CheckOptions
from kustodian.review.check.run import start
from tests.acceptance.nodes import MIG_SLICE, POOLS, add_node, cordon, remove_node
from tests.acceptance.repositories import Repository, generate
from tests.acceptance.served import GpuCluster, Served, settings_of, unschedulable

#: GPUs of each of the two nodes of a pool.
EACH = 2
#: Every accelerator; how its GPUs are asked for is the same on all platforms but one, and there as whole ones.
KEYS = tuple(key for key, pool in POOLS.items() if pool.platform == "generic")


class FullPool(Served):
    """prod on a pool of its own, of two nodes, that has exactly the GPUs of its servers."""

    def __init__(self, gpus: GpuCluster, repository: Repository, key: str) -> None:
        self.gpus, self.key, self.product, self.nodes = gpus, key, f"test-{key}", [""]
        self.nodes = [self.add_node(f"full-{number}", EACH, f"zone-{number}") for number in "ab"]
        super().__init__(gpus.cluster, repository.rendered("overlays/prod"))
        self.scale(2 * EACH)
        self.wait_running(2 * EACH)

    def add_node(self, name: str, gpus: int, zone: str) -> str:
        """One more node of the pool."""
        name = f"{name}-{self.key}"
        label = "amd.com/gpu.product-name" if self.key.startswith("amd") else "nvidia.com/gpu.product"
        labels = {label: self.product}
        add_node(self.gpus.cluster, name, gpus=gpus, platform=self.key, zone=zone, labels=labels)
        self.gpus.nodes[name] = self.product
        return name

    def close(self) -> None:
        """Take the environment and the nodes away."""
        self.end()
        for name in [name for name, pool in self.gpus.nodes.items() if pool == self.product]:
            remove_node(self.cluster, name)
            del self.gpus.nodes[name]

    def roll_out(self, revision: str, **strategy: int) -> None:
        """Change the pods, as a promotion does."""
        deployment = self.one("Deployment")
        deployment["spec"]["template"]["metadata"]["annotations"] = {"example.com/revision": revision}
        deployment["spec"]["strategy"]["rollingUpdate"] |= strategy
        self.apply(deployment)

    def of_revision(self, revision: str) -> list[dict[str, Any]]:
        """The servers of a revision."""
        return [
            pod
            for pod in self.pods("server")
            if pod["metadata"].get("annotations", {}).get("example.com/revision") == revision
        ]

    def is_rolled_out(self) -> bool:
        """What `kubectl rollout status` waits for."""
        live = self.live("Deployment")
        status, wanted = live["status"], live["spec"]["replicas"]
        counts = {status.get(key) for key in ("updatedReplicas", "replicas", "availableReplicas")}
        return status.get("observedGeneration") == live["metadata"]["generation"] and counts == {wanted}

    def evict(self, pod: dict[str, Any]) -> int:
        """What `kubectl drain` does to each pod; the status."""
        body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": pod["metadata"]}
        return self.cluster.request("POST", f"{self.cluster.path_of(pod)}/eviction", body).status

    def allowed(self) -> int:
        """How many servers the disruption budget would let go now; -1 while it was not counted."""
        number: int = self.live("PodDisruptionBudget").get("status", {}).get("disruptionsAllowed", -1)
        return number

    def on(self, node: str) -> list[dict[str, Any]]:
        """The servers on a node."""
        return [pod for pod in self.pods("server") if pod["spec"].get("nodeName") == node]


@pytest.fixture(scope="module")
def full(
    gpu_pools: GpuCluster, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[FullPool]:
    """A full pool for each way to ask for a GPU, beside the free GPUs of all others."""
    key: str = request.param
    folder = tmp_path_factory.mktemp("full")
    own = f"environments.prod.gpu_pool=test-{key}"
    repository = generate("default", folder / key, *settings_of(key), f"model_name=full-{key}", own)
    pool = FullPool(gpu_pools, repository, key)
    yield pool
    pool.close()


every_way = pytest.mark.parametrize("full", KEYS, indirect=True)


@every_way
def test_a_rolling_update_on_a_full_pool_completes(full: FullPool) -> None:
    cluster = full.cluster
    cluster.wait("the servers", full.is_rolled_out, 30)
    full.roll_out("new")
    cluster.wait("the rollout", full.is_rolled_out, 60)
    assert len(full.of_revision("new")) == len(full.running()) == 2 * EACH
    assert full.gpus.pools_of(full.running()) == {full.product}
    # A new server first, on the same pool: it waits for a GPU that nobody gives up, and so does the rollout.
    full.roll_out("surge", maxSurge=1, maxUnavailable=0)
    cluster.wait("the surge", lambda: [pod for pod in full.of_revision("surge") if unschedulable(pod)], 30)
    (waiting,) = full.of_revision("surge")
    assert any(words in unschedulable(waiting) for words in ("Insufficient", "cannot allocate all claims"))
    assert len(full.running()) == len(full.of_revision("new")) == 2 * EACH
    assert not full.is_rolled_out()
    full.roll_out("new", maxSurge=0, maxUnavailable=1)
    cluster.wait("the way back", full.is_rolled_out, 30)


@every_way
def test_a_drain_moves_one_server_at_a_time(full: FullPool) -> None:
    cluster, (first, second) = full.cluster, full.nodes
    full.wait_running(2 * EACH)
    cluster.wait("the disruption budget", lambda: full.allowed() == 1, 30)
    cordon(cluster, first)
    one, other = full.on(first)
    assert full.evict(one) == 201
    # Its successor has no place yet, so that the next one has to stay.
    cluster.wait("the budget is used", lambda: full.allowed() == 0, 30)
    assert full.evict(other) == 429
    assert len(full.running()) == 2 * EACH - 1
    third = full.add_node("full-c", EACH, "zone-a")
    full.wait_running(2 * EACH)
    cluster.wait("the disruption budget", lambda: full.allowed() == 1, 30)
    assert full.evict(other) == 201
    full.wait_running(2 * EACH)
    assert [len(full.on(node)) for node in (first, second, third)] == [0, EACH, EACH]
    # Without the budget the whole node would be emptied at once.
    assert cluster.delete(full.one("PodDisruptionBudget")).ok
    cordon(cluster, third)
    assert [full.evict(pod) for pod in full.on(third)] == [201] * EACH
    full.apply(full.one("PodDisruptionBudget"))
    for node in (first, third):
        cordon(cluster, node, on=False)
    full.wait_running(2 * EACH)


@every_way
def test_the_quota_and_the_budget_hold_where_the_pool_would_not(full: FullPool) -> None:
    full.add_node("full-d", 4 * EACH, "zone-a")
    resource = POOLS[full.key].resource
    key = f"requests.{resource}" if resource else "gpu.nvidia.com.deviceclass.resource.k8s.io/devices"
    assert full.one("ResourceQuota")["spec"]["hard"][key] == str(full.most)
    # Who left a moment ago is still counted, and the controllers would come back late for the difference.
    full.wait_running(2 * EACH)
    full.wait_counted(key, 2 * EACH)
    full.scale(full.most + 1)
    full.cluster.wait("the servers", lambda: len(full.running()) == full.most, 60)
    full.cluster.wait("the refusal", lambda: "exceeded quota" in refusal(full), 30)
    assert key in refusal(full)
    assert len(full.running()) == full.most
    # Without the quota the pool would take one more: it is the quota that holds.
    assert full.cluster.delete(full.one("ResourceQuota")).ok
    # The controllers try again after a wait that doubles; new pods make them try now.
    full.scale(0)
    full.wait_running(0)
    full.scale(full.most + 1)
    full.wait_running(full.most + 1)


def refusal(full: FullPool) -> str:
    """Why there are not more servers: the Deployment says it of pods, an event of claims."""
    conditions = full.live("Deployment")["status"].get("conditions", [])
    events = full.cluster.items("v1", "Event", full.namespace)
    return " ".join(
        [item.get("message", "") for item in conditions if item["type"] == "ReplicaFailure"]
        + [event.get("message", "") for event in events if event["reason"] == "FailedResourceClaimCreation"]
    )


@pytest.mark.parametrize("key", [*KEYS, "nvidia-mig-gke"])
def test_the_gpu_budget_is_what_the_quota_lets_through(
    gpu_pools: GpuCluster, key: str, tmp_path: Path
) -> None:
    """In whole GPUs, of which seven slices make one; `kustodian check` sees an environment that may take more."""
    repository = gpu_pools.repository(key)
    in_slices = POOLS[key].resource == MIG_SLICE
    settings = yaml.safe_load((repository.folder / "kustodian.yaml").read_text())["environments"]
    assert [settings[name]["gpuBudget"] for name in ("dev", "staging", "prod")] == (
        [0, 1, 1] if in_slices else [0, 3, 6]
    )
    assert not over_budget(repository)
    more = repository.copy(tmp_path / "more")
    more.replace(
        "overlays/prod/patches/autoscaler.yaml", "maxReplicas: 6", f"maxReplicas: {8 if in_slices else 7}"
    )
    assert over_budget(more) == {"gpu-budget-exceeded"}


def over_budget(repository: Repository) -> set[str]:
    """The rules about GPU budgets that prod breaks."""
    with Engine(engine_binary()) as engine:
        run = start([repository.folder / "overlays/prod"], CheckOptions(), engine)
        assert not run.report().incomplete
    return {finding.rule for finding in run.findings if "gpu-budget" in finding.rule}
