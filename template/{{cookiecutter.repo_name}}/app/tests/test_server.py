"""The server as the container starts it: gunicorn, its workers, its metrics, its end."""

from __future__ import annotations

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

APP = Path(__file__).resolve().parent.parent
VERSICOLOR = {"features": [6.0, 2.9, 4.5, 1.5]}


def container_command() -> list[str]:
    """The last CMD of the Dockerfile, run by this Python's own gunicorn."""
    commands = [line for line in (APP / "Dockerfile").read_text().splitlines() if line.startswith("CMD ")]
    program, *arguments = json.loads(commands[-1].removeprefix("CMD "))
    assert program == "gunicorn"
    return [sys.executable, "-m", "gunicorn", *arguments]


class Server:
    """A running server and how to talk to it."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self.process, self.url = process, f"http://127.0.0.1:{port}"

    def get(self, path: str) -> str:
        with urllib.request.urlopen(self.url + path, timeout=30) as answer:
            return answer.read().decode()

    def predict(self) -> object:
        request = urllib.request.Request(
            self.url + "/predict", json.dumps(VERSICOLOR).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)


@pytest.fixture
def server(model_dir: Path, tmp_path: Path) -> Iterator[Server]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "PORT": str(port),
        "MODEL_DIR": str(model_dir),
        "MODEL_REVISION": "test",
        "PROMETHEUS_MULTIPROC_DIR": str(tmp_path / "metrics"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    process = subprocess.Popen(container_command(), cwd=APP, env=environment)
    server = Server(process, port)
    deadline = time.monotonic() + 180
    while True:
        assert process.poll() is None, f"{shlex.join(container_command())} ended with {process.returncode}"
        try:
            server.get("/readyz")
            break
        except OSError:
            assert time.monotonic() < deadline, "the server did not become ready within three minutes"
            time.sleep(0.1)
    yield server
    process.terminate()
    process.wait(timeout=120)


def test_it_answers_and_counts_over_all_workers(server: Server) -> None:
    for _ in range(20):
        assert server.predict() == {"prediction": [1]}
    metrics = server.get("/metrics")
    assert 'model_requests_total{endpoint="predict",status="200"} 20.0' in metrics
    assert 'model_request_duration_seconds_count{endpoint="predict"} 20.0' in metrics
    assert 'model_info{revision="test"} 1.0' in metrics


def test_it_finishes_what_has_begun_when_it_is_stopped(server: Server) -> None:
    # A request that a worker is busy with when SIGTERM comes has to be answered.
    host, port = server.url.removeprefix("http://").split(":")
    body = json.dumps(VERSICOLOR).encode()
    head = f"POST /predict HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
    head += f"Content-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n"
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(head.encode())
        # Said by the worker that has begun with this request and waits for its body.
        assert connection.recv(4096) == b"HTTP/1.1 100 Continue\r\n\r\n"
        server.process.send_signal(signal.SIGTERM)
        time.sleep(1)
        connection.sendall(body)
        answer = b""
        while not answer.endswith(b"}\n"):
            part = connection.recv(4096)
            if not part:
                break
            answer += part
    assert answer.startswith(b"HTTP/1.1 200"), answer
    assert json.loads(answer.rpartition(b"\r\n\r\n")[2]) == {"prediction": [1]}
    assert server.process.wait(timeout=120) == 0


def test_it_answers_many_callers_at_once(server: Server) -> None:
    answers: list[object] = []
    callers = [threading.Thread(target=lambda: answers.append(server.predict())) for _ in range(24)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(timeout=120)
    assert answers == [{"prediction": [1]}] * 24
