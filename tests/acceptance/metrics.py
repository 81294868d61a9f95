"""Stands in for metrics-server, prometheus-adapter and KEDA's adapter: the test decides the load; autoscalers are real."""

from __future__ import annotations

import datetime
import json
import ssl
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.acceptance.cluster import Cluster
from tests.acceptance.processes import free_port

#: API group -> version: containers' use, numbers of pods, numbers of the world outside.
APIS = {"metrics.k8s.io": "v1beta1", "custom.metrics.k8s.io": "v1beta2", "external.metrics.k8s.io": "v1beta1"}
#: What the autoscaler finds when it looks for metrics of pods.
_RESOURCES = {
    "metrics.k8s.io": {"name": "pods", "namespaced": True, "kind": "PodMetrics", "verbs": ["get", "list"]},
    "custom.metrics.k8s.io": {"name": "pods/any", "namespaced": True, "kind": "MetricValueList", "verbs": ["get"]},
    "external.metrics.k8s.io": {"name": "any", "namespaced": True, "kind": "ExternalMetricValueList", "verbs": ["get"]},
}  # fmt: skip
#: A load of 1: so many requests wait at each server, and in all.
WAITING_EACH, WAITING_IN_ALL = 10, 20


class Metrics:
    """Answers the three metrics APIs. The API server reaches it as it reaches the real ones, through an APIService.

    `load` is by namespace; 0.5 for a namespace that it does not name. Containers use that share of their requests,
    and that share of WAITING_EACH and WAITING_IN_ALL waits.
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
        versions = [
            {
                "apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService",
                "metadata": {"name": f"{version}.{group}"},
                "spec": {
                    "group": group, "version": version, "insecureSkipTLSVerify": True,
                    "groupPriorityMinimum": 100, "versionPriority": 100, "service": {**name, "port": self.port},
                },
            }
            for group, version in APIS.items()
        ]  # fmt: skip
        for item in (service, *versions):
            answer = self.cluster.create(item)
            assert answer.ok, answer.message
        for group, version in APIS.items():
            self.cluster.wait(
                f"the API {group}", lambda url=f"/apis/{group}/{version}": self.cluster.get(url).ok
            )

    def answer(self, path: str, selector: str) -> dict[str, Any] | None:
        """What is said to `path`; None for a path that none of the APIs has."""
        match unquote(path).strip("/").split("/"):
            case ["apis", group, version, *words] if APIS.get(group) == version:
                return {"apiVersion": f"{group}/{version}"} | self._of(group, words, selector)
        return None

    def _of(self, group: str, words: list[str], selector: str) -> dict[str, Any]:
        match [group, *words]:
            case [_]:
                return {
                    "apiVersion": "v1", "kind": "APIResourceList", "groupVersion": f"{group}/{APIS[group]}",
                    "resources": [_RESOURCES[group]],
                }  # fmt: skip
            case ["metrics.k8s.io", "namespaces", namespace, "pods"]:
                return {"kind": "PodMetricsList", "metadata": {}, "items": self._used(namespace, selector)}
            case ["custom.metrics.k8s.io", "namespaces", namespace, "pods", "*", metric]:
                items = self._waiting(namespace, selector, metric)
                return {"kind": "MetricValueList", "metadata": {}, "items": items}
            case ["external.metrics.k8s.io", "namespaces", namespace, metric]:
                value = str(int(self._share(namespace) * WAITING_IN_ALL))
                items = [{"metricName": metric, "metricLabels": {}, "timestamp": _now(), "value": value}]
                return {"kind": "ExternalMetricValueList", "metadata": {}, "items": items}
        return {"kind": "Status", "code": 404}

    def _share(self, namespace: str) -> float:
        return self.load.get(namespace, 0.5)

    def _running(self, namespace: str, selector: str) -> list[dict[str, Any]]:
        pods = self.cluster.items("v1", "Pod", namespace, selector)
        return [pod for pod in pods if pod.get("status", {}).get("phase") == "Running"]

    def _used(self, namespace: str, selector: str) -> list[dict[str, Any]]:
        share = self._share(namespace)
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
            for pod in self._running(namespace, selector)
        ]

    def _waiting(self, namespace: str, selector: str, metric: str) -> list[dict[str, Any]]:
        value = str(int(self._share(namespace) * WAITING_EACH))
        return [
            {
                "describedObject": {"apiVersion": "v1", "kind": "Pod", "namespace": namespace, "name": pod["metadata"]["name"]},
                "metric": {"name": metric}, "timestamp": _now(), "value": value,
            }
            for pod in self._running(namespace, selector)
        ]  # fmt: skip

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        metrics = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                url = urlsplit(self.path)
                try:
                    found = metrics.answer(url.path, parse_qs(url.query).get("labelSelector", [""])[0])
                except OSError as error:  # the API server stops
                    self.send_error(503, str(error))
                    return
                content = json.dumps(found).encode()
                self.send_response(404 if found is None or "code" in found else 200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                pass

        return Handler


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


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
