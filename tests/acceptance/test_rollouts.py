"""Argo Rollouts: a canary of the generated server runs to its end, and back where its analysis fails.

The Rollout takes the pod template of the rendered Deployment. Its analysis asks Prometheus, for which a server of
the test stands in; steps go by numbers of pods, so that no traffic router is needed.
"""

from __future__ import annotations

import copy
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.acceptance.cluster import Cluster
from tests.acceptance.crds import group_kind, install
from tests.acceptance.nodes import add_node, add_volumes
from tests.acceptance.processes import free_port
from tests.acceptance.programs import program
from tests.acceptance.repositories import generate

API = "argoproj.io/v1alpha1"
NAME, NAMESPACE = "canary", "canary-prod"
REPLICAS = 4


class Prometheus:
    """Answers every query with `value`; the analysis wants less than 0.05 (a share of failed requests)."""

    def __init__(self) -> None:
        self.value = 0.0
        self.asked = 0
        self.port = free_port()
        this = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", "0")))
                self.do_GET()

            def do_GET(self) -> None:
                this.asked += 1
                result = {"resultType": "vector", "result": [{"metric": {}, "value": [0, str(this.value)]}]}
                content = json.dumps({"status": "success", "data": result}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class Canary:
    """The rollout, the cluster that runs it, and what its analysis asks."""

    def __init__(self, cluster: Cluster, prometheus: Prometheus, deployment: dict[str, Any]) -> None:
        self.cluster, self.prometheus = cluster, prometheus
        self.template = deployment["spec"]["template"]
        self.selector = deployment["spec"]["selector"]

    def rollout(self, digest: str) -> dict[str, Any]:
        template = copy.deepcopy(self.template)
        template["spec"]["containers"][0]["image"] = f"registry.example.com/ml/{NAME}@sha256:{digest * 64}"
        analysis = {"analysis": {"templates": [{"templateName": NAME}]}}
        steps = [
            {"setWeight": 25},
            {"pause": {"duration": "2s"}},
            analysis,
            {"setWeight": 50},
            {"pause": {"duration": "2s"}},
        ]
        return {
            "apiVersion": API, "kind": "Rollout", "metadata": {"name": NAME, "namespace": NAMESPACE},
            "spec": {
                "replicas": REPLICAS, "selector": self.selector, "template": template,
                "strategy": {"canary": {"maxSurge": 1, "maxUnavailable": 0, "steps": steps}},
            },
        }  # fmt: skip

    def analysis(self) -> dict[str, Any]:
        prometheus = {
            "address": f"http://127.0.0.1:{self.prometheus.port}",
            "query": "share_of_failed_requests",
        }
        metric = {
            "name": "errors", "interval": "1s", "count": 3, "failureLimit": 0,
            "successCondition": "result[0] < 0.05", "provider": {"prometheus": prometheus},
        }  # fmt: skip
        return {
            "apiVersion": API, "kind": "AnalysisTemplate", "metadata": {"name": NAME, "namespace": NAMESPACE},
            "spec": {"metrics": [metric]},
        }  # fmt: skip

    def apply(self, data: dict[str, Any]) -> None:
        answer = self.cluster.apply(data)
        assert answer.ok, f"{data['kind']}: {answer.message}"

    def status(self) -> dict[str, Any]:
        found = self.cluster.read(API, "Rollout", NAME, NAMESPACE) or {}
        status: dict[str, Any] = found.get("status", {})
        return status

    def running(self) -> dict[str, int]:
        """How many servers run each image, by the first digit of its digest."""
        found: dict[str, int] = {}
        for pod in self.cluster.items("v1", "Pod", NAMESPACE, "app.kubernetes.io/component=server"):
            if pod["status"].get("phase") == "Running" and "deletionTimestamp" not in pod["metadata"]:
                digest = pod["spec"]["containers"][0]["image"].split("sha256:")[1][0]
                found[digest] = found.get(digest, 0) + 1
        return found

    def wait(self, phase: str, running: dict[str, int], seconds: float = 90) -> None:
        try:
            self.cluster.wait(
                f"{phase} with {running}",
                lambda: self.status().get("phase") == phase and self.running() == running, seconds,
            )  # fmt: skip
        except AssertionError as error:
            raise AssertionError(f"{self.status()}\n{self.running()}\n{error}") from None


@pytest.fixture(scope="module")
def canary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Canary]:
    repository = generate("default", tmp_path_factory.mktemp("rollouts") / NAME, f"model_name={NAME}")
    objects = repository.rendered("overlays/prod")
    prometheus = Prometheus()
    with Cluster(controllers=True) as cluster:
        try:
            add_node(cluster, "gpu", gpus=8, platform="generic")
            kinds = ["Rollout", "AnalysisTemplate", "AnalysisRun", "ClusterAnalysisTemplate", "Experiment"]
            missing = install(
                cluster, [f"argoproj.io/{kind}" for kind in kinds] + [group_kind(item) for item in objects]
            )
            assert not missing
            assert cluster.create(
                {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "argo-rollouts"}}
            ).ok
            cluster.processes.spawn("argo-rollouts", [
                program("argo-rollouts"), "--kubeconfig", cluster.kubeconfig, "--namespace", "argo-rollouts",
                "--leader-elect=false", "--metricsport", str(free_port()), "--healthzPort", str(free_port()),
            ])  # fmt: skip
            add_volumes(cluster, objects)
            # The Rollout takes the Deployment's place; what watches over its pods stays.
            for item in objects:
                if item["kind"] not in ("Deployment", "HorizontalPodAutoscaler", "Job"):
                    assert cluster.apply(item).ok, item["kind"]
            made = Canary(cluster, prometheus, next(item for item in objects if item["kind"] == "Deployment"))
            made.apply(made.analysis())
            made.apply(made.rollout("1"))
            made.wait("Healthy", {"1": REPLICAS})
            yield made
        finally:
            prometheus.close()


def test_a_canary_runs_to_its_end(canary: Canary) -> None:
    canary.prometheus.value, canary.prometheus.asked = 0.0, 0
    seen: list[dict[str, int]] = []

    def ended() -> bool:
        if (now := canary.running()) not in seen:
            seen.append(now)
        return canary.status().get("phase") == "Healthy" and canary.running() == {"2": REPLICAS}

    canary.apply(canary.rollout("2"))
    canary.cluster.wait("the canary", ended, 120)
    assert canary.prometheus.asked >= 3, "the analysis asked nobody"
    # A quarter first, then half, never the other way round.
    shares = [now.get("2", 0) for now in seen]
    assert {1, 2} <= set(shares)
    assert shares == sorted(shares)
    # Never fewer servers than asked for: maxUnavailable is 0.
    assert all(sum(now.values()) >= REPLICAS for now in seen)


def test_a_canary_with_a_failed_analysis_goes_back(canary: Canary) -> None:
    before = canary.running()
    assert len(before) == 1
    canary.prometheus.value = 0.5
    canary.apply(canary.rollout("3"))
    canary.cluster.wait("the abort", lambda: canary.status().get("abort"), 120)
    canary.wait("Degraded", before)
    runs = canary.cluster.items(API, "AnalysisRun", NAMESPACE)
    assert "Failed" in {run["status"].get("phase") for run in runs}
    assert "aborted" in canary.status().get("message", "").lower()
    # The commit that takes the image back makes it Healthy again, without another canary.
    canary.prometheus.value = 0.0
    canary.apply(canary.rollout(next(iter(before))))
    canary.wait("Healthy", before)


def test_a_canary_that_has_no_analysis_template_does_not_start(canary: Canary) -> None:
    before = canary.running()
    broken = canary.rollout("4")
    broken["spec"]["strategy"]["canary"]["steps"][2]["analysis"]["templates"] = [{"templateName": "nobody"}]
    canary.apply(broken)
    canary.cluster.wait(
        "the complaint",
        lambda: any("nobody" in item.get("message", "") for item in canary.status().get("conditions", [])), 30,
    )  # fmt: skip
    with pytest.raises(AssertionError, match=r"InvalidSpec|Degraded"):
        canary.wait("Healthy", {"4": REPLICAS}, seconds=5)
    assert canary.running() == before
