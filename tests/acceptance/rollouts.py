"""Argo Rollouts: the real controller, and what stands in for the Prometheus and the Gateway API plugin it talks to."""

from __future__ import annotations

import json
import threading
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.acceptance.cluster import Cluster
from tests.acceptance.crds import install
from tests.acceptance.processes import free_port
from tests.acceptance.programs import program

API = "argoproj.io/v1alpha1"
NAMESPACE = "argo-rollouts"
#: Its own kinds, and those of Istio, which it only watches where they are there when it starts.
KINDS = (
    "argoproj.io/Rollout", "argoproj.io/AnalysisTemplate", "argoproj.io/ClusterAnalysisTemplate",
    "argoproj.io/AnalysisRun", "argoproj.io/Experiment", "networking.istio.io/VirtualService",
    "networking.istio.io/DestinationRule",
)  # fmt: skip
#: The plugin that a generated Rollout names. programs/traffic-router stands in: the Go module of the real one
#: (github.com/argoproj-labs/rollouts-plugin-trafficrouter-gatewayapi) is not on the module proxy.
PLUGIN = "argoproj-labs/gatewayAPI"
#: What a Prometheus answers that has seen no request, and what is there when it is not.
NO_SERIES, UNREACHABLE = "no series", "unreachable"
#: A number, one of these two, or what makes one of them of a query.
Answer = float | str | Callable[[str], float | str]


@dataclass(frozen=True)
class Question:
    """What was asked of Prometheus: under which address, and the query."""

    address: str
    query: str

    def is_about(self, namespace: str) -> bool:
        """Whether it picks the series of a namespace."""
        return f'namespace="{namespace}"' in self.query


class Prometheus:
    """Stands in for Prometheus, under whatever address a manifest gives it: the controller takes it for its proxy.

    `answers` is by namespace; of one that it does not name there are no series.
    """

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.asked: list[Question] = []
        self.port = free_port()
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="prometheus", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def asked_about(self, namespace: str) -> list[Question]:
        """The questions so far about a namespace."""
        return [question for question in self.asked if question.is_about(namespace)]

    def answer(self, question: Question) -> float | str:
        """A number, NO_SERIES or UNREACHABLE."""
        self.asked.append(question)
        for namespace, answer in self.answers.items():
            if question.is_about(namespace):
                return answer(question.query) if callable(answer) else answer
        return NO_SERIES

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        prometheus = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                self.reply(self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode())

            def do_GET(self) -> None:
                self.reply(urlsplit(self.path).query)

            def reply(self, form: str) -> None:
                url = urlsplit(self.path)
                query = parse_qs(form).get("query", [""])[0]
                answer = prometheus.answer(Question(f"{url.scheme}://{url.netloc}", query))
                # The API writes numbers as text, and "not a number" its own way.
                value = [0, str(answer).replace("nan", "NaN")]
                result = [] if answer == NO_SERIES else [{"metric": {}, "value": value}]
                data = {"resultType": "vector", "result": result}
                content = json.dumps({"status": "success", "data": data}).encode()
                self.send_response(503 if answer == UNREACHABLE else 200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                pass

        return Handler


def start_rollouts(cluster: Cluster, prometheus: Prometheus) -> None:
    """Start the controller with its definitions, its configuration and the plugin; it stops with the cluster."""
    missing = install(cluster, KINDS)
    assert not missing, f"nobody defines {sorted(missing)}"
    plugins = [{"name": PLUGIN, "location": f"file://{program('traffic-router')}"}]
    objects: list[dict[str, Any]] = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}},
        {
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": "argo-rollouts-config", "namespace": NAMESPACE},
            "data": {"trafficRouterPlugins": json.dumps(plugins)},
        },
    ]  # fmt: skip
    for item in objects:
        answer = cluster.create(item)
        assert answer.ok, answer.message
    health = free_port()
    cluster.processes.spawn(
        "argo-rollouts",
        [
            program("argo-rollouts"), "--kubeconfig", cluster.kubeconfig, "--namespace", NAMESPACE, "--leader-elect=false",
            "--qps=200", "--burst=400", "--metricsport", str(free_port()), "--healthzPort", str(health),
        ],
        # So the addresses in the manifests stay as generated. The API server is on loopback, which has no proxy.
        {"HTTP_PROXY": f"http://127.0.0.1:{prometheus.port}", "KUBECONFIG": str(cluster.kubeconfig)},
    )  # fmt: skip
    cluster.wait("Argo Rollouts", lambda: _is_up(health))


def _is_up(port: int) -> bool:
    """Whether the controller says so itself."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
        return bool(answer.status == 200)
