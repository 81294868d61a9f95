"""The harness keeps what it promises: nothing is left behind, runs do not meet, failures say why."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.acceptance.cluster import Cluster
from tests.acceptance.crds import find, install
from tests.acceptance.processes import ROOT, Processes
from tests.acceptance.programs import NAMES, program

#: The variable that every process of one run inherits, so that a test finds them all.
MARK = "KUSTODIAN_ACCEPTANCE_MARK"


def marked(mark: str) -> list[str]:
    """The programs that carry the mark and still run (Linux)."""
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            if f"{MARK}={mark}".encode() in (folder / "environ").read_bytes():
                found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return found


def wait_for(wanted: object, seconds: float = 30) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if callable(wanted) and wanted():
            return True
        time.sleep(0.1)
    return False


@pytest.mark.parametrize(
    "signals", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=["Ctrl-C", "terminated", "killed"]
)
def test_an_interrupted_run_leaves_no_process_and_no_file(signals: signal.Signals, tmp_path: Path) -> None:
    mark = f"{os.getpid()}-{signals.name}"
    run = subprocess.Popen(
        [sys.executable, "-m", "tests.acceptance.cluster", "--controllers"], cwd=ROOT, start_new_session=True,
        env={**os.environ, MARK: mark, "TMPDIR": str(tmp_path)}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert run.stdout is not None
        assert "KUBECONFIG" in run.stdout.readline()
        running = " ".join(marked(mark))
        for name in ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok"):
            assert name in running
        assert list(tmp_path.iterdir())
        run.send_signal(signals)
        run.wait(timeout=60)
        assert wait_for(lambda: not marked(mark)), marked(mark)
        assert wait_for(lambda: not list(tmp_path.iterdir())), list(tmp_path.iterdir())
    finally:
        run.kill()
        run.wait()
        if run.stdout is not None:
            run.stdout.close()


def test_two_runs_side_by_side_do_not_meet() -> None:
    with Cluster() as one, Cluster() as other:
        item = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "only-here"}}
        assert one.create(item).ok
        assert one.read("v1", "Namespace", "only-here") is not None
        assert other.read("v1", "Namespace", "only-here") is None
        assert one.folder != other.folder
        # The other's token is a stranger's here.
        one.token, kept = other.token, one.token
        assert one.get("/api/v1/namespaces").status == 401
        one.token = kept
    assert not one.folder.exists()
    assert not other.folder.exists()


def test_a_program_that_ends_is_named_with_its_log() -> None:
    processes = Processes()
    try:
        processes.spawn("talker", [sys.executable, "-c", "print('it broke here'); raise SystemExit(7)"])
        with pytest.raises(AssertionError, match=r"(?s)talker ended.*ended with 7.*it broke here"):
            processes.wait("the talker", lambda: False, seconds=30)
    finally:
        processes.close()
    assert not processes.folder.exists()


def test_children_of_a_program_end_with_it(tmp_path: Path) -> None:
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


def test_a_kind_that_nobody_defines_is_named_and_not_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUSTODIAN_CRDS", raising=False)
    assert find("spark.example.com/Nothing") is None
    with Cluster() as cluster:
        assert install(cluster, {"spark.example.com/Nothing", "apps/Deployment"}) == {
            "spark.example.com/Nothing"
        }


def test_programs_are_kept_outside_the_repository() -> None:
    for name in NAMES:
        assert not program(name).is_relative_to(ROOT)
