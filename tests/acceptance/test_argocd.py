"""A real Argo CD brings every generated repository to Synced and Healthy, and then leaves it alone."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.acceptance.argocd import NAMESPACE, ArgoCD
from tests.acceptance.cluster import Cluster
from tests.acceptance.compare import differences, is_hook
from tests.acceptance.repositories import SOURCES, Repository
from tests.acceptance.site import Deployed, Site
from tests.acceptance.stand_ins import STATUS

#: Presets that are not brought to Argo CD, and what that would need. The API server accepts every object of each
#: (test_server_side_apply.py).
NOT_BROUGHT = {
    "batch-pipeline": "the controllers of Kueue, Argo Workflows and MLflow's Secrets",
    "full-observability": "the OpenTelemetry operator, and Secrets of Elasticsearch",
    "istio-canary": "the Rollouts controller with Istio's, which writes weights into the VirtualService",
    "kserve": "KServe's controller, which makes the pods",
    "multi-cluster": "two clusters that are registered in Argo CD",
    "multi-model": "Istio, and nodes of its own",
    "pytorch-gpu": "not tried yet; its GPU pool is the default's",
    "triton-mig": "nodes with slices of GPUs",
    "vllm-llm": "the Rollouts controller with its Gateway API plugin, and KEDA",
}
BROUGHT = tuple(source for source in SOURCES if source not in NOT_BROUGHT)
#: Seconds without a change that count as no drift.
QUIET = 60
Sources = dict[str, Deployed | AssertionError]


@pytest.fixture(scope="module")
def deployed(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Sources:
    """All repositories at once; a broken one fails its own tests only."""
    folder = tmp_path_factory.mktemp("argocd")
    found: Sources = {}
    for source in BROUGHT:
        try:
            found[source] = site.deploy(source, f"m-{source}", folder)
        except AssertionError as error:
            found[source] = error
    return found


def of(deployed: Sources, source: str) -> Deployed:
    found = deployed[source]
    if isinstance(found, AssertionError):
        raise found
    return found


def workload_problems(cluster: Cluster, objects: list[dict[str, Any]]) -> list[str]:
    """Pods that are missing, hooks that did not succeed: what Healthy has to mean."""
    found = []
    for item in objects:
        name, namespace = item["metadata"]["name"], item["metadata"].get("namespace", "")
        live = cluster.read(item["apiVersion"], item["kind"], name, namespace) or {}
        status = live.get("status", {})
        if item["kind"] in ("Deployment", "StatefulSet"):
            replicas = live.get("spec", {}).get("replicas")
            if not replicas or (status.get("readyReplicas"), status.get("updatedReplicas")) != (
                replicas,
                replicas,
            ):
                found.append(f"{item['kind']}/{name}: {replicas} replicas, {status}")
        if item["kind"] == "Job" and not status.get("succeeded"):
            found.append(f"Job/{name}: {status}")
        if item["kind"] == "HorizontalPodAutoscaler":
            replicas = status.get("currentReplicas", 0)
            if not item["spec"]["minReplicas"] <= replicas <= item["spec"]["maxReplicas"]:
                found.append(f"HorizontalPodAutoscaler/{name}: {status}")
    return found


def test_what_is_not_brought_is_a_preset() -> None:
    assert set(NOT_BROUGHT) <= set(SOURCES)
    assert {"default", "sklearn-cpu"} <= set(BROUGHT)


@pytest.mark.parametrize("source", BROUGHT)
def test_every_environment_is_synced_and_healthy(site: Site, deployed: Sources, source: str) -> None:
    made = of(deployed, source)
    assert not made.missing, f"nobody defines {sorted(made.missing)} here"
    assert len(made.applications) >= 3
    for application in made.applications:
        state = site.argocd.wait_for_commit(application, made.head)
        objects = made.repository.rendered(f"overlays/{made.environment(application)}")
        kept = [item for item in objects if not is_hook(item)]
        wanted = {f"{item['kind']}/{item['metadata']['name']}" for item in kept}
        assert {name for name, status in state.resources.items() if status == "Synced"} == wanted
        assert differences(site.cluster, kept) == []
        site.cluster.wait(
            f"{application}: pods", lambda objects=objects: not workload_problems(site.cluster, objects), 60
        )
        # Whatever is healthy without a controller here is in the table that says why.
        alone = {
            (item["apiVersion"], item["kind"])
            for item in kept
            if item["kind"] in ("ExternalSecret", "HTTPRoute")
        }
        assert alone <= STATUS.keys()


@pytest.mark.parametrize("source", BROUGHT)
def test_another_sync_changes_nothing(site: Site, deployed: Sources, source: str) -> None:
    made = of(deployed, source)
    for application in made.applications:
        objects = made.repository.rendered(f"overlays/{made.environment(application)}")
        kept = [item for item in objects if not is_hook(item)]
        before = site.argocd.wait_for_commit(application, made.head)
        generations = _generations(site.cluster, kept)
        # Without ApplyOutOfSyncOnly every object is applied again.
        site.argocd.sync(application, syncOptions=["ServerSideApply=true"])
        site.argocd.wait(
            application, "another sync",
            lambda now, before=before: now.finished not in ("", before.finished) and now.operation == "Succeeded",
        )  # fmt: skip
        site.argocd.wait_for_commit(application, made.head)
        assert _generations(site.cluster, kept) == generations
        assert differences(site.cluster, kept) == []


def _generations(cluster: Cluster, objects: list[dict[str, Any]]) -> dict[str, Any]:
    found = {}
    for item in objects:
        live = cluster.read(
            item["apiVersion"], item["kind"], item["metadata"]["name"], item["metadata"].get("namespace", "")
        )
        assert live is not None
        version = live["metadata"].get("generation") or live["metadata"]["resourceVersion"]
        found[f"{item['kind']}/{item['metadata']['name']}"] = (live["metadata"]["uid"], version)
    # The quota's own controller writes what is used; the rest of it is compared field by field.
    return {name: value for name, value in found.items() if not name.startswith("ResourceQuota/")}


def drift(
    argocd: ArgoCD, applications: list[str], seconds: float, meanwhile: Callable[[], object] = lambda: None
) -> list[str]:
    """Watch applications; every moment at which one was not Synced, and every sync that ran."""
    before = {name: argocd.state(name).finished for name in applications}
    found = []
    meanwhile()
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for name in applications:
            state = argocd.state(name)
            if state.sync != "Synced" or state.finished != before[name] or state.operation == "Running":
                found.append(state.explain())
        time.sleep(1)
    return found


def scales_up(site: Site, namespaces: list[str]) -> dict[str, int]:
    """Put load on the namespaces and wait until their autoscalers have added servers; the new numbers."""
    before = {}
    for namespace in namespaces:
        for autoscaler in site.cluster.items("autoscaling/v2", "HorizontalPodAutoscaler", namespace):
            before[namespace] = autoscaler["spec"]["minReplicas"]
            site.metrics.load[namespace] = 2.0
    site.cluster.wait(
        "the autoscalers", lambda: all(_replicas(site, name) > least for name, least in before.items()), 60
    )
    return {name: _replicas(site, name) for name in before}


def _replicas(site: Site, namespace: str) -> int:
    (autoscaler,) = site.cluster.items("autoscaling/v2", "HorizontalPodAutoscaler", namespace)
    target = autoscaler["spec"]["scaleTargetRef"]
    workload = site.cluster.read(target["apiVersion"], target["kind"], target["name"], namespace)
    assert workload is not None
    replicas: int = workload["spec"]["replicas"]
    return replicas


def unknown_field(repository: Repository) -> None:
    repository.replace("base/deployment.yaml", "enableServiceLinks:", "enableServiceLink:")


def pool_that_nobody_has(repository: Repository) -> None:
    def change(patch: dict[str, Any]) -> None:
        patch["spec"]["template"]["spec"]["nodeSelector"] = {"nvidia.com/gpu.present": "yes"}

    repository.edit("components/gpu-nvidia/server.yaml", change)


def replicas_in_git(repository: Repository) -> None:
    """And nothing tells Argo CD to leave them to the autoscaler."""
    repository.edit(
        "argocd/applicationset.yaml", lambda data: data["spec"]["template"]["spec"].pop("ignoreDifferences")
    )
    repository.edit("base/deployment.yaml", lambda data: data["spec"].update(replicas=2))


@pytest.fixture(scope="module")
def mistakes(site: Site, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Deployed]:
    """The default repository with mistakes that a person might make, each brought to Argo CD."""
    folder = tmp_path_factory.mktemp("mistakes")
    made = {}
    for change in (unknown_field, pool_that_nobody_has, replicas_in_git):
        name = change.__name__.replace("_", "-")
        made[name] = site.prepare("default", name, folder)
        change(made[name].repository)
        made[name].repository.commit("A mistake")
        site.connect(made[name])
    return made


def test_nothing_drifts_while_the_autoscalers_work(
    site: Site, deployed: Sources, mistakes: dict[str, Deployed]
) -> None:
    del mistakes  # they settle while this test watches the good ones
    made = [found for found in deployed.values() if isinstance(found, Deployed)]
    assert made
    applications = [name for found in made for name in found.applications]
    for found in made:
        for name in found.applications:
            site.argocd.wait_for_commit(name, found.head)
    scaled: dict[str, int] = {}
    found_drift = drift(
        site.argocd, applications, QUIET, meanwhile=lambda: scaled.update(scales_up(site, applications))
    )
    assert found_drift == []
    assert scaled
    for namespace, replicas in scaled.items():
        assert _replicas(site, namespace) >= replicas, f"{namespace}: Argo CD took servers away"
    for found in made:
        for name in found.applications:
            site.argocd.wait_for_commit(name, found.head)


def test_an_unknown_field_never_becomes_synced(site: Site, mistakes: dict[str, Deployed]) -> None:
    made = mistakes["unknown-field"]
    with pytest.raises(AssertionError, match="enableServiceLink"):
        site.argocd.wait_for_commit("unknown-field-staging", made.head, seconds=10)
    assert site.cluster.items("apps/v1", "Deployment", "unknown-field-staging") == []


def test_pods_that_fit_no_node_never_become_healthy(site: Site, mistakes: dict[str, Deployed]) -> None:
    made, application = mistakes["pool-that-nobody-has"], "pool-that-nobody-has-staging"
    site.argocd.wait(application, "Synced", lambda now: now.sync == "Synced" and now.revision == made.head)
    with pytest.raises(AssertionError, match="Progressing"):
        site.argocd.wait_for_commit(application, made.head, seconds=10)
    objects = made.repository.rendered("overlays/staging")
    assert any("Deployment/pool-that-nobody-has" in line for line in workload_problems(site.cluster, objects))


def test_a_number_of_replicas_in_git_is_seen_as_drift(site: Site, mistakes: dict[str, Deployed]) -> None:
    made, application = mistakes["replicas-in-git"], "replicas-in-git-prod"
    # 3 at least by the autoscaler, 2 in git: the two fight until somebody looks.
    site.argocd.wait(
        application, "synced once", lambda now: now.operation != "" and now.revision == made.head
    )
    found = drift(site.argocd, [application], 20)
    assert any("Deployment/replicas-in-git" in line for line in found), found


def test_applications_that_do_not_exist_are_not_synced(site: Site) -> None:
    assert site.argocd.state("nobody").sync == "Unknown"
    with pytest.raises(AssertionError, match="nobody"):
        site.argocd.wait_for_commit("nobody", "0" * 40, seconds=1)
    assert site.cluster.read("argoproj.io/v1alpha1", "Application", "nobody", NAMESPACE) is None
