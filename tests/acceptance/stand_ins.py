"""What stands in for controllers that cannot run here, because they need a cloud, a gateway or containers.

Everything that a test sees of these kinds is what the API server and Argo CD make of the object; that the real
controller would be content with it is not shown. STATUS names each kind and why it is here.
"""

from __future__ import annotations

import datetime
import json
import ssl
import subprocess
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.acceptance.cluster import Cluster
from tests.acceptance.processes import free_port


def _condition(kind: str, **more: Any) -> dict[str, Any]:
    return {
        "type": kind,
        "status": "True",
        "reason": kind,
        "message": "set by the acceptance test",
        "lastTransitionTime": _now(),
        **more,
    }


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _ready(data: dict[str, Any]) -> dict[str, Any]:
    del data
    return {"conditions": [_condition("Ready")]}


def _accepted(data: dict[str, Any]) -> dict[str, Any]:
    generation = {"observedGeneration": data["metadata"]["generation"]}
    conditions = [_condition(kind, **generation) for kind in ("Accepted", "ResolvedRefs")]
    return {
        "parents": [
            {"parentRef": parent, "controllerName": "example.com/stand-in", "conditions": conditions}
            for parent in data["spec"].get("parentRefs", [])
        ]
    }


#: kind -> why its controller does not run here, and the status that it would set.
STATUS: dict[tuple[str, str], tuple[str, Callable[[dict[str, Any]], dict[str, Any]]]] = {
    ("external-secrets.io/v1", "ExternalSecret"): ("there is no secret store to read", _ready),
    ("gateway.networking.k8s.io/v1", "HTTPRoute"): ("a gateway is a container with a load balancer", _accepted),
    ("gateway.networking.k8s.io/v1", "GRPCRoute"): ("a gateway is a container with a load balancer", _accepted),
    ("keda.sh/v1alpha1", "ScaledObject"): ("there is no Prometheus to ask", _ready),
}  # fmt: skip


class StandIns:
    """Sets the status of STATUS's objects within a second, until `close`."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.errors: list[str] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="stand-ins", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop."""
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(0.5):
            for (version, kind), (_, status) in STATUS.items():
                try:
                    for item in self.cluster.items(version, kind):
                        if not item.get("status"):
                            self.cluster.merge(item, {"status": status(item)}, part="status")
                except (OSError, AssertionError) as error:
                    self.errors.append(f"{kind}: {error}")


class Metrics:
    """Stands in for metrics-server: containers use the share of their requests that `load` says.

    `load` is by namespace; 0.5, half of what was requested, for a namespace that it does not name. The API server
    reaches it as it reaches the real one, through an APIService.
    """

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.load: dict[str, float] = {}
        self.port = free_port()
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), self._handler())
        self._server.daemon_threads = True
        self._server.socket = _certificate(cluster).wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, name="metrics", daemon=True)
        self._thread.start()
        self._register()

    def close(self) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _register(self) -> None:
        name = {"name": "metrics-server", "namespace": "kube-system"}
        service = {
            "apiVersion": "v1", "kind": "Service", "metadata": name,
            "spec": {"type": "ExternalName", "externalName": "localhost", "ports": [{"port": self.port}]},
        }  # fmt: skip
        version = {
            "apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService",
            "metadata": {"name": "v1beta1.metrics.k8s.io"},
            "spec": {
                "group": "metrics.k8s.io", "version": "v1beta1", "insecureSkipTLSVerify": True,
                "groupPriorityMinimum": 100, "versionPriority": 100, "service": {**name, "port": self.port},
            },
        }  # fmt: skip
        for item in (service, version):
            answer = self.cluster.create(item)
            assert answer.ok, answer.message
        self.cluster.wait(
            "the metrics API",
            lambda: self.cluster.get("/apis/metrics.k8s.io/v1beta1/namespaces/default/pods").ok,
        )

    def _pods(self, namespace: str, selector: str) -> list[dict[str, Any]]:
        share = self.load.get(namespace, 0.5)
        return [
            {
                "metadata": {key: pod["metadata"].get(key) for key in ("name", "namespace", "labels")},
                "timestamp": _now(),
                "window": "15s",
                "containers": [
                    {"name": container["name"], "usage": _usage(container, share)}
                    for container in pod["spec"]["containers"]
                ],
            }
            for pod in self.cluster.items("v1", "Pod", namespace, selector)
            if pod.get("status", {}).get("phase") == "Running"
        ]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        metrics = self
        prefix = "/apis/metrics.k8s.io/v1beta1"

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                url = urlsplit(self.path)
                words = url.path.removeprefix(prefix).strip("/").split("/")
                if url.path.rstrip("/") == prefix:
                    pods = {
                        "name": "pods",
                        "namespaced": True,
                        "kind": "PodMetrics",
                        "verbs": ["get", "list"],
                    }
                    self.answer(
                        {
                            "kind": "APIResourceList",
                            "groupVersion": "metrics.k8s.io/v1beta1",
                            "resources": [pods],
                        }
                    )
                elif url.path.startswith(prefix) and words[:1] == ["namespaces"] and words[2:] == ["pods"]:
                    selector = parse_qs(url.query).get("labelSelector", [""])[0]
                    self.answer(
                        {"kind": "PodMetricsList", "metadata": {}, "items": metrics._pods(words[1], selector)}
                    )
                else:
                    self.send_error(404)

            def answer(self, body: dict[str, Any]) -> None:
                content = json.dumps({"apiVersion": "metrics.k8s.io/v1beta1", **body}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                pass

        return Handler


def _usage(container: dict[str, Any], share: float) -> dict[str, str]:
    requests = container.get("resources", {}).get("requests", {})
    units = {"cpu": ("n", 1e9), "memory": ("", 1)}
    return {
        name: f"{int(_number(requests.get(name, '0')) * share * factor)}{suffix}"
        for name, (suffix, factor) in units.items()
    }


def _number(quantity: str) -> float:
    """The value of a quantity such as 250m or 2Gi."""
    factors = {"m": 1e-3, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "k": 1e3, "M": 1e6, "G": 1e9}
    for suffix, factor in factors.items():
        if quantity.endswith(suffix):
            return float(quantity.removesuffix(suffix)) * factor
    return float(quantity)


def _certificate(cluster: Cluster) -> ssl.SSLContext:
    key, certificate = cluster.folder / "metrics.key", cluster.folder / "metrics.crt"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
         "-keyout", key, "-out", certificate], check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context
