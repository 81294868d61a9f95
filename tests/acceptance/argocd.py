"""A real Argo CD beside a test's control plane: repo-server, application and ApplicationSet controllers, redis."""

from __future__ import annotations

import os
import secrets
import time
from base64 import b64encode
from dataclasses import dataclass
from typing import Any

import yaml

from tests.acceptance.api import Answer
from tests.acceptance.cluster import Cluster
from tests.acceptance.crds import install
from tests.acceptance.processes import free_port
from tests.acceptance.programs import program
from tests.acceptance.repositories import Repository

NAMESPACE = "argocd"
API = "argoproj.io/v1alpha1"
#: Seconds between two looks at git. Argo CD's default is two minutes; nothing else of its settings is changed.
RESYNC = 5


@dataclass(frozen=True)
class State:
    """What Argo CD says of an application, read once."""

    application: dict[str, Any]

    @property
    def _status(self) -> dict[str, Any]:
        status: dict[str, Any] = self.application.get("status", {})
        return status

    @property
    def sync(self) -> str:
        """Synced, OutOfSync or Unknown."""
        return str(self._status.get("sync", {}).get("status", "Unknown"))

    @property
    def health(self) -> str:
        """Healthy, Progressing, Degraded, …"""
        return str(self._status.get("health", {}).get("status", "Unknown"))

    @property
    def revision(self) -> str:
        """The commit that was compared."""
        return str(self._status.get("sync", {}).get("revision", ""))

    @property
    def operation(self) -> str:
        """Running, Succeeded, Failed or Error; empty where nothing was ever synced."""
        return str(self._status.get("operationState", {}).get("phase", ""))

    @property
    def finished(self) -> str:
        """When the last sync ended."""
        return str(self._status.get("operationState", {}).get("finishedAt", ""))

    @property
    def resources(self) -> dict[str, str]:
        """`kind/name` -> Synced, OutOfSync or Unknown."""
        return {
            f"{item['kind']}/{item['name']}": item.get("status", "Unknown")
            for item in self._status.get("resources", [])
        }

    def explain(self) -> str:
        """All that helps to see why it is not what a test waits for."""
        operation = self._status.get("operationState", {})
        lines = [
            f"{self.application['metadata']['name']}: {self.sync}, {self.health}, sync {self.operation}: "
            f"{operation.get('message', '')}",
            *(f"  {item['type']}: {item['message']}" for item in self._status.get("conditions", [])),
        ]
        for item in operation.get("syncResult", {}).get("resources", []):
            if item.get("status") not in ("Synced", "Pruned") or item.get("hookPhase") in ("Failed", "Error"):
                lines.append(f"  {item['kind']}/{item['name']}: {item.get('status')} {item.get('message')}")
        lines += [f"  {name}: {status}" for name, status in self.resources.items() if status != "Synced"]
        return "\n".join(lines)


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
            "ARGOCD_RECONCILIATION_TIMEOUT": f"{RESYNC}s", "ARGOCD_RECONCILIATION_JITTER": "0s",
            "ARGOCD_APPLICATIONSET_CONTROLLER_REQUEUE_AFTER": f"{RESYNC}s",
            "GIT_CONFIG_NOSYSTEM": "1", "KUBECONFIG": str(cluster.kubeconfig),
        }  # fmt: skip
        cache = ["--redis", f"127.0.0.1:{redis}"]
        # On loopback nobody else asks, so that the connections need no certificates.
        address = f"127.0.0.1:{repo_server}"
        spawn("argocd-repo-server", [
            program("argocd"), "argocd-repo-server", *cache, "--address", "127.0.0.1", "--port", str(repo_server),
            "--metrics-address", "127.0.0.1", "--metrics-port", str(free_port()), "--disable-tls",
            "--revision-cache-expiration", f"{RESYNC}s",
        ], environment)  # fmt: skip
        common = ["--namespace", NAMESPACE, "--kubeconfig", cluster.kubeconfig, "--repo-server-plaintext"]
        spawn("argocd-application-controller", [
            program("argocd"), "argocd-application-controller", *common, *cache, "--repo-server", address,
            "--metrics-port", str(free_port()),
        ], environment)  # fmt: skip
        spawn("argocd-applicationset-controller", [
            program("argocd"), "argocd-applicationset-controller", *common, "--argocd-repo-server", address,
            "--metrics-addr", f"127.0.0.1:{free_port()}", "--probe-addr", f"127.0.0.1:{free_port()}",
            "--webhook-addr", f"127.0.0.1:{free_port()}",
        ], environment)  # fmt: skip

    def connect(self, repository: Repository) -> None:
        """What the generated argocd/README.md tells an administrator to do: apply argocd/."""
        for item in repository.rendered("argocd"):
            answer = self.cluster.apply(item)
            assert answer.ok, f"{item['kind']} {item['metadata']['name']}: {answer.message}"

    def state(self, name: str) -> State:
        """The application's state now; empty where there is no such application."""
        found = self.cluster.read(API, "Application", name, NAMESPACE)
        return State(found or {"metadata": {"name": name}})

    def refresh_set(self, name: str) -> None:
        """Make an ApplicationSet look at git now, as a webhook does."""
        data = {
            "apiVersion": API,
            "kind": "ApplicationSet",
            "metadata": {"name": name, "namespace": NAMESPACE},
        }
        annotations = {"argocd.argoproj.io/application-set-refresh": "true"}
        answer = self.cluster.merge(data, {"metadata": {"annotations": annotations}})
        assert answer.ok, answer.message

    def sync(self, name: str, **operation: Any) -> None:
        """Start a sync by hand, as `argocd app sync` does."""
        data = {"apiVersion": API, "kind": "Application", "metadata": {"name": name, "namespace": NAMESPACE}}
        # A sync that runs would take this one's fields for its own.
        self.wait(
            name, "idle",
            lambda now: "operation" not in now.application and now.operation != "Running",
        )  # fmt: skip
        change = {"operation": {"initiatedBy": {"username": "tester"}, "sync": operation}}
        answer: Answer = self.cluster.merge(data, change)
        assert answer.ok, answer.message

    def wait(self, name: str, what: str, wanted: Any, seconds: float = 120) -> State:
        """Wait until `wanted(state)`. Raises AssertionError with what Argo CD says of the application."""
        deadline = time.monotonic() + seconds
        while not wanted(self.state(name)):
            dead = [process for process in self.cluster.processes.started if not process.is_running]
            if dead or time.monotonic() > deadline:
                logs = self.cluster.processes.logs(dead) if dead else ""
                raise AssertionError(
                    f"not {what} within {seconds:.0f} s\n{self.state(name).explain()}\n{logs}"
                )
            time.sleep(0.2)
        return self.state(name)

    def wait_for_commit(self, name: str, commit: str, seconds: float = 150) -> State:
        """Wait until the application is Synced to the commit and Healthy, and no sync is running."""
        return self.wait(
            name, f"Synced to {commit[:7]} and Healthy",
            lambda now: (now.sync, now.health, now.operation) == ("Synced", "Healthy", "Succeeded") and now.revision == commit,
            seconds,
        )  # fmt: skip


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


def application_names(repository: Repository) -> list[str]:
    """The applications that the repository's ApplicationSet makes."""
    answers = yaml.safe_load((repository.folder / ".kustodian-answers.yaml").read_text())
    return [f"{answers['model_name']}-{environment}" for environment in repository.environments]
