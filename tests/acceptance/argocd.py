"""A real Argo CD beside a test's control plane: repo-server, application and ApplicationSet controllers, redis."""

from __future__ import annotations

import copy
import json
import os
import secrets
import time
from base64 import b64encode
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tests.acceptance.applications import State
from tests.acceptance.cluster import Cluster
from tests.acceptance.crds import install
from tests.acceptance.processes import free_port, patience
from tests.acceptance.programs import program

NAMESPACE = "argocd"
API = "argoproj.io/v1alpha1"
IN_CLUSTER = "https://kubernetes.default.svc"
#: Seconds after which Argo CD is told of a commit once more.
ASK_AGAIN = 10


class ArgoCD:
    """Argo CD on a cluster; it ends with the cluster's other programs."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        missing = install(
            cluster, [f"argoproj.io/{kind}" for kind in ("Application", "AppProject", "ApplicationSet")]
        )
        assert not missing, missing
        for item in _settings():
            answer = cluster.apply(item)
            assert answer.ok, f"{item['kind']} {item['metadata']['name']}: {answer.message}"
        self._start()

    def _start(self) -> None:
        cluster, spawn = self.cluster, self.cluster.processes.spawn
        redis, repo_server = free_port(), free_port()
        spawn("redis", [
            program("redis-server"), "--port", str(redis), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
        ])  # fmt: skip
        temporary = cluster.folder / "argocd"
        temporary.mkdir()
        for name in ("tls", "ssh", "gpg", "plugins"):
            (temporary / name).mkdir()
        (temporary / "ssh" / "ssh_known_hosts").touch()
        environment = {
            "HOME": str(temporary), "TMPDIR": str(temporary), "USER": "argocd",
            "PATH": f"{program('kustomize').parent}:{os.environ['PATH']}",
            "ARGOCD_GPG_ENABLED": "false", "ARGOCD_FAKE_IN_CLUSTER": "true",
            "ARGOCD_TLS_DATA_PATH": str(temporary / "tls"), "ARGOCD_SSH_DATA_PATH": str(temporary / "ssh"),
            "ARGOCD_GPG_DATA_PATH": str(temporary / "gpg"), "ARGOCD_ASK_PASS_SOCK": str(temporary / "ask-pass.sock"),
            "ARGOCD_PLUGINSOCKFILEPATH": str(temporary / "plugins"),
            # So that a test sees the health of each resource, not only that of the whole.
            "ARGOCD_APPLICATION_CONTROLLER_PERSIST_RESOURCE_HEALTH": "true",
            # Client-side throttling protects a shared API server; this one is nobody else's.
            "ARGOCD_K8S_CLIENT_QPS": "200", "ARGOCD_K8S_CLIENT_BURST": "400",
            # It reads the API's description again for each object that it applies; memory is not what is scarce.
            "GOGC": "400",
            "GIT_CONFIG_NOSYSTEM": "1", "KUBECONFIG": str(cluster.kubeconfig),
        }  # fmt: skip
        cache = ["--redis", f"127.0.0.1:{redis}"]
        # On loopback nobody else asks, so that the connections need no certificates.
        address = f"127.0.0.1:{repo_server}"
        spawn("argocd-repo-server", [
            program("argocd"), "argocd-repo-server", *cache, "--address", "127.0.0.1", "--port", str(repo_server),
            "--metrics-address", "127.0.0.1", "--metrics-port", str(free_port()), "--disable-tls",
        ], environment)  # fmt: skip
        common: list[str | Path] = [
            "--namespace",
            NAMESPACE,
            "--kubeconfig",
            cluster.kubeconfig,
            "--repo-server-plaintext",
        ]
        spawn("argocd-application-controller", [
            program("argocd"), "argocd-application-controller", *common, *cache, "--repo-server", address,
            "--metrics-port", str(free_port()),
        ], environment)  # fmt: skip
        spawn("argocd-applicationset-controller", [
            program("argocd"), "argocd-applicationset-controller", *common, "--argocd-repo-server", address,
            "--metrics-addr", f"127.0.0.1:{free_port()}", "--probe-addr", f"127.0.0.1:{free_port()}",
            "--webhook-addr", f"127.0.0.1:{free_port()}",
        ], environment)  # fmt: skip

    def register(
        self, name: str, url: str, token: str = "", labels: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        """Make a cluster known, as `argocd cluster add` does: a Secret. The cluster of Argo CD itself needs no token."""
        config = {"bearerToken": token, "tlsClientConfig": {"insecure": True}} if token else {}
        secret = {
            "apiVersion": "v1", "kind": "Secret",
            "metadata": {
                "name": f"cluster-{name}", "namespace": NAMESPACE,
                "labels": {"argocd.argoproj.io/secret-type": "cluster", **labels},
            },
            "stringData": {"name": name, "server": url, "config": json.dumps(config)},
        }  # fmt: skip
        answer = self.cluster.apply(secret)
        assert answer.ok, answer.message

    def connect(self, objects: list[dict[str, Any]]) -> list[str]:
        """What the generated argocd/README.md tells an administrator to do: apply argocd/.

        Returns the Helm charts that were left out of it: they would have to be downloaded.
        """
        charts = []
        for item in copy.deepcopy(objects):
            spec = item["spec"]
            for source in [source for source in spec.get("sources", []) if "chart" in source]:
                charts.append(f"{item['metadata']['name']}: {source['chart']} of {source['repoURL']}")
                spec["sources"].remove(source)
            answer = self.cluster.apply(item)
            assert answer.ok, f"{item['kind']} {item['metadata']['name']}: {answer.message}"
        return charts

    def states(self) -> dict[str, State]:
        """The state of every application now."""
        return {
            item["metadata"]["name"]: State(item)
            for item in self.cluster.items(API, "Application", NAMESPACE)
        }

    def state(self, name: str) -> State:
        """The application's state now; empty where there is no such application."""
        found = self.cluster.read(API, "Application", name, NAMESPACE)
        return State(found or {"metadata": {"name": name}})

    def refresh(self, kind: str, name: str) -> None:
        """Make an Application or ApplicationSet look at git now, as a git server's webhook does."""
        annotation = {
            "Application": ("argocd.argoproj.io/refresh", "normal"),
            "ApplicationSet": ("argocd.argoproj.io/application-set-refresh", "true"),
        }[kind]
        data = {"apiVersion": API, "kind": kind, "metadata": {"name": name, "namespace": NAMESPACE}}
        answer = self.cluster.merge(data, {"metadata": {"annotations": dict([annotation])}})
        assert answer.ok or answer.status == 404, answer.message

    def sync(self, name: str, **operation: Any) -> None:
        """Start a sync by hand, as `argocd app sync` does."""
        # The result of the last sync goes away, as Argo CD's own server does it: the controller would take what it says
        # for done, and apply nothing.
        wanted = {
            "operation": {"initiatedBy": {"username": "tester"}, "sync": operation},
            "status": {"operationState": None},
        }
        answer = None
        while answer is None or answer.status == 409:
            # Two operations at the same time would become one that nobody has asked for.
            idle = self.wait(
                name, "idle", lambda now: "operation" not in now.application and now.operation != "Running"
            )
            version = {"metadata": {"resourceVersion": idle.application["metadata"]["resourceVersion"]}}
            answer = self.cluster.merge(
                {"apiVersion": API, "kind": "Application", **idle.application}, version | wanted
            )
        assert answer.ok, answer.message

    def wait(self, name: str, what: str, wanted: Any, seconds: float = 120) -> State:
        """Wait until `wanted(state)`. Raises AssertionError with what Argo CD says of the application."""
        deadline = time.monotonic() + patience(seconds)
        while not wanted(self.state(name)):
            dead = [process for process in self.cluster.processes.started if not process.is_running]
            if dead or time.monotonic() > deadline:
                logs = self.cluster.processes.logs(dead) if dead else ""
                raise AssertionError(
                    f"not {what} within {seconds:.0f} s\n{self.state(name).explain()}\n{logs}"
                )
            time.sleep(0.2)
        return self.state(name)

    def settle(self, wanted: Mapping[str, Callable[[State], bool]], seconds: float = 400) -> list[str]:
        """Wait until all of the applications are as wanted; those that are not when time is up."""
        deadline = time.monotonic() + seconds
        while True:
            states = self.states()
            late = [name for name, is_so in wanted.items() if name not in states or not is_so(states[name])]
            if not late or time.monotonic() > deadline:
                return late
            time.sleep(1)

    def wait_for_commit(self, name: str, commit: str, seconds: float = 150) -> State:
        """Wait until the application is Synced to the commit and Healthy, and no sync is running."""
        asked = time.monotonic()

        def is_done(now: State) -> bool:
            nonlocal asked
            # What is asked while the controller is busy with an older commit is lost; else it looks every two minutes.
            if now.revision != commit and time.monotonic() > asked + ASK_AGAIN:
                self.refresh("Application", name)
                asked = time.monotonic()
            return now.is_done(commit)

        return self.wait(name, f"Synced to {commit[:7]} and Healthy", is_done, seconds)


def _settings() -> list[dict[str, Any]]:
    """The namespace, ConfigMaps and Secret that Argo CD's programs look for."""
    labels = {"app.kubernetes.io/part-of": "argocd"}
    items: list[dict[str, Any]] = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}]
    for name in ("argocd-cm", "argocd-rbac-cm", "argocd-ssh-known-hosts-cm", "argocd-tls-certs-cm", "argocd-gpg-keys-cm"):  # fmt: skip
        items.append({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}})
    key = b64encode(secrets.token_bytes(32)).decode()
    items.append({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "argocd-secret"}, "data": {"server.secretkey": key}})  # fmt: skip
    for item in items[1:]:
        item["metadata"] |= {"namespace": NAMESPACE, "labels": labels}
    return items
