"""A real API server on loopback: etcd and kube-apiserver as plain processes in a temporary folder."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.acceptance.programs import program

TOKEN = "kustodian-acceptance"


def free_port() -> int:
    """A port that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Process:
    """A program that was started, its log, and the only thing that is ever stopped."""

    name: str
    popen: subprocess.Popen[bytes]
    log: Path

    def stop(self) -> None:
        """End it and wait until it is gone."""
        if self.popen.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.popen.pid, signal.SIGTERM)
            try:
                self.popen.wait(timeout=20)
            except subprocess.TimeoutExpired:
                os.killpg(self.popen.pid, signal.SIGKILL)
                self.popen.wait()

    def tail(self) -> str:
        """The last lines of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])


@dataclass
class Answer:
    """What the API server answered: status, the parsed body, and warnings."""

    status: int
    body: dict[str, Any]
    warnings: list[str] = field(default_factory=list)

    @property
    def message(self) -> str:
        """The message of a Status."""
        return str(self.body.get("message", ""))


class Cluster:
    """A control plane; use as a context manager. `start` names further programs of the multi-call binary."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="kustodian-cluster-")
        self.folder = Path(self._folder.name)
        self.processes: list[Process] = []
        self.port = free_port()
        self.url = f"https://127.0.0.1:{self.port}"
        self._context = ssl.create_default_context()
        self._context.check_hostname = False
        self._context.verify_mode = ssl.CERT_NONE
        self._resources: dict[tuple[str, str], dict[str, Any]] = {}

    def __enter__(self) -> Self:
        """Start etcd and the API server and wait until it is ready."""
        try:
            self._start()
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
        for process in reversed(self.processes):
            process.stop()
        self.processes.clear()
        self._folder.cleanup()

    def spawn(
        self, name: str, command: Sequence[str | Path], env: Mapping[str, str] | None = None
    ) -> Process:
        """Start a program in a process group of its own."""
        log = self.folder / f"{name}.log"
        with log.open("wb") as output:
            popen = subprocess.Popen(
                [str(word) for word in command], cwd=self.folder, env={**os.environ, **(env or {})},
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        process = Process(name, popen, log)
        self.processes.append(process)
        return process

    def _start(self) -> None:
        client, peer = free_port(), free_port()
        etcd = f"http://127.0.0.1:{client}"
        self.spawn("etcd", [
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
        tokens.write_text(f'{TOKEN},admin,admin,"system:masters"\n')
        self.spawn("kube-apiserver", [
            program("controlplane"), "kube-apiserver", f"--etcd-servers={etcd}", f"--secure-port={self.port}",
            "--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", f"--cert-dir={self.folder / 'certs'}",
            f"--service-account-key-file={public}", f"--service-account-signing-key-file={key}",
            "--service-account-issuer=https://kubernetes.default.svc", f"--token-auth-file={tokens}",
            "--authorization-mode=RBAC,Node", "--service-cluster-ip-range=10.96.0.0/16",
            "--endpoint-reconciler-type=none", "--allow-privileged=true",
            # Nobody makes the default service accounts that it would look for.
            "--disable-admission-plugins=ServiceAccount",
        ])  # fmt: skip
        self.wait("the API server", lambda: self.get("/readyz").status == 200)

    def wait(self, what: str, ready: Any, seconds: float = 120) -> None:
        """Ask until it is so. Raises AssertionError with the logs where a program ended or time is up."""
        deadline = time.monotonic() + seconds
        while True:
            with contextlib.suppress(OSError):
                if ready():
                    return
            dead = [process for process in self.processes if process.popen.poll() is not None]
            if dead or time.monotonic() > deadline:
                logs = "\n".join(
                    f"--- {process.name}\n{process.tail()}" for process in dead or self.processes
                )
                raise AssertionError(f"{what} did not become ready\n{logs}")
            time.sleep(0.1)

    # --- the API ---------------------------------------------------------------------------------------

    def get(self, path: str) -> Answer:
        """GET a path of the API."""
        return self._request("GET", path)

    def create(
        self, data: dict[str, Any], namespace: str = "default", *, dry_run: bool = False, strict: bool = True
    ) -> Answer:
        """Create an object; `namespace` is for one that names none, `strict` refuses unknown fields."""
        query = {"fieldValidation": "Strict" if strict else "Ignore"} | ({"dryRun": "All"} if dry_run else {})
        return self._request("POST", f"{self._path(data, namespace)}?{urllib.parse.urlencode(query)}", data)

    def apply(self, data: dict[str, Any], namespace: str = "default", *, dry_run: bool = False) -> Answer:
        """Server-side apply with strict field validation."""
        query = {"fieldManager": "kustodian-test", "force": "true", "fieldValidation": "Strict"}
        query |= {"dryRun": "All"} if dry_run else {}
        path = f"{self._path(data, namespace)}/{data['metadata']['name']}?{urllib.parse.urlencode(query)}"
        return self._request("PATCH", path, data, "application/apply-patch+yaml")

    def delete(self, data: dict[str, Any], namespace: str = "default") -> Answer:
        """Ask for the object's deletion; finalizers may keep it for a while."""
        return self._request("DELETE", f"{self._path(data, namespace)}/{data['metadata']['name']}")

    def knows(self, data: dict[str, Any]) -> bool:
        """Whether the API server serves the object's kind."""
        return self._resource(data) is not None

    def is_namespaced(self, data: dict[str, Any]) -> bool:
        """Whether objects of the kind live in a namespace."""
        resource = self._resource(data)
        return bool(resource and resource["namespaced"])

    def _path(self, data: dict[str, Any], namespace: str) -> str:
        resource = self._resource(data)
        assert resource is not None, f"the API server does not serve {data['apiVersion']} {data['kind']}"
        base = ("/api/" if "/" not in data["apiVersion"] else "/apis/") + data["apiVersion"]
        if resource["namespaced"]:
            return f"{base}/namespaces/{data['metadata'].get('namespace') or namespace}/{resource['name']}"
        return f"{base}/{resource['name']}"

    def _resource(self, data: dict[str, Any]) -> dict[str, Any] | None:
        version, kind = data["apiVersion"], data["kind"]
        if (version, kind) not in self._resources:
            base = ("/api/" if "/" not in version else "/apis/") + version
            for resource in self.get(base).body.get("resources", []):
                if "/" not in resource["name"]:
                    self._resources[version, resource["kind"]] = resource
        return self._resources.get((version, kind))

    def _request(self, method: str, path: str, data: Any = None, media: str = "application/json") -> Answer:
        request = urllib.request.Request(
            self.url + path, method=method, data=None if data is None else json.dumps(data).encode(),
            headers={"Authorization": f"Bearer {TOKEN}", "Content-Type": media, "Accept": "application/json"},
        )  # fmt: skip
        try:
            with urllib.request.urlopen(request, context=self._context, timeout=60) as answer:
                return _answer(answer.status, answer.read(), answer.headers)
        except urllib.error.HTTPError as error:
            return _answer(error.code, error.read(), error.headers)


def _answer(status: int, content: bytes, headers: Any) -> Answer:
    try:
        body = json.loads(content)
    except ValueError:
        body = {"message": content.decode("utf-8", "replace")}
    return Answer(status, body if isinstance(body, dict) else {}, headers.get_all("Warning") or [])
