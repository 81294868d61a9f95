"""The harness keeps what it promises: nothing is left behind, runs do not meet, failures say why."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.cluster import Cluster
from tests.acceptance.nodes import add_node
from tests.acceptance.processes import ROOT, Processes
from tests.acceptance.programs import NAMES, program
from tests.acceptance.rollouts import Prometheus, start_rollouts

#: The variable that every process of one run inherits, so that a test finds them all.
MARK = "KUSTODIAN_ACCEPTANCE_MARK"
CONTROL_PLANE = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok")


def marked(mark: str) -> list[str]:
    """The programs that carry the mark and still run (Linux)."""
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            if f"{MARK}={mark}".encode() in (folder / "environ").read_bytes().split(b"\0"):
                found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return found


def wait_for(wanted: Callable[[], object], seconds: float = 60) -> bool:
    """Whether it comes about in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if wanted():
            return True
        time.sleep(0.1)
    return False


#: A run of pytest with a fixture like those of the suite, in the middle of a test.
WAITING = """
import os, time
from pathlib import Path
import pytest
from tests.acceptance.cluster import Cluster

@pytest.fixture(scope="session")
def running(request):
    if "PYTEST_XDIST_WORKER" in os.environ:
        yield request.getfixturevalue("cluster")
    else:
        with Cluster(controllers=True) as cluster:
            yield cluster

@pytest.mark.parametrize("number", (0, 1))
def test_that_takes_long(running, number):
    Path(os.environ["READY"], str(number)).touch()
    time.sleep(600)
"""
FAILING = """
def test_that_fails(cluster):
    assert cluster.get("/version").body["major"] == "0"
"""


def pytest_run(folder: Path, test: str, *words: str, mark: str = "") -> subprocess.Popen[str]:
    """Start pytest on a test, with the fixtures of this folder; its temporary files are in `folder`/tmp."""
    for name in ("tmp", "ready"):
        (folder / name).mkdir()
    (folder / "test_inner.py").write_text(test)
    command: list[str | Path] = [
        sys.executable, "-m", "pytest", "-q", "-c", ROOT / "pyproject.toml", "-p", "tests.acceptance.conftest",
        "-p", "no:cacheprovider", *words, folder / "test_inner.py",
    ]  # fmt: skip
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    environment = {MARK: mark, "TMPDIR": str(folder / "tmp"), "READY": str(folder / "ready")}
    return subprocess.Popen(
        command, cwd=ROOT, start_new_session=True, env={**inherited, **environment},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


@pytest.mark.parametrize("workers", [0, 2], ids=["one process", "two workers"])
@pytest.mark.parametrize(
    "signals", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=["Ctrl-C", "terminated", "killed"]
)
def test_an_interrupted_run_leaves_no_process_and_no_file(
    signals: signal.Signals, workers: int, tmp_path: Path
) -> None:
    mark = f"{os.getpid()}-{signals.name}-{workers}"
    run = pytest_run(tmp_path, WAITING, "-n", str(workers), mark=mark)
    try:
        assert wait_for(lambda: len(list((tmp_path / "ready").iterdir())) == (workers or 1), 120)
        running = " ".join(marked(mark))
        for name in CONTROL_PLANE[: 2 if workers else None]:
            assert name in running
        assert len(list((tmp_path / "tmp").glob("kustodian-acceptance-*"))) == (workers or 1)
        # A terminal sends Ctrl-C to all of them.
        (os.killpg if signals == signal.SIGINT else os.kill)(run.pid, signals)
        run.wait(timeout=60)
        assert wait_for(lambda: not marked(mark)), marked(mark)
        left = (tmp_path / "tmp").glob("kustodian-acceptance-*")
        assert not list(left)
    finally:
        run.kill()
        run.communicate()


def test_a_cluster_by_hand_ends_with_ctrl_c(tmp_path: Path) -> None:
    mark = f"{os.getpid()}-by-hand"
    run = subprocess.Popen(
        [sys.executable, "-m", "tests.acceptance.cluster"], cwd=ROOT, start_new_session=True,
        env={**os.environ, MARK: mark, "TMPDIR": str(tmp_path)}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert run.stdout is not None
        assert "KUBECONFIG" in run.stdout.readline()
        assert "kube-apiserver" in " ".join(marked(mark))
        run.send_signal(signal.SIGINT)
        assert run.wait(timeout=60) == 0
        assert wait_for(lambda: not marked(mark)), marked(mark)
        assert not list(tmp_path.iterdir())
    finally:
        run.kill()
        run.communicate()


def test_a_failed_test_shows_the_logs_of_the_programs(tmp_path: Path) -> None:
    run = pytest_run(tmp_path, FAILING)
    said, _ = run.communicate(timeout=120)
    assert run.returncode == 1, said
    assert "--- etcd" in said
    assert "--- kube-apiserver" in said


def test_a_program_that_ends_is_named_with_its_log() -> None:
    processes = Processes()
    try:
        processes.spawn("talker", [sys.executable, "-c", "print('it broke here'); raise SystemExit(7)"])
        with pytest.raises(AssertionError, match=r"(?s)talker ended.*ended with 7.*it broke here"):
            processes.wait("the talker", lambda: False, seconds=30)
    finally:
        processes.close()
    assert not processes.folder.exists()


def test_a_program_has_its_temporary_files_in_the_folder() -> None:
    processes = Processes()
    code = "import os, tempfile; print(os.path.realpath(tempfile.mkstemp()[1]), os.getcwd())"
    try:
        writer = processes.spawn("writer", [sys.executable, "-c", code])
        writer.popen.wait(timeout=30)
        for path in writer.log.read_text().split():
            assert Path(path).is_relative_to(processes.folder.resolve())
    finally:
        processes.close()


def test_children_of_a_program_end_with_it() -> None:
    """A program that starts others and dies first does not leave them."""
    mark = f"{os.getpid()}-children"
    processes = Processes()
    code = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(300)'])"
    try:
        processes.spawn("parent", [sys.executable, "-c", code], {MARK: mark})
        assert wait_for(lambda: any("time.sleep(300)" in line for line in marked(mark)))
    finally:
        processes.close()
    assert wait_for(lambda: not marked(mark)), marked(mark)


def servers(replicas: int) -> dict[str, Any]:
    """A Rollout that every run has under the same name."""
    labels = {"app": "iris"}
    container = {"name": "server", "image": "registry.example.com/iris:1"}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Rollout",
        "metadata": {"name": "iris", "namespace": "iris-prod"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
            "strategy": {"canary": {}},
        },
    }


@pytest.fixture
def prometheus() -> Iterator[Prometheus]:
    started = Prometheus()
    yield started
    started.close()


def test_two_runs_side_by_side_do_not_meet(prometheus: Prometheus) -> None:
    """Each with all controllers, and the same names in both."""

    def scale(cluster: Cluster, replicas: int) -> None:
        assert cluster.apply(servers(replicas)).ok
        cluster.wait(f"{replicas} servers", lambda: running(cluster) == replicas, 60)

    def running(cluster: Cluster) -> int:
        pods = cluster.items("v1", "Pod", "iris-prod")
        return sum(pod["status"].get("phase") == "Running" for pod in pods)

    with Cluster(controllers=True) as one:
        with Cluster(controllers=True) as other:
            for cluster in (one, other):
                start_rollouts(cluster, prometheus)
                add_node(cluster, "cpu")
                namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "iris-prod"}}
                assert cluster.create(namespace).ok
            scale(one, 2)
            assert running(other) == 0
            scale(other, 3)
            assert running(one) == 2
            # The other's token is a stranger's here.
            own, one.token = one.token, other.token
            assert one.get("/api/v1/namespaces").status == 401
            one.token = own
        # When one run has ended, the other still works.
        assert not other.folder.exists()
        scale(one, 4)
    assert not one.folder.exists()


def test_programs_are_kept_outside_the_repository() -> None:
    for name in NAMES:
        assert not program(name).is_relative_to(ROOT)
