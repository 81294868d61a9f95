"""A real control plane on loopback: plain processes in a temporary folder.

`python -m tests.acceptance.cluster` starts one, prints its kubeconfig and keeps it until Ctrl-C.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import secrets
import signal
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.acceptance.api import Answer, Api
from tests.acceptance.processes import Processes, free_port
from tests.acceptance.programs import program

__all__ = ["Answer", "Cluster"]

CONTEXT = "kustodian-acceptance"


class Cluster(Api):
    """etcd and an API server, and with `controllers` also the controllers, the scheduler and fake nodes (kwok).

    Use it as a context manager. With `controllers`, HorizontalPodAutoscalers act within seconds.
    """

    def __init__(self, *, controllers: bool = False) -> None:
        self.controllers = controllers
        self.port = free_port()
        super().__init__(f"https://127.0.0.1:{self.port}", secrets.token_hex(16))

    def __enter__(self) -> Self:
        """Start the programs and wait until they are ready."""
        self.processes = Processes()
        try:
            self._start()
            if self.controllers:
                self._start_controllers()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop what was started, newest first, and delete the folder."""
        self.close()

    def close(self) -> None:
        """Stop everything and leave nothing behind."""
        self.disconnect()
        self.processes.close()
        # Whoever asks for metrics may have asked until now, and been answered over a new connection.
        self.disconnect()

    def wait(self, what: str, ready: Any, seconds: float = 120) -> None:
        """Ask until it is so. Raises AssertionError with the logs where a program ended or time is up."""
        self.processes.wait(what, ready, seconds)

    @property
    def folder(self) -> Path:
        """The temporary folder of all programs."""
        return self.processes.folder

    @property
    def kubeconfig(self) -> Path:
        """The configuration of a client that may do everything; its one context is CONTEXT."""
        path = self.folder / "kubeconfig"
        if not path.exists():
            cluster = {"server": self.url, "insecure-skip-tls-verify": True}
            content = {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [{"name": CONTEXT, "cluster": cluster}],
                "users": [{"name": "admin", "user": {"token": self.token}}],
                "contexts": [{"name": CONTEXT, "context": {"cluster": CONTEXT, "user": "admin"}}],
                "current-context": CONTEXT,
            }
            path.write_text(json.dumps(content))
        return path

    def _start(self) -> None:
        client, peer = free_port(), free_port()
        etcd = f"http://127.0.0.1:{client}"
        self.processes.spawn("etcd", [
            program("etcd"), "--data-dir", self.folder / "etcd", "--listen-client-urls", etcd,
            "--advertise-client-urls", etcd, "--listen-peer-urls", f"http://127.0.0.1:{peer}",
            "--initial-advertise-peer-urls", f"http://127.0.0.1:{peer}",
            "--initial-cluster", f"default=http://127.0.0.1:{peer}", "--unsafe-no-fsync",
        ])  # fmt: skip
        key, public = self.folder / "sa.key", self.folder / "sa.pub"
        subprocess.run(["openssl", "genrsa", "-out", key, "2048"], check=True, capture_output=True)
        subprocess.run(
            ["openssl", "rsa", "-in", key, "-pubout", "-out", public], check=True, capture_output=True
        )
        tokens = self.folder / "tokens.csv"
        tokens.write_text(f'{self.token},admin,admin,"system:masters"\n')
        self.processes.spawn("kube-apiserver", [
            program("controlplane"), "kube-apiserver", f"--etcd-servers={etcd}", f"--secure-port={self.port}",
            "--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", f"--cert-dir={self.folder / 'certs'}",
            f"--service-account-key-file={public}", f"--service-account-signing-key-file={key}",
            "--service-account-issuer=https://kubernetes.default.svc", f"--token-auth-file={tokens}",
            "--authorization-mode=RBAC,Node", "--service-cluster-ip-range=10.96.0.0/16",
            "--endpoint-reconciler-type=none", "--allow-privileged=true",
            # Without controllers nobody makes the default service accounts that this one looks for.
            *([] if self.controllers else ["--disable-admission-plugins=ServiceAccount"]),
        ])  # fmt: skip
        self.wait("the API server", lambda: self.get("/readyz").status == 200)

    def _start_controllers(self) -> None:
        kubeconfig = f"--kubeconfig={self.kubeconfig}"
        self.processes.spawn("kube-controller-manager", [
            program("controlplane"), "kube-controller-manager", kubeconfig, "--secure-port=0",
            f"--service-account-private-key-file={self.folder / 'sa.key'}", "--use-service-account-credentials",
            "--leader-elect=false", "--controllers=*,-node-ipam-controller", "--kube-api-qps=200",
            "--kube-api-burst=400", "--horizontal-pod-autoscaler-sync-period=2s",
            "--horizontal-pod-autoscaler-cpu-initialization-period=1s",
            "--horizontal-pod-autoscaler-initial-readiness-delay=1s",
            # Pods that leave while others come may stay counted until the next full count.
            "--resource-quota-sync-period=5s",
        ])  # fmt: skip
        self.processes.spawn("kube-scheduler", [
            program("controlplane"), "kube-scheduler", kubeconfig, "--secure-port=0", "--leader-elect=false",
        ])  # fmt: skip
        self.processes.spawn(
            "kwok",
            [program("kwok"), kubeconfig, "--manage-all-nodes=true", "--node-lease-duration-seconds=40"],
        )
        self.wait(
            "the default service account", lambda: self.read("v1", "ServiceAccount", "default", "default")
        )


def main() -> None:
    """Keep a cluster until Ctrl-C."""
    parser = argparse.ArgumentParser(description="Run a control plane on loopback until Ctrl-C.")
    parser.add_argument("--controllers", action="store_true", help="also controllers, scheduler and kwok")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt), Cluster(controllers=arguments.controllers) as cluster:
        print(f"export KUBECONFIG={cluster.kubeconfig}", flush=True)
        signal.pause()


if __name__ == "__main__":
    main()
