"""The sample application of a generated repository, in an environment made from its own lock files.

Its own tests run first. Then it runs as in the cluster: the train job and the server of the rendered prod overlay,
with their command, user, environment and volumes, on a root file system that is read-only.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.generator.repositories import Repository, answers_of, make, of
from tests.support.container import Container

LOCKS = ("requirements.txt", "requirements-dev.txt", "requirements-cache.txt")
ARTICLE = {"features": [6.0, 2.9, 4.5, 1.5]}
KEY = "first-key"
USER = 10001


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    root = tmp_path_factory.mktemp("app") / "repository"
    return make(answers_of(None, {"accelerator": "none", "cache": "redis", "pipeline": "spark"}), root)


@pytest.fixture(scope="module")
def venv(repository: Repository, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with exactly what the lock files say."""
    folder = tmp_path_factory.mktemp("venv")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    install = [folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--require-hashes"]
    for lock in LOCKS:
        install += ["--requirement", repository.root / "app" / lock]
    subprocess.run(install, check=True)
    folder.chmod(0o755)
    return folder


def test_its_own_tests_succeed_and_none_is_skipped(repository: Repository, venv: Path) -> None:
    done = subprocess.run(
        [venv / "bin" / "python", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-rs"],
        cwd=repository.root / "app", env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "skipped" not in done.stdout


# --- as in the cluster -------------------------------------------------------------------------------


@dataclass
class Cluster:
    """What the containers of prod share: the image and the volumes."""

    repository: Repository
    venv: Path
    folder: Path

    def __post_init__(self) -> None:
        app = self.repository.root / "app"
        self.app, self.models, self.keys = (self.folder / name for name in ("app", "models", "keys"))
        self.app.mkdir()
        for file in app.glob("*.py"):  # what .dockerignore leaves
            shutil.copy(file, self.app)
        self.models.mkdir()
        os.chown(self.models, 0, USER)  # as fsGroup makes it
        self.models.chmod(0o2775)
        self.keys.mkdir()
        (self.keys / "api-keys").write_text(f"{KEY}\n", encoding="utf-8")
        os.chown(self.keys / "api-keys", 0, USER)
        (self.keys / "api-keys").chmod(0o440)

    def container(self, kind: str, name: str) -> Container:
        """The container of the one object of a kind with that container."""
        pods = [item["spec"]["template"]["spec"] for item in of(self.repository.objects["prod"], kind)]
        (pod,) = (pod for pod in pods if [item["name"] for item in pod["containers"]] == [name])
        secret = self.folder / "redis"
        secret.mkdir(exist_ok=True)
        (secret / "password").write_text("secret", encoding="utf-8")
        volumes = {"models": self.models, "api-keys": self.keys, "redis": secret}
        return Container(pod, name, {"/opt/venv": self.venv, "/app": self.app}, "/app", volumes)

    def root(self) -> Path:
        """A new empty folder for a container's root."""
        folder = self.folder / f"root-{time.monotonic_ns()}"
        folder.mkdir()
        return folder

    @property
    def dockerfile(self) -> list[str]:
        return (self.repository.root / "app" / "Dockerfile").read_text(encoding="utf-8").splitlines()

    def image_environment(self) -> dict[str, str]:
        """What the Dockerfile's last ENV sets."""
        lines = self.dockerfile
        start = max(number for number, line in enumerate(lines) if line.startswith("ENV "))
        words = lines[start].removeprefix("ENV ")
        while words.endswith("\\"):
            start += 1
            words = words[:-1] + lines[start]
        found = dict(word.split("=", 1) for word in words.split())
        return {**found, "PATH": found["PATH"].replace("$PATH", "/usr/bin:/bin")}

    def command(self, words: list[str]) -> list[str]:
        """A command of the image: its programs lie in /opt/venv, whose scripts name the folder they were made in."""
        program = f"/opt/venv/bin/{words[0]}"
        return (
            [program, *words[1:]] if words[0] == "python" else ["/opt/venv/bin/python", program, *words[1:]]
        )

    def train(self) -> str:
        """The train job, as Argo CD runs it before the servers."""
        job = self.container("Job", "train")
        return job.run(self.command(job.spec["command"]), self.root(), **self.image_environment())


@pytest.fixture(scope="module")
def cluster(repository: Repository, venv: Path, tmp_path_factory: pytest.TempPathFactory) -> Cluster:
    cluster = Cluster(repository, venv, tmp_path_factory.mktemp("cluster"))
    assert "wrote /models/" in cluster.train()
    return cluster


@dataclass
class Server:
    """A running server, and what it says to a request."""

    process: subprocess.Popen[str]
    port: int

    def ask(
        self, path: str, body: bytes | None = None, *, key: str | None = KEY, method: str | None = None
    ) -> tuple[int, str, bytes]:
        """Status, content type and body of the answer."""
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", body, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.headers["Content-Type"], answer.read()
        except urllib.error.HTTPError as answer:
            with answer:
                return answer.code, answer.headers["Content-Type"], answer.read()


@pytest.fixture
def server(cluster: Cluster) -> Iterator[Server]:
    """The Deployment's server, with the Dockerfile's CMD; only the port is ours."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    container = cluster.container("Deployment", "server")
    assert "command" not in container.spec and "args" not in container.spec
    words = json.loads(cluster.dockerfile[-1].removeprefix("CMD "))
    # Nothing on this machine is the cache: the server has to do without.
    more = {**cluster.image_environment(), "PORT": str(port), "REDIS_URL": "redis://127.0.0.1:9/0"}
    process = container.start(cluster.command(words), cluster.root(), **container.environment(**more))
    server = Server(process, port)
    deadline = time.monotonic() + 180
    probe = container.spec["readinessProbe"]["httpGet"]["path"]
    while True:
        if process.poll() is not None:
            raise AssertionError(process.communicate()[0])
        try:
            status, _, answer = server.ask(probe)
        except OSError:
            assert time.monotonic() < deadline, "the server did not become ready within three minutes"
            time.sleep(0.1)
            continue
        assert status == 200, answer
        break
    yield server
    process.terminate()
    process.communicate(timeout=120)


def test_a_revision_is_trained_once_and_loaded_by_another_process_that_may_only_read(
    cluster: Cluster,
) -> None:
    assert "nothing to do" in cluster.train()
    server = cluster.container("Deployment", "server")
    code = (
        "import os; from model import load, model_path; assert not os.access(model_path(), os.W_OK);"
        "print(load(model_path()).predict([[6.0, 2.9, 4.5, 1.5]]).tolist())"
    )
    command = ["/opt/venv/bin/python", "-c", code]
    assert server.run(command, cluster.root(), **cluster.image_environment()).strip() == "[1]"


def test_only_the_declared_volumes_can_be_written_to_and_nobody_is_root(cluster: Cluster) -> None:
    code = """
import json, os
def writable(folder):
    try:
        with open(os.path.join(folder, "probe"), "w") as file: file.write("x")
    except OSError: return False
    return True
folders = ["/", "/app", "/opt/venv", "/models", "/etc", "/usr/bin", "/usr/lib", "/var/tmp", "/dev", "/tmp", "/dev/shm"]
try: os.setuid(0); root = True
except OSError: root = False
with open("/proc/self/status") as file: status = dict(line.split(":\\t", 1) for line in file)
print(json.dumps([os.getuid(), root, status["CapEff"].strip(), [f for f in folders if writable(f)]]))
"""
    for kind, name, expected in (
        ("Deployment", "server", ["/tmp", "/dev/shm"]),
        ("Job", "train", ["/models", "/tmp"]),
    ):
        container = cluster.container(kind, name)
        said = container.run(
            ["/opt/venv/bin/python", "-c", code], cluster.root(), **cluster.image_environment()
        )
        assert json.loads(said) == [USER, False, "0" * 16, expected]
    (cluster.models / "probe").unlink()


def test_the_article_s_example_gets_the_article_s_answer(server: Server) -> None:
    status, content_type, answer = server.ask("/predict", json.dumps(ARTICLE).encode())
    assert (status, content_type, json.loads(answer)) == (200, "application/json", {"prediction": [1]})


def test_bad_input_is_refused_with_a_sentence_in_json(server: Server) -> None:
    flower = json.dumps(ARTICLE).encode()
    requests: dict[str, tuple[dict[str, Any], int]] = {
        "not JSON": ({"body": b"not json"}, 400),
        "nothing": ({"body": b""}, 400),
        "too few": ({"body": b'{"features": [1, 2, 3]}'}, 400),
        "not a number": ({"body": b'{"features": [1, 2, 3, NaN]}'}, 400),
        "a string": ({"body": b'{"features": [1, 2, 3, "4"]}'}, 400),
        "brackets in brackets": ({"body": b'{"features": ' + b"[" * 20_000 + b"]" * 20_000 + b"}"}, 400),
        "too large": ({"body": b" " * 70_000}, 413),
        "no key": ({"body": flower, "key": None}, 401),
        "wrong key": ({"body": flower, "key": "wrong"}, 401),
        "not a POST": ({}, 405),
        "not a method of it": ({"method": "DELETE"}, 405),
        "no such path": ({"path": "/nowhere"}, 404),
    }
    for name, (request, expected) in requests.items():
        status, content_type, answer = server.ask(**{"path": "/predict", **request})
        assert (name, status, content_type) == (name, expected, "application/json")
        assert list(json.loads(answer)) == ["error"] and json.loads(answer)["error"], name


def test_a_request_that_is_being_answered_when_the_server_is_stopped_gets_its_answer(server: Server) -> None:
    body = json.dumps(ARTICLE).encode()
    head = (
        f"POST /predict HTTP/1.1\r\nHost: server\r\nContent-Type: application/json\r\nAuthorization: Bearer {KEY}\r\n"
        f"Content-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        connection.sendall(head.encode())
        # Said by the worker that has begun with this request and waits for its body.
        assert connection.recv(4096) == b"HTTP/1.1 100 Continue\r\n\r\n"
        server.process.send_signal(signal.SIGTERM)
        _wait_until_idle_workers_have_left(server.process.pid)
        assert server.process.poll() is None, "it ended with a request open"
        connection.sendall(body)
        answer = b""
        while part := connection.recv(4096):
            answer += part
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n"), answer
    assert json.loads(answer.partition(b"\r\n\r\n")[2]) == {"prediction": [1]}
    assert server.process.wait(timeout=120) == 0


def _wait_until_idle_workers_have_left(pid: int) -> None:
    """Until only the worker with the open request is left: by then the server has passed the signal on."""
    children = Path(f"/proc/{pid}/task/{pid}/children")
    deadline = time.monotonic() + 25  # graceful_timeout is longer
    while len(children.read_text(encoding="ascii").split()) > 1:
        assert time.monotonic() < deadline, "idle workers do not leave"
        time.sleep(0.05)
