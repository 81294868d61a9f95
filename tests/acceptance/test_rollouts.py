"""Argo Rollouts runs the generated releases: to their end where Prometheus is content, and back where it is not.

What the controller is given is what was generated, but for what `releases.Server` names. All repositories release at
the same time, each in its namespace; the tests then look at every step that the API server has seen.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.acceptance.cluster import Cluster
from tests.acceptance.nodes import add_node
from tests.acceptance.releases import SERVERS, Journal, Server
from tests.acceptance.repositories import generate
from tests.acceptance.rollouts import NO_SERIES, UNREACHABLE, Answer, Prometheus, Question, start_rollouts

ADDRESS = "http://kube-prometheus-stack-prometheus.monitoring.svc:9090"
SHARES = [10, 25, 50]


def signals(errors: float, latency: float) -> Callable[[str], float]:
    """Answers to the two questions of the generated analysis."""
    return lambda query: latency if "histogram_quantile" in query else errors


def turning(
    first: Callable[[str], float], questions: int, then: Callable[[str], float]
) -> Callable[[str], float]:
    """One answer for so many questions, then another."""
    asked: list[str] = []

    def answer(query: str) -> float:
        asked.append(query)
        return (first if len(asked) <= questions else then)(query)

    return answer


GOOD, FAILING, SLOW = signals(0.0, 0.0), signals(0.011, 0.0), signals(0.0, 0.251)


@dataclass(frozen=True)
class Case:
    """Answers that ask for Argo Rollouts, and what Prometheus says about a release that does well and one that does not."""

    source: str
    settings: tuple[str, ...]
    good: Answer
    bad: Answer
    #: The canary's shares before it goes back.
    tried: tuple[int, ...] = (10,)


#: Model name -> case. The answers try the limits that were promised: 1 % of errors, 250 ms (2 s for vLLM).
CASES = {
    # At the second step: five answers to each question of the first are good.
    "istio": Case("istio-canary", (), GOOD, turning(GOOD, 10, FAILING), (10, 25)),
    # Nobody asked the new version anything, which is 0 / 0.
    "vllm": Case("vllm-llm", (), float("nan"), signals(0.0, 2.1)),
    "linkerd": Case("default", ("rollout=canary", "mesh=linkerd"), signals(0.01, 0.25), SLOW),
    "ingress": Case("default", ("rollout=canary", "exposure=ingress-nginx"), NO_SERIES, FAILING),
    # One bad answer is none yet.
    "swap": Case("default", ("rollout=blue-green",), turning(FAILING, 1, GOOD), FAILING),
}
CANARIES = [name for name in CASES if name != "swap"]
#: What carries the shares: kind and name.
ROUTES = {
    "istio": (("VirtualService", "istio"), ("HTTPRoute", "istio")),
    "vllm": (("HTTPRoute", "vllm"),),
    "linkerd": (("HTTPRoute", "linkerd"), ("HTTPRoute", "linkerd-mesh")),
    "ingress": (("Ingress", "ingress-ingress-canary"),),
}


@dataclass
class Release:
    """What was seen of a release when it had ended, well or not."""

    running: list[dict[str, int]]
    shares: dict[tuple[str, str], list[int]]
    behind: dict[str, list[str]]
    analyses: list[dict[str, Any]]
    questions: list[Question]
    status: dict[str, Any]
    seen: Journal


def release(servers: dict[str, Server], digest: str, ended: Callable[[Server], bool]) -> dict[str, Release]:
    """Release everywhere at once and look until all have ended."""
    running: dict[str, list[dict[str, int]]] = {name: [] for name in servers}
    waiting = set(servers)
    cluster = servers[next(iter(servers))].cluster
    seen = Journal(cluster)
    for server in servers.values():
        server.release(digest)

    def all_ended() -> bool:
        pods = cluster.items("v1", "Pod", selector=SERVERS)
        for name in sorted(waiting):
            if (now := servers[name].running(pods)) not in running[name]:
                running[name].append(now)
            if ended(servers[name]):
                waiting.discard(name)
        return not waiting

    cluster.wait(f"the release {digest} of {', '.join(servers)}", all_ended, 120)
    return {
        name: Release(
            running[name],
            {route: server.shares(*route, seen) for route in ROUTES.get(name, ())},
            {service: server.behind(service, seen) for service in server.services},
            server.analyses(digest),
            server.questions(digest),
            server.status(),
            seen,
        )
        for name, server in servers.items()
    }


@pytest.fixture(scope="module")
def controlled() -> Iterator[tuple[Cluster, Prometheus]]:
    prometheus = Prometheus()
    with Cluster(controllers=True) as cluster:
        try:
            for number, zone in enumerate(("zone-a", "zone-b")):
                add_node(cluster, f"cpu-{number}", zone=zone)
                add_node(cluster, f"gpu-{number}", gpus=64, platform="generic", zone=zone)
            start_rollouts(cluster, prometheus)
            yield cluster, prometheus
        finally:
            prometheus.close()


@pytest.fixture(scope="module")
def servers(
    controlled: tuple[Cluster, Prometheus], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Server]:
    """Every case's servers, running the first version."""
    folder = tmp_path_factory.mktemp("rollouts")
    found = {}
    for name, case in CASES.items():
        repository = generate(case.source, folder / name, f"model_name={name}", *case.settings)
        found[name] = Server(*controlled, repository.rendered("overlays/prod"))
        found[name].deploy("1")
    for server in found.values():
        server.wait_healthy("1")
    return found


@pytest.fixture(scope="module")
def unwatched(
    controlled: tuple[Cluster, Prometheus],
    servers: dict[str, Server],
    tmp_path_factory: pytest.TempPathFactory,
) -> Server:
    """A release while Prometheus is not there. It goes on beside the others: an error is asked about for a minute."""
    del servers  # only first
    folder = tmp_path_factory.mktemp("unwatched") / "unwatched"
    repository = generate("default", folder, "model_name=unwatched", "rollout=canary")
    server = Server(*controlled, repository.rendered("overlays/prod"))
    server.prometheus.answers[server.namespace] = UNREACHABLE
    server.deploy("1")
    server.wait_healthy("1")
    server.release("2")
    return server


@pytest.fixture(scope="module")
def completed(servers: dict[str, Server], unwatched: Server) -> dict[str, Release]:
    """The second version, which does well."""
    del unwatched  # only first
    for name, case in CASES.items():
        servers[name].prometheus.answers[servers[name].namespace] = case.good
    return release(servers, "2", lambda server: server.is_healthy("2"))


@pytest.fixture(scope="module")
def gone_back(servers: dict[str, Server], completed: dict[str, Release]) -> dict[str, Release]:
    """The third version, which does not."""
    del completed  # only first
    for name, case in CASES.items():
        servers[name].prometheus.answers[servers[name].namespace] = case.bad
    return release(servers, "3", Server.is_back)


@pytest.mark.parametrize("name", CASES)
def test_all_traffic_goes_to_the_new_version(name: str, completed: dict[str, Release]) -> None:
    assert {service: found[-1:] for service, found in completed[name].behind.items()} == {
        service: ["2"] for service in completed[name].behind
    }


@pytest.mark.parametrize("name", CANARIES)
def test_a_canary_gets_its_shares_one_after_the_other(
    name: str, servers: dict[str, Server], completed: dict[str, Release]
) -> None:
    seen = completed[name]
    assert set(seen.shares) == set(ROUTES[name])
    for route, shares in seen.shares.items():
        assert shares == [*SHARES, 100, 0], route
    # Never fewer servers than the autoscaler keeps, and of the new ones never fewer than before.
    assert all(sum(now.values()) >= servers[name].replicas for now in seen.running), seen.running
    new = [now.get("2", 0) for now in seen.running]
    assert new == sorted(new)


@pytest.mark.parametrize("name", CASES)
def test_the_generated_queries_decide(name: str, completed: dict[str, Release]) -> None:
    seen = completed[name]
    assert len(seen.analyses) == (3 if name in CANARIES else 1)
    for run in seen.analyses:
        assert run["status"]["phase"] == "Successful"
        assert {result["name"]: result["count"] for result in run["status"]["metricResults"]} == {
            "errors": 5,
            "latency": 5,
        }
    assert len(seen.questions) == 10 * len(seen.analyses)
    for question in seen.questions:
        assert question.address == ADDRESS
        assert question.is_about(f"{name}-prod")


@pytest.mark.parametrize("name", CASES)
def test_a_release_that_does_badly_goes_back(
    name: str, servers: dict[str, Server], gone_back: dict[str, Release]
) -> None:
    seen = gone_back[name]
    assert seen.status["phase"] == "Degraded"
    assert "aborted" in seen.status["message"], seen.status["message"]
    phases = sorted(run["status"]["phase"] for run in seen.analyses)
    assert phases == ["Failed", *["Successful"] * (len(CASES[name].tried) - 1)]
    for route, shares in seen.shares.items():
        assert shares == [*CASES[name].tried, 0], route
    # The old version had enough servers for its share all the time.
    assert all(now.get("2", 0) >= servers[name].replicas for now in seen.running), seen.running
    stable, new = servers[name].services
    if name == "swap":
        assert seen.behind == {stable: ["3", "2"], new: ["3"]}
    else:
        assert seen.behind[stable] == []
        assert (seen.behind[new][0], seen.behind[new][-1]) == ("3", "2")
        # Argo Rollouts leads it to and fro while there are servers of both versions
        # (https://github.com/argoproj/argo-rollouts/issues/3078): not long, and no minute of abortScaleDownDelaySeconds.
        assert servers[name].swaying(new, seen.seen) < 15


def test_a_release_that_nobody_can_watch_goes_back(unwatched: Server, gone_back: dict[str, Release]) -> None:
    del gone_back  # meanwhile
    unwatched.cluster.wait("the way back", unwatched.is_back, 90)
    (run,) = unwatched.analyses("2")
    assert run["status"]["phase"] == "Error"
    assert "503" in run["status"]["message"]
    weights = unwatched.status()["canary"]["weights"]
    assert weights["canary"]["weight"] == 0
    assert weights["stable"]["weight"] == 100


def test_callers_with_the_header_get_the_new_version(
    completed: dict[str, Release], gone_back: dict[str, Release]
) -> None:
    """A/B by header: the route leads to the canary's Service, whatever the shares are, and that to the new version."""
    changes = gone_back["istio"].seen.of("VirtualService", "istio-prod", "istio")
    assert changes
    for item in changes:
        (route,) = [rule for rule in item["spec"]["http"] if rule["name"] == "by-header"]
        assert route["match"] == [{"headers": {"x-model-variant": {"exact": "canary"}}}]
        (target,) = route["route"]
        assert target["destination"]["host"] == "istio-canary"
        assert target["weight"] == 100
    # From the first step on; when it is given up, they get the old version.
    assert completed["istio"].behind["istio-canary"] == ["2"]
    assert gone_back["istio"].behind["istio-canary"][-1] == "2"


def test_the_commit_that_takes_a_version_back_ends_the_alarm(
    servers: dict[str, Server], gone_back: dict[str, Release]
) -> None:
    """`git revert` makes the Rollout Healthy again, without another canary."""
    before = {name: len(server.analyses("2")) for name, server in servers.items()}
    seen = release(servers, "2", lambda server: server.is_healthy("2"))
    assert set(seen) == set(gone_back)
    for name, found in seen.items():
        assert len(found.analyses) == before[name]
        assert all(set(shares) <= {0} for shares in found.shares.values())


#: What is broken -> what it is generated from, file and what is replaced in it, and what is said.
BROKEN = {
    "an analysis that does not exist": (
        "default", "components/canary/rollout.yaml", "templateName: iris", "templateName: nobody",
        r"AnalysisTemplate 'nobody' not found",
    ),
    "a Service that does not exist": (
        "default", "components/canary/rollout.yaml", "canaryService: iris-canary", "canaryService: nobody",
        r'service "nobody" not found',
    ),
    "a plugin that is not installed": (
        "default", "**/rollout.yaml", "argoproj-labs/gatewayAPI:", "argoproj-labs/gateway:",
        r"plugin argoproj-labs/gateway not configured",
    ),
    "a route without the canary": (
        "default", "components/gateway-api/route.yaml", "name: iris-canary", "name: nobody",
        r"no backendRef names the Service",
    ),
    "a route that does not exist": (
        "default", "components/canary/rollout.yaml", "httpRoute: iris", "httpRoute: nobody", r"nobody.* not found",
    ),
    "a route of the mesh by another name": (
        "istio-canary", "components/istio/traffic.yaml", "- name: primary", "- name: first", r"primary.*not found",
    ),
    "a query that the analysis does not fill": (
        "default", "components/canary/rollout.yaml", "- name: namespace", "- name: space", r"args\.namespace",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def broken(
    controlled: tuple[Cluster, Prometheus], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Server]:
    """Every broken repository, applied; each copy of a repository gets a namespace of its own when it is rendered."""
    folder = tmp_path_factory.mktemp("broken")
    sources = {source for source, *_ in BROKEN.values()}
    whole = {
        source: generate(source, folder / source, "model_name=iris", "rollout=canary") for source in sources
    }
    found = {}
    for number, (what, (source, file, old, new, _)) in enumerate(BROKEN.items()):
        repository = whole[source].copy(folder / str(number))
        for path in repository.folder.glob(file):
            repository.replace(str(path.relative_to(repository.folder)), old, new)
        text = json.dumps(repository.rendered("overlays/prod"))
        found[what] = Server(*controlled, json.loads(text.replace("iris-prod", f"broken-{number}")))
        found[what].deploy("1")
    return found


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_repository_is_seen(broken: dict[str, Server], what: str) -> None:
    server, expected = broken[what], BROKEN[what][-1]
    server.cluster.wait("the complaint", lambda: re.search(expected, server.trouble()), 30)
    # What every other test waits for does not come about, and says why.
    with pytest.raises(AssertionError, match=expected):
        server.wait_healthy("1", seconds=2)
