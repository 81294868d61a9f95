"""Environments of generated repositories, applied as they are to a cluster with every GPU pool."""

from __future__ import annotations

import copy
import shutil
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.acceptance.cluster import Cluster
from tests.acceptance.crds import group_kind, install
from tests.acceptance.nodes import FOREIGN_POOLS, POOLS, add_node, add_pools, add_volumes, cordon
from tests.acceptance.repositories import Repository, generate

#: The name that stands for a node without GPUs among the names of pools.
PLAIN = "plain"
SPARE = 32

Object = dict[str, Any]


@dataclass
class GpuCluster:
    """A cluster with a plain node and one of each pool; `nodes` says which node is of which pool."""

    cluster: Cluster
    nodes: dict[str, str]
    folder: Path
    _generators: ThreadPoolExecutor
    _appliers: ThreadPoolExecutor
    _made: dict[str, Future[Repository]] = field(default_factory=dict)
    _applied: dict[str, Future[OnPool]] = field(default_factory=dict)

    def repository(self, pool: str) -> Repository:
        """The default repository with the accelerator and the platform of a pool; generated once.

        Those of the two pools after it are begun, which tests are likely to ask for next.
        """
        for key in _from(pool, 4):
            if key not in self._made:
                settings = (*settings_of(key), f"model_name={key}")
                self._made[key] = self._generators.submit(generate, "default", self.folder / key, *settings)
        return self._made[pool].result()

    def on_pool(self, pool: str) -> OnPool:
        """All environments of that repository, applied once; those for the pool after it are begun."""
        for key in _from(pool, 2):
            if key not in self._applied:
                self._applied[key] = self._appliers.submit(OnPool, self, key)
        return self._applied[pool].result()

    def pools_of(self, pods: list[Object]) -> set[str]:
        """The pools of the nodes that the pods are on; `unscheduled` for those that are on none."""
        names = (pod["spec"].get("nodeName") for pod in pods)
        return {self.nodes[name] if name else "unscheduled" for name in names}

    def wait_settled(self, namespace: str, names: set[str]) -> dict[str, str]:
        """Wait until the scheduler found a node for each of the pods, or said that there is none; the pools, or ""."""
        found: dict[str, str] = {}

        def settled() -> bool:
            for pod in self.cluster.items("v1", "Pod", namespace):
                if node := pod["spec"].get("nodeName"):
                    found[pod["metadata"]["name"]] = self.nodes[node]
                elif unschedulable(pod):
                    found[pod["metadata"]["name"]] = ""
            return names <= set(found)

        self.cluster.wait(f"the scheduler's word on the pods in {namespace}", settled, 30)
        return {name: pool for name, pool in found.items() if name in names}


def unschedulable(pod: Object) -> str:
    """Why the scheduler found no node for a pod; empty while it did not say so."""
    conditions = pod.get("status", {}).get("conditions", [])
    return " ".join(item.get("message", "") for item in conditions if item.get("reason") == "Unschedulable")


@contextmanager
def gpu_cluster(folder: Path) -> Iterator[GpuCluster]:
    """Start a cluster with all pools."""
    with (
        ThreadPoolExecutor(2) as generators,
        ThreadPoolExecutor(1) as appliers,
        Cluster(controllers=True) as cluster,
    ):
        add_node(cluster, PLAIN)
        nodes = add_pools(cluster, ["zone-a"], SPARE, [*POOLS, *FOREIGN_POOLS])
        try:
            yield GpuCluster(cluster, {PLAIN: PLAIN, **nodes}, folder, generators, appliers)
        finally:
            appliers.shutdown(cancel_futures=True)
            generators.shutdown(cancel_futures=True)


def _from(pool: str, number: int) -> list[str]:
    keys = list(POOLS)
    return keys[keys.index(pool) :][:number]


def settings_of(pool: str) -> tuple[str, str]:
    """The answers that name a pool."""
    return f"accelerator={POOLS[pool].accelerator}", f"platform={POOLS[pool].platform}"


def container_of(template: Object) -> Object:
    """The server's container of a pod or a pod template."""
    found: Object = next(item for item in template["spec"]["containers"] if item["name"] == "server")
    return found


class Served:
    """One environment of a generated repository, applied to a cluster."""

    def __init__(self, cluster: Cluster, objects: list[Object]) -> None:
        self.cluster, self.objects = cluster, objects
        missing = install(cluster, {group_kind(item) for item in self.objects})
        assert not missing, f"nobody defines {sorted(missing)} here"
        add_volumes(cluster, self.objects)
        for item in sorted(self.objects, key=lambda item: item["kind"] != "Namespace"):
            self.apply(item)

    def apply(self, item: Object) -> None:
        """Apply an object."""
        answer = self.cluster.apply(item)
        assert answer.ok, f"{item['kind']} {item['metadata']['name']}: {answer.message}"

    def end(self) -> None:
        """Take the servers away. The rest may stay: deleting a namespace costs a look at every kind there is."""
        for kind in ("HorizontalPodAutoscaler", "Deployment"):
            answer = self.cluster.delete(self.one(kind))
            assert answer.ok or answer.status == 404, answer.message

    @property
    def namespace(self) -> str:
        """Where everything is."""
        name: str = self.one("Namespace")["metadata"]["name"]
        return name

    def one(self, kind: str) -> Object:
        """A copy of the only rendered object of a kind."""
        (found,) = [item for item in self.objects if item["kind"] == kind]
        return copy.deepcopy(found)

    def live(self, kind: str) -> Object:
        """The same object as it is in the cluster."""
        item = self.one(kind)
        found = self.cluster.read(item["apiVersion"], kind, item["metadata"]["name"], self.namespace)
        assert found is not None, f"there is no {kind} in {self.namespace}"
        return found

    @property
    def least(self) -> int:
        """How many servers the autoscaler always runs."""
        number: int = self.one("HorizontalPodAutoscaler")["spec"]["minReplicas"]
        return number

    @property
    def most(self) -> int:
        """How many servers the autoscaler may run."""
        number: int = self.one("HorizontalPodAutoscaler")["spec"]["maxReplicas"]
        return number

    def pods(self, component: str = "") -> list[Object]:
        """The pods, or those of a component, that are not being deleted."""
        selector = f"app.kubernetes.io/component={component}" if component else ""
        found = self.cluster.items("v1", "Pod", self.namespace, selector)
        return [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]

    def running(self) -> list[Object]:
        """The servers that run."""
        return [pod for pod in self.pods("server") if pod["status"].get("phase") == "Running"]

    def wait_running(self, number: int, seconds: float = 60) -> list[Object]:
        """Wait until exactly so many servers run, and there are no others."""
        self.cluster.wait(
            f"{number} servers in {self.namespace}",
            lambda: len(self.pods("server")) == len(self.running()) == number, seconds,
        )  # fmt: skip
        return self.running()

    def wait_trained(self) -> None:
        """Wait until the training job succeeded."""
        self.cluster.wait(
            f"the training job of {self.namespace}", lambda: self.live("Job")["status"].get("succeeded"), 60
        )

    def wait_counted(self, key: str, number: int) -> None:
        """Wait until the quota counts so many; who left a moment ago may still be among them."""
        self.cluster.wait(
            f"{number} {key} in {self.namespace}",
            lambda: self.live("ResourceQuota")["status"].get("used", {}).get(key) == str(number), 30,
        )  # fmt: skip

    def scale(self, number: int) -> None:
        """Give the Deployment a number of servers and take the autoscaler away, which would change it."""
        autoscaler = self.one("HorizontalPodAutoscaler")
        self.cluster.delete(autoscaler)
        self.cluster.wait(
            "no autoscaler", lambda: self.cluster.get(self.cluster.path_of(autoscaler)).status == 404
        )
        answer = self.cluster.merge(self.one("Deployment"), {"spec": {"replicas": number}})
        assert answer.ok, answer.message

    def create_pod(self, name: str, template: Object, *, dry_run: bool = False) -> Any:
        """Create a pod of a template by itself, without the labels by which the Deployment knows its own."""
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": template["spec"]}
        return self.cluster.create(pod, self.namespace, dry_run=dry_run)

    def delete_pod(self, name: str) -> None:
        """Delete a pod at once."""
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}}
        path = f"{self.cluster.path_of(pod, self.namespace)}?gracePeriodSeconds=0"
        assert self.cluster.request("DELETE", path).ok

    def wait_unschedulable(self, name: str) -> str:
        """Wait until the scheduler says that no node will do, and why."""

        def reason() -> str:
            return unschedulable(self.cluster.read("v1", "Pod", name, self.namespace) or {})

        self.cluster.wait(f"the scheduler's word on {name}", reason, 20)
        return reason()

    def wait_scheduled(self, name: str) -> Object:
        """Wait until the scheduler found a node for a pod."""

        def live() -> Object:
            return self.cluster.read("v1", "Pod", name, self.namespace) or {"spec": {}}

        self.cluster.wait(f"a node for {name}", lambda: live()["spec"].get("nodeName"), 20)
        return live()


class OnPool:
    """All environments of a repository that is meant for one pool."""

    def __init__(self, gpus: GpuCluster, key: str) -> None:
        self.gpus, self.key, self.pool = gpus, key, POOLS[key]
        self.repository = gpus.repository(key)
        names = self.repository.environments
        rendered = self.repository.rendered_all([f"overlays/{name}" for name in names])
        self.environments = {name: Served(gpus.cluster, rendered[f"overlays/{name}"]) for name in names}

    @property
    def with_gpus(self) -> list[Served]:
        """The environments whose servers run on GPUs, as the answers say by default."""
        return [self.environments["staging"], self.environments["prod"]]

    @property
    def homes(self) -> set[str]:
        """The pools that are right for the servers."""
        return {self.key, self.pool.twin} - {""}

    def cordon(self, *, on: bool = True) -> None:
        """Close the nodes of those pools, or open them again."""
        for node, key in self.gpus.nodes.items():
            if key in self.homes:
                cordon(self.gpus.cluster, node, on=on)
        # The scheduler hears of it a moment later: until then it gives pods to a node that was just closed.
        time.sleep(1 if on else 0)

    def broken(self, folder: Path, *fields: str) -> list[Object]:
        """prod's pod template in a repository whose GPU component lost a field, for each of the fields.

        One repository, rendered once: it has a component and an overlay for each mistake.
        """
        repository = self.repository.copy(folder)
        (server,) = repository.folder.glob("components/gpu-*/server.yaml")
        for name in fields:
            careless = server.parent.with_name(name.lower())
            shutil.copytree(server.parent, careless)
            patch = yaml.safe_load(server.read_text())
            del patch["spec"]["template"]["spec"][name]
            (careless / server.name).write_text(yaml.safe_dump(patch))
            overlay = f"overlays/{name.lower()}"
            shutil.copytree(repository.folder / "overlays/prod", repository.folder / overlay)
            old = f"components/{server.parent.name}\n"
            repository.replace(f"{overlay}/kustomization.yaml", old, f"components/{careless.name}\n")
        rendered = repository.rendered_all([f"overlays/{name.lower()}" for name in fields])
        return [
            next(item["spec"]["template"] for item in objects if item["kind"] == "Deployment")
            for objects in rendered.values()
        ]
