"""A real Argo CD brings every generated repository to Synced and Healthy, and then leaves it alone."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from tests.acceptance.applications import Application
from tests.acceptance.argocd import API, NAMESPACE
from tests.acceptance.checks import (
    PLAIN,
    UNASSESSED,
    changed_by_another_sync,
    drift,
    not_healthy,
    not_synced,
    workload_problems,
)
from tests.acceptance.compare import differences
from tests.acceptance.repositories import SOURCES
from tests.acceptance.site import Deployed, Site
from tests.acceptance.stand_ins import STAND_INS

#: Seconds without a change that count as no drift.
QUIET = 60
#: Helm charts that are not brought: they would be downloaded from the internet. The rest of the add-on is.
CHARTS = {
    "full-observability": [
        "m-full-observability-platform-cache: redis-ha of https://dandydeveloper.github.io/charts"
    ]
}
#: Kinds of the custom resources whose own controller runs.
WITH_CONTROLLER = {"Rollout"}
#: Kinds that Argo CD calls Healthy as long as nobody has written an error into their status.
HEALTHY_WITHOUT_STATUS = {"CronWorkflow": "Argo Workflows"}
Sources = dict[str, Deployed | AssertionError]


@pytest.fixture(scope="module")
def deployed(site: Site, sources: Sources) -> Sources:
    """All repositories, after Argo CD has had the time that it needs."""
    site.argocd.settle({
        name: partial(lambda commit, now: now.is_done(commit), made.head)
        for made in sources.values() if isinstance(made, Deployed) for name in made.names
    })  # fmt: skip
    return sources


def of(deployed: Sources, source: str) -> Deployed:
    found = deployed[source]
    if isinstance(found, AssertionError):
        raise found
    return found


def everything(deployed: Sources) -> list[tuple[Deployed, Application]]:
    return [
        (made, application)
        for made in deployed.values()
        if isinstance(made, Deployed)
        for application in made.applications
    ]


@pytest.mark.parametrize("source", SOURCES)
def test_every_application_is_synced_and_healthy(site: Site, deployed: Sources, source: str) -> None:
    made = of(deployed, source)
    assert not made.missing, f"nobody defines {sorted(made.missing)} here"
    assert made.charts == CHARTS.get(source, [])
    states = site.argocd.states()
    assert {name for name in states if name.startswith(f"m-{source}-")} == set(made.names)
    for application in made.applications:
        kept = made.kept(application)
        cluster = site.cluster_of(application)
        site.argocd.wait_for_commit(application.name, made.head, seconds=20)
        state = site.state(application)
        assert not_synced(state, made.head, kept) == []
        assert not_healthy(state) == []
        assert differences(cluster, kept) == []
        wanted = partial(workload_problems, cluster, made.objects(application))
        cluster.wait(f"{application.name}: {wanted()}", lambda wanted=wanted: not wanted(), 30)


def test_the_tables_of_missing_controllers_name_each_kind_once(deployed: Sources) -> None:
    """What is called Healthy has its controller here, or a stand-in, or is in a table that says who is missing."""
    kinds = {
        (item["apiVersion"], item["kind"])
        for made, application in everything(deployed)
        for item in made.kept(application)
    }
    custom = {kind for version, kind in kinds if "." in version.split("/")[0] and not version.startswith(("rbac.", "networking.k8s.io/"))}  # fmt: skip
    played = {kind for _, kind in STAND_INS.keys() & kinds}
    assert custom == {*WITH_CONTROLLER, *HEALTHY_WITHOUT_STATUS, *played, *UNASSESSED}
    assert not played & UNASSESSED.keys()
    assert {kind for _, kind in kinds} - custom - PLAIN == {
        "DaemonSet", "Deployment", "HorizontalPodAutoscaler", "PersistentVolumeClaim", "PodDisruptionBudget", "Service",
    }  # fmt: skip


def test_the_stand_ins_say_what_the_definitions_allow(site: Site, deployed: Sources) -> None:
    assert deployed
    for name, place in site.places.items():
        assert place.stand_ins.errors == {}, name


def test_both_clusters_run_what_the_multi_cluster_preset_says(site: Site, deployed: Sources) -> None:
    made = of(deployed, "multi-cluster")
    assert {application.cluster for application in made.applications} == set(site.places)
    for place in site.places.values():
        pods = place.cluster.items("v1", "Pod", "m-multi-cluster-prod", "app.kubernetes.io/component=server")
        assert {pod["status"]["phase"] for pod in pods} == {"Running"}
    # Each has its own objects: nothing of the other's was counted.
    one, other = (
        place.cluster.read("v1", "Namespace", "m-multi-cluster-prod") for place in site.places.values()
    )
    assert one and other and one["metadata"]["uid"] != other["metadata"]["uid"]


def test_another_sync_changes_nothing(site: Site, deployed: Sources, subtests: pytest.Subtests) -> None:
    for name, changes in changed_by_another_sync(site, everything(deployed)).items():
        with subtests.test(msg=name):
            assert changes == []


def scaled_workloads(site: Site, deployed: Sources) -> list[dict[str, Any]]:
    """Each autoscaler: where it is, how many its workload asks for now, and how many it should under load."""
    found = []
    for _, application in everything(deployed):
        cluster, namespace = (
            site.cluster_of(application),
            application.name.removesuffix(f"-{application.cluster}"),
        )
        for autoscaler in cluster.items("autoscaling/v2", "HorizontalPodAutoscaler", namespace):
            target = autoscaler["spec"]["scaleTargetRef"]
            workload = cluster.read(target["apiVersion"], target["kind"], target["name"], namespace) or {}
            least, most = autoscaler["spec"]["minReplicas"], autoscaler["spec"]["maxReplicas"]
            found.append({
                "application": application.name, "now": workload["spec"].get("replicas", 0),
                "wanted": min(least + 1, most),  # where there are too few GPUs for more, it stays
            })  # fmt: skip
    return found


@pytest.mark.usefixtures("mistaken", "promoted", "neglected")  # they settle meanwhile
def test_nothing_drifts_while_the_autoscalers_work(
    site: Site, deployed: Sources, subtests: pytest.Subtests
) -> None:
    names = [application.name for _, application in everything(deployed)]
    before = scaled_workloads(site, deployed)
    # KServe's own autoscaler is its controller's work; every other environment has one.
    without = {item["application"] for item in before} ^ {name for name in names if "-platform-" not in name}
    assert without == {f"m-kserve-{environment}" for environment in ("dev", "staging", "prod")}

    def put_load_on() -> None:
        for _, application in everything(deployed):
            namespace = application.name.removesuffix(f"-{application.cluster}")
            site.places[application.cluster].metrics.load[namespace] = 2.0
        waiting: list[str] = []

        def all_have_scaled() -> bool:
            scaled = scaled_workloads(site, deployed)
            waiting[:] = [item["application"] for item in scaled if item["now"] < item["wanted"]]
            return not waiting

        try:
            site.cluster.wait("the autoscalers", all_have_scaled, 90)
        except AssertionError as error:
            raise AssertionError(f"not scaled: {waiting}") from error

    assert sum(item["wanted"] > item["now"] for item in before) > len(before) / 2
    found = drift(site, names, QUIET, meanwhile=put_load_on)
    after = {item["application"]: item for item in scaled_workloads(site, deployed)}
    for made, application in everything(deployed):
        with subtests.test(msg=application.name):
            assert application.name not in found, found[application.name]
            if item := after.get(application.name):
                assert item["now"] >= item["wanted"], "Argo CD took servers away"
            assert site.state(application).is_done(made.head), site.state(application).explain()


def test_applications_that_do_not_exist_are_not_synced(site: Site) -> None:
    state = site.argocd.state("nobody")
    assert not_synced(state, "0" * 40, []) and not_healthy(state)
    with pytest.raises(AssertionError, match="nobody"):
        site.argocd.wait_for_commit("nobody", "0" * 40, seconds=1)
    assert site.argocd.settle({"nobody": lambda _: True}, seconds=1) == ["nobody"]
    assert drift(site, ["nobody"], 1) == {"nobody": "no such application"}
    assert site.cluster.read(API, "Application", "nobody", NAMESPACE) is None
