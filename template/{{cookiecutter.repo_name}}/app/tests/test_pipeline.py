"""The steps of the pipeline as containers run them: each a process of its own, with a shared folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

APP = Path(__file__).resolve().parent.parent


def run(step: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    variables = {
        **os.environ,
        "WORK_DIR": str(folder / "work"),
        "MODEL_DIR": str(folder / "models"),
        "MODEL_REVISION": "candidate-1",
        "MODEL_NAME": "iris",
        **environment,
    }
    return subprocess.run(
        [sys.executable, "pipeline.py", step], cwd=APP, env=variables, capture_output=True, text=True, timeout=300
    )


@pytest.fixture
def registry() -> Iterator[tuple[str, list[tuple[str, dict[str, object]]]]]:
    """A registry that answers everything, and what it was told."""
    told: list[tuple[str, dict[str, object]]] = []

    class Registry(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.answer(404, {"error": "not found"})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            told.append((self.path, body))
            if self.path.endswith("registered-models/create"):
                self.answer(400, {"error_code": "RESOURCE_ALREADY_EXISTS"})
            else:
                self.answer(200, {"id": str(len(told))})

        def answer(self, code: int, body: dict[str, str]) -> None:
            data = json.dumps(body).encode()
            self.send_response(code)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Registry)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", told
    server.shutdown()
    server.server_close()
    thread.join()


def test_each_step_leaves_what_the_next_one_reads(tmp_path: Path) -> None:
    for step in ("ingest", "transform", "train", "register"):
        result = run(step, tmp_path)
        assert result.returncode == 0, result.stderr
    revision = tmp_path / "models" / "candidate-1"
    assert (revision / "model.joblib").is_file()
    assert json.loads((revision / "metrics.json").read_text())["accuracy"] >= 0.9
    assert "modelRevision: candidate-1" in result.stdout


def test_all_steps_in_one_container(tmp_path: Path) -> None:
    assert run("all", tmp_path).returncode == 0
    assert (tmp_path / "models" / "candidate-1" / "model.joblib").is_file()


def test_mlflow_is_told(tmp_path: Path, registry: tuple[str, list[tuple[str, dict[str, object]]]]) -> None:
    url, told = registry
    result = run("all", tmp_path, REGISTRY="mlflow", REGISTRY_URL=url)
    assert result.returncode == 0, result.stderr
    path, body = told[-1]
    assert path == "/api/2.0/mlflow/model-versions/create"
    assert body["name"] == "iris" and {"key": "revision", "value": "candidate-1"} in body["tags"]  # type: ignore[operator]


def test_kubeflow_is_told(tmp_path: Path, registry: tuple[str, list[tuple[str, dict[str, object]]]]) -> None:
    url, told = registry
    assert run("all", tmp_path, REGISTRY="kubeflow", REGISTRY_URL=url).returncode == 0
    assert [path.rsplit("/", 1)[-1] for path, _ in told] == ["registered_models", "model_versions", "artifacts"]


def test_a_registry_that_refuses_fails_the_step(
    tmp_path: Path, registry: tuple[str, list[tuple[str, dict[str, object]]]]
) -> None:
    url, _ = registry
    run("all", tmp_path)
    result = run("register", tmp_path, REGISTRY="elsewhere", REGISTRY_URL=url)
    assert result.returncode != 0 and "mlflow or kubeflow" in result.stderr
