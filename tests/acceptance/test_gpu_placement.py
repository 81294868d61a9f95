"""Where the scheduler puts the servers of every accelerator on every platform.

The rendered objects are applied as they are; nodes carry what each vendor documents. All pools are there at once, also
some that no answer asks for, so that a server that selects too little lands on somebody else's node and is seen.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kustodian.scaffold.answers.complete import examine
from kustodian.scaffold.answers.model import Answers
from kustodian.scaffold.answers.questions import OneOf
from tests.acceptance.nodes import POOLS, cordon
from tests.acceptance.repositories import generate
from tests.acceptance.served import PLAIN, GpuCluster, OnPool, Served, container_of

Object = dict[str, Any]


@pytest.fixture(scope="module")
def on_pool(gpu_pools: GpuCluster, request: pytest.FixtureRequest) -> Iterator[OnPool]:
    """The environments for one pool; gone before the next pool's come."""
    found = gpu_pools.on_pool(request.param)
    yield found
    for served in found.environments.values():
        served.end()


every_pool = pytest.mark.parametrize("on_pool", POOLS, indirect=True)


def choices(field: str) -> list[str]:
    """What an answer may be."""
    (kind,) = [item for item in Answers.model_fields[field].metadata if isinstance(item, OneOf)]
    return list(kind.choices)


def test_every_accelerator_on_every_platform_has_a_pool() -> None:
    allowed = {
        f"{accelerator}-{platform}"
        for accelerator in choices("accelerator")
        for platform in choices("platform")
        if accelerator != "none" and not examine({"accelerator": accelerator, "platform": platform})[1]
    }
    assert allowed == set(POOLS)
    assert allowed != {f"{a}-{p}" for a in choices("accelerator") for p in choices("platform") if a != "none"}


@every_pool
def test_servers_land_on_their_pool_and_the_rest_stays_off(on_pool: OnPool) -> None:
    """In every environment; the autoscaler itself brings the servers to their least number."""
    for served in on_pool.environments.values():
        servers = served.wait_running(served.least)
        expected = on_pool.homes if served in on_pool.with_gpus else {PLAIN}
        found = on_pool.gpus.pools_of(servers)
        assert found and found <= expected, served.namespace
        served.wait_trained()
        others = [pod for pod in served.pods() if pod not in served.pods("server")]
        assert {pod["metadata"]["labels"]["app.kubernetes.io/component"] for pod in others} == {"train"}
        assert on_pool.gpus.pools_of(others) == {PLAIN}, served.namespace


@every_pool
def test_a_server_without_its_toleration_or_its_selector_is_seen(on_pool: OnPool, tmp_path: Path) -> None:
    """The broken repositories of the test above: the scheduler does not take them for good ones."""
    served = on_pool.environments["prod"]
    good = served.one("Deployment")["spec"]["template"]
    intolerant, careless = on_pool.broken(tmp_path / "broken", "tolerations", "nodeSelector")
    assert served.create_pod("intolerant", intolerant).ok
    assert "untolerated taint" in served.wait_unschedulable("intolerant")
    on_pool.cordon()
    try:
        # With its own nodes closed, the good one waits for them and the careless one does not.
        assert served.create_pod("good", good).ok
        assert served.create_pod("careless", careless).ok
        served.wait_unschedulable("good")
        landed = on_pool.gpus.pools_of([served.wait_scheduled("careless")])
        assert landed.isdisjoint({PLAIN, *on_pool.homes})
        waiting = served.cluster.read("v1", "Pod", "good", served.namespace)
        assert waiting and not waiting["spec"].get("nodeName")
    finally:
        on_pool.cordon(on=False)
        for name in ("intolerant", "good", "careless"):
            served.delete_pod(name)


@pytest.mark.parametrize(
    "on_pool", [key for key in POOLS if POOLS[key].accelerator == "nvidia"], indirect=True
)
def test_whole_gpus_are_not_parts_of_one(on_pool: OnPool, tmp_path: Path) -> None:
    """Shared GPUs and slices are called GPUs too: without its affinity the server takes one for a whole one."""
    served = on_pool.environments["prod"]
    (gullible,) = on_pool.broken(tmp_path / "broken", "affinity")
    on_pool.cordon()
    try:
        assert served.create_pod("gullible", gullible).ok
        (landed,) = on_pool.gpus.pools_of([served.wait_scheduled("gullible")])
    finally:
        on_pool.cordon(on=False)
        served.delete_pod("gullible")
    assert landed.startswith(("mps-", "mig-single-", "nvidia-time-slicing-"))


@every_pool
def test_the_quota_stops_at_the_most_servers(on_pool: OnPool) -> None:
    """The API server itself counts, without making anything: one server more than allowed is one too many."""
    for served in on_pool.environments.values():
        served.wait_running(served.least)
        gpus = served.most if served in on_pool.with_gpus else 0
        key, ask = _asking(on_pool, served)
        hard = served.one("ResourceQuota")["spec"]["hard"]
        assert hard[key] == str(gpus)
        taken = served.least if gpus else 0
        served.wait_counted(key, taken)
        left = gpus - taken
        assert not left or ask(left).ok, ask(left).message
        refused = ask(left + 1)
        assert refused.status == 403 and f"exceeded quota: {on_pool.key}" in refused.message
        assert f"{key}={left + 1}" in refused.message


def _asking(on_pool: OnPool, served: Served) -> tuple[str, Callable[[int], Any]]:
    """The quota's key for GPUs, and how so many are asked for in a dry run."""
    resource = on_pool.pool.resource
    if not resource:
        claim = copy.deepcopy(on_pool.environments["prod"].one("ResourceClaimTemplate"))
        (request,) = claim["spec"]["spec"]["devices"]["requests"]
        kind = {"apiVersion": claim["apiVersion"], "kind": "ResourceClaim", "metadata": {"name": "claim"}}

        def ask_claim(number: int) -> Any:
            request["exactly"]["count"] = number
            return served.cluster.create(
                {**kind, "spec": claim["spec"]["spec"]}, served.namespace, dry_run=True
            )

        return f"{request['exactly']['deviceClassName']}.deviceclass.resource.k8s.io/devices", ask_claim
    template = served.one("Deployment")["spec"]["template"]

    def ask_pod(number: int) -> Any:
        for part in ("requests", "limits"):
            container_of(template)["resources"][part][resource] = str(number)
        return served.create_pod("probe", template, dry_run=True)

    return f"requests.{resource}", ask_pod


@every_pool
def test_pod_security_restricted_admits_the_servers_and_nothing_worse(on_pool: OnPool) -> None:
    for served in on_pool.environments.values():
        labels = served.one("Namespace")["metadata"]["labels"]
        assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
        template = served.one("Deployment")["spec"]["template"]
        admitted = served.create_pod("probe", template, dry_run=True)
        assert (admitted.status, admitted.warnings) == (201, []), admitted.message
        container_of(template)["securityContext"]["allowPrivilegeEscalation"] = True
        refused = served.create_pod("probe", template, dry_run=True)
        assert refused.status == 403
        assert 'violates PodSecurity "restricted' in refused.message


def pod_templates(item: object) -> Iterator[Object]:
    """Every pod template in an object, however deep, also of a custom resource."""
    if isinstance(item, dict):
        if isinstance(item.get("spec"), dict) and "containers" in item["spec"]:
            yield item
        for value in item.values():
            yield from pod_templates(value)
    elif isinstance(item, list):
        for value in item:
            yield from pod_templates(value)


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Object]:
    """Each pod template of a repository with everything around the server, as a pod without its volumes."""
    settings = (
        "pipeline=cronjob",
        "model_registry=mlflow",
        "tracing=jaeger",
        "logging=elastic",
        "backup=snapshots",
    )
    repository = generate("default", tmp_path_factory.mktemp("all") / "all", "model_name=all", *settings)
    targets = [
        *(f"overlays/{name}" for name in repository.environments),
        *(f"platform/{name}" for name in ("logging", "registry", "tracing")),
    ]
    found: dict[str, Object] = {}
    for item in [item for target in targets for item in repository.rendered(target)]:
        for template in pod_templates(item):
            spec = copy.deepcopy(template["spec"]) | {"serviceAccountName": "default"}
            spec.pop("volumes", None)
            for container in [*spec["containers"], *spec.get("initContainers", [])]:
                container.pop("volumeMounts", None)
                container.setdefault("image", "registry.example.com/none:1")  # the operator's choice
            name = f"{item['kind']}-{item['metadata']['name']}-{len(found)}".lower()
            found[name] = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}
    return found


def test_nothing_but_servers_and_log_shippers_runs_on_gpu_nodes(
    gpu_pools: GpuCluster, everything: dict[str, Object]
) -> None:
    """With the plain node closed, whatever else finds a node runs on somebody's GPUs."""
    kinds = {name.split("-")[0] for name in everything}
    assert kinds == {"deployment", "daemonset", "job", "cronjob", "elasticsearch", "kibana"}
    job = next(name for name in everything if name.startswith("job-"))
    careless = copy.deepcopy(everything[job])
    careless["metadata"]["name"] = "careless"
    careless["spec"]["tolerations"] = [{"operator": "Exists"}]
    gpu_servers = {
        name
        for name, pod in everything.items()
        if any("nvidia.com/gpu" in c["resources"].get("limits", {}) for c in pod["spec"]["containers"])
    }
    shippers = {name for name in everything if name.startswith("daemonset-")}
    assert len(gpu_servers) == 2 and len(shippers) == 1
    cordon(gpu_pools.cluster, PLAIN)
    try:
        for pod in [*everything.values(), careless]:
            answer = gpu_pools.cluster.create(pod)
            assert answer.ok, f"{pod['metadata']['name']}: {answer.message}"
        settled = gpu_pools.wait_settled("default", {*everything, "careless"})
        assert {name for name, pool in settled.items() if pool} == {*gpu_servers, *shippers, "careless"}
        assert {settled[name] for name in gpu_servers} == {"nvidia-generic"}
    finally:
        cordon(gpu_pools.cluster, PLAIN, on=False)
        for name in (*everything, "careless"):
            gpu_pools.cluster.delete({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}})
