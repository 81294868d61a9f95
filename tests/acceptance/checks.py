"""The steps that a repository passes in Argo CD, each as a list of what is wrong. Good repositories give empty lists.

`test_argocd.py` asks them of every generated repository, `test_argocd_mistakes.py` of repositories that were broken on
purpose, one for each.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

from tests.acceptance.applications import Application, State
from tests.acceptance.cluster import Cluster
from tests.acceptance.compare import differences, live, versions, where
from tests.acceptance.site import Deployed, Site

#: Kinds that only hold data, or that the API server's own controllers act on at once: there is no health to speak of.
PLAIN = {
    "ConfigMap", "LimitRange", "Namespace", "NetworkPolicy", "ResourceQuota", "Role", "RoleBinding", "ServiceAccount",
}  # fmt: skip
#: Kinds whose controller does not run here and whose health Argo CD does not know either: nothing is claimed of them
#: but that they are in the cluster as git says. Kind -> who would act on it.
UNASSESSED = {
    "AnalysisTemplate": "Argo Rollouts reads it when a canary runs (test_rollouts.py)",
    "AuthorizationPolicy": "Istio",
    "DestinationRule": "Istio",
    "Instrumentation": "the OpenTelemetry Operator",
    "Kibana": "ECK",
    "LocalQueue": "Kueue",
    "PeerAuthentication": "Istio",
    "PrometheusRule": "the Prometheus Operator",
    "RequestAuthentication": "Istio",
    "Schedule": "Velero",
    "ServiceMonitor": "the Prometheus Operator",
    "VerticalPodAutoscaler": "its recommender",
    "VirtualService": "Istio; the weights in it are Argo Rollouts'",
    "WorkflowTemplate": "Argo Workflows",
}


def not_synced(state: State, commit: str, kept: list[dict[str, Any]]) -> list[str]:
    """Why an application is not Synced to a commit, with each of the objects and nothing else."""
    found = [] if (state.sync, state.operation) == ("Synced", "Succeeded") else [state.explain()]
    if state.revision != commit:
        found.append(f"{state.name}: {state.revision[:7]} instead of {commit[:7]}")
    wanted = dict.fromkeys((where(item) for item in kept), "Synced")
    for name in sorted({*wanted, *state.resources}):
        if wanted.get(name) != state.resources.get(name):
            found.append(f"{name}: {state.resources.get(name)} instead of {wanted.get(name)}")
    return found


def not_healthy(state: State) -> list[str]:
    """Why an application is not Healthy: itself, or a resource that is not, or of which nobody knows it."""
    found = [] if state.health == "Healthy" else [state.explain()]
    for name, health in state.healths.items():
        known = health == "Healthy"
        if not known and (health or name.split("/")[0] not in PLAIN | UNASSESSED.keys()):
            found.append(f"{name}: {health or 'unknown'}")
    return found


def workload_problems(cluster: Cluster, objects: list[dict[str, Any]]) -> list[str]:
    """Pods that are missing, hooks that did not succeed, autoscalers that do not act: what Healthy has to mean."""
    found = []
    for item in objects:
        data = live(cluster, item) or {}
        spec, status = data.get("spec", {}), data.get("status", {})
        match item["kind"]:
            case "Deployment" if item["spec"].get("replicas") == 0:
                # A Rollout takes the pods' description from it.
                is_well = spec.get("replicas") == 0
            case "Deployment" | "StatefulSet" | "Rollout":
                numbers = (status.get("readyReplicas"), status.get("updatedReplicas"))
                is_well = bool(spec.get("replicas")) and numbers == (spec["replicas"], spec["replicas"])
            case "DaemonSet":
                number = status.get("desiredNumberScheduled")
                is_well = bool(number) and status.get("numberReady") == number
            case "Job":
                is_well = bool(status.get("succeeded"))
            case "HorizontalPodAutoscaler":
                least, most = item["spec"]["minReplicas"], item["spec"]["maxReplicas"]
                active = [
                    item["status"] for item in status.get("conditions", []) if item["type"] == "ScalingActive"
                ]
                is_well = active == ["True"] and least <= status.get("currentReplicas", 0) <= most
            case _:
                continue
        if not is_well:
            found.append(f"{where(item)}: {spec.get('replicas')} wanted, {status}")
    return found


def changed_by_another_sync(
    site: Site, made: Iterable[tuple[Deployed, Application]], seconds: float = 120
) -> dict[str, list[str]]:
    """Apply every object of the applications again; what another one than before, by application."""
    pairs = {application.name: (deployed, application) for deployed, application in made}
    before = {name: _versions(site, *pair) for name, pair in pairs.items()}
    finished = {}
    for name in pairs:
        state = site.argocd.state(name)
        finished[name] = state.finished
        options = state.application["spec"]["syncPolicy"]["syncOptions"]
        # With ApplyOutOfSyncOnly nothing would be applied. Reading the API's description for each object again, as the
        # client does to validate it, takes more than half of a sync and says nothing of changes.
        again = [option for option in options if option != "ApplyOutOfSyncOnly=true"]
        site.argocd.sync(name, syncOptions=[*again, "Validate=false"])

    def ended(name: str) -> Callable[[State], bool]:
        # Until it starts there is no result of a sync at all.
        return lambda now: now.finished not in ("", finished[name]) and now.is_done(pairs[name][0].head)

    site.argocd.settle({name: ended(name) for name in pairs}, seconds)
    found = {}
    for name, (deployed, application) in pairs.items():
        state = site.argocd.state(name)
        lines = (
            [] if state.finished != finished[name] and state.operation == "Succeeded" else [state.explain()]
        )
        for key, version in _versions(site, deployed, application).items():
            if before[name][key] != version:
                lines.append(f"{key}: {version} was {before[name][key]}")
        found[name] = lines + differences(site.cluster_of(application), deployed.kept(application))
    return found


def _versions(site: Site, deployed: Deployed, application: Application) -> dict[str, str]:
    return versions(site.cluster_of(application), deployed.kept(application))


def drift(
    site: Site, names: Iterable[str], seconds: float, meanwhile: Callable[[], object] = lambda: None
) -> dict[str, str]:
    """Watch applications; the first moment at which each was not Synced, or a sync ran.

    Argo CD compares whenever something changes in the cluster; at the end it is asked to compare everything once more.
    """
    before = {name: state for name, state in site.argocd.states().items() if name in set(names)}
    found: dict[str, str] = {}

    def look() -> dict[str, State]:
        states = site.argocd.states()
        for name in before.keys() - found.keys():
            state = states.get(name, State({"metadata": {"name": name}}))
            if (
                state.sync != "Synced"
                or state.finished != before[name].finished
                or state.operation == "Running"
            ):
                found[name] = state.explain()
        return states

    def compared_since(then: str) -> Callable[[State], bool]:
        return lambda now: now.compared != then

    meanwhile()
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        look()
        time.sleep(1)
    asked = {name: state.compared for name, state in look().items() if name in before}
    for name in asked:
        site.argocd.refresh("Application", name)
    site.argocd.settle({name: compared_since(then) for name, then in asked.items()}, 60)
    look()
    return found | dict.fromkeys(set(names) - before.keys(), "no such application")
