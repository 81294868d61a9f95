"""Nothing is written outside of the repository but what the command line names, and devices stay devices."""

from __future__ import annotations

import os
import shutil
import socket
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from kustodian.repository.files import OutsideError, read_inside, read_regular, remove_inside, replace_file
from tests.cli.harness import SOURCE, Outcome, kustodian, write

CANARY = "canary: SECRET-CANARY\n"
KUSTOMIZATION = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [a.yaml]\n"
POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: c, image: 'x:latest'}]}\n"


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    """A folder beside the repository whose files must stay as they are."""
    return write(tmp_path / "victim", {"version.yaml": CANARY, "a.yaml": CANARY, "policies.yaml": CANARY})


@pytest.fixture
def root(tmp_path: Path, victim: Path) -> Path:
    return write(tmp_path / "repo", {
        "kustodian.yaml": "environments: {prod: {paths: [overlays/prod]}}\n",
        "overlays/staging/version.yaml": "image: b\n",
        "overlays/prod/version.yaml": "image: a\n",
        "overlays/prod/kustomization.yaml": KUSTOMIZATION,
        "overlays/prod/a.yaml": POD,
    })  # fmt: skip


def refused(outcome: Outcome, victim: Path) -> None:
    """The command fails with one clear error, shows nothing of the victim and leaves it as it was."""
    assert outcome.code in (2, 3), outcome
    assert "Traceback" not in outcome.err and "defect" not in outcome.err
    assert "SECRET-CANARY" not in outcome.out + outcome.err
    assert {path.name: path.read_text() for path in victim.iterdir()} == dict.fromkeys(
        ("version.yaml", "a.yaml", "policies.yaml"), CANARY
    )


@pytest.mark.parametrize(
    "name", ["../../victim", "/etc", "..", ".", "", "../prod", "a/../../../victim", "x\n", "ü" * 300]
)
def test_promote_takes_only_names_of_environments(root: Path, victim: Path, name: str) -> None:
    before = (root / "overlays/prod/version.yaml").read_text()
    absolute = str(victim) if name == "/etc" else name
    refused(kustodian("promote", absolute, "prod", cwd=root), victim)
    refused(kustodian("promote", "staging", absolute, cwd=root), victim)
    assert (root / "overlays/prod/version.yaml").read_text() == before


@pytest.mark.parametrize("linked", ["overlays/prod/version.yaml", "overlays/prod", "overlays"])
@pytest.mark.parametrize("end", ["source", "target"])
def test_promote_follows_no_link_out(root: Path, victim: Path, linked: str, end: str) -> None:
    shutil.rmtree(root / linked) if (root / linked).is_dir() else (root / linked).unlink()
    target = victim / "version.yaml" if linked.endswith("yaml") else victim
    if linked == "overlays":
        target = write(
            victim.parent / "elsewhere", {"prod/version.yaml": CANARY, "staging/version.yaml": "x: 1\n"}
        )
    (root / linked).symlink_to(target)
    refused(
        kustodian("promote", *(("prod", "staging") if end == "source" else ("staging", "prod")), cwd=root),
        victim,
    )


@pytest.mark.parametrize("kind", ["pipe", "device", "large", "folder"])
def test_promote_copies_only_regular_files(root: Path, victim: Path, kind: str) -> None:
    file = root / "overlays/staging/version.yaml"
    file.unlink()
    if kind == "pipe":
        os.mkfifo(file)
    elif kind == "device":
        file.symlink_to("/dev/zero")
    elif kind == "folder":
        file.mkdir()
    else:
        with file.open("wb") as stream:
            stream.truncate(8 << 30)
    refused(kustodian("promote", "staging", "prod", cwd=root), victim)
    refused(kustodian("promote", "prod", "staging", cwd=root), victim)


def test_promote_neither_reads_nor_writes_what_git_keeps(root: Path, victim: Path) -> None:
    write(root, {".git/config": CANARY})
    for name in ("staging", "prod"):
        (root / "overlays" / name / "version.yaml").unlink()
        (root / "overlays" / name / "version.yaml").symlink_to("../../.git/config")
        refused(kustodian("promote", "staging", "prod", cwd=root), victim)
        assert (root / ".git/config").read_text() == CANARY
        (root / "overlays" / name / "version.yaml").unlink()
        (root / "overlays" / name / "version.yaml").write_text(f"image: {name}\n")


def test_promote_follows_a_link_inside(root: Path) -> None:
    (root / "overlays/live").symlink_to("prod")
    assert kustodian("promote", "staging", "live", cwd=root).code == 0
    assert (root / "overlays/prod/version.yaml").read_text() == "image: b\n"
    assert (root / "overlays/live").is_symlink()


def test_fix_follows_no_link_out(root: Path, victim: Path) -> None:
    (victim / "a.yaml").write_text(POD)
    (root / "overlays/prod/a.yaml").unlink()
    (root / "overlays/prod/a.yaml").symlink_to(victim / "a.yaml")
    outcome = kustodian("check", "--no-cache", "--fix", cwd=root)
    assert "Traceback" not in outcome.err
    assert (victim / "a.yaml").read_text() == POD


def test_export_follows_no_link_out(tmp_path: Path, victim: Path) -> None:
    root = write(tmp_path / "repo", {
        "kustodian.yaml": "environments: {prod: {paths: [overlays/prod]}}\n",
        "overlays/prod/kustomization.yaml": KUSTOMIZATION + "namespace: iris\n",
        "overlays/prod/a.yaml": POD,
    })  # fmt: skip
    (root / "policies").mkdir()
    (root / "policies/admission").symlink_to(victim)
    refused(kustodian("export", "admission", cwd=root), victim)
    (root / "policies/admission").unlink()
    (root / "policies/admission").mkdir()
    (root / "policies/admission/policies.yaml").symlink_to(victim / "policies.yaml")
    refused(kustodian("export", "admission", cwd=root), victim)
    assert [path.name for path in (root / "policies/admission").iterdir()] == ["policies.yaml"]
    shutil.rmtree(root / "policies")
    assert kustodian("export", "admission", cwd=root).code == 0


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("generated") / "repo"
    made = kustodian("new", str(root), "--defaults", "--no-check", "--no-git", cwd=root.parent)
    assert made.code == 0, made.err
    return root


def test_add_follows_no_link_out(generated: Path, tmp_path: Path, victim: Path) -> None:
    root, empty = tmp_path / "repo", tmp_path / "empty"
    shutil.copytree(generated, root)
    empty.mkdir()
    (root / "overlays/qa").symlink_to(empty)
    refused(kustodian("add", "environment", "qa", "--no-check", cwd=root), victim)
    (root / "overlays/qa").unlink()
    assert list(empty.iterdir()) == []
    shutil.move(root / "argocd", tmp_path / "argocd")
    before = {path: path.read_bytes() for path in (tmp_path / "argocd").rglob("*") if path.is_file()}
    (root / "argocd").symlink_to(tmp_path / "argocd")
    refused(kustodian("add", "environment", "qa", "--no-check", cwd=root), victim)
    assert {path: path.read_bytes() for path in (tmp_path / "argocd").rglob("*") if path.is_file()} == before
    assert not (root / "overlays/qa").exists(), "nothing is written at all"


@pytest.mark.parametrize("name", ["../x", "/x", "..", "a/b", "a\n"])
def test_add_takes_only_names(generated: Path, tmp_path: Path, victim: Path, name: str) -> None:
    refused(kustodian("add", "environment", name, "--dry-run", cwd=generated), victim)


def test_a_report_follows_no_planted_link(root: Path, victim: Path) -> None:
    """The temporary name cannot be guessed; a link at the target is replaced, as documented."""
    (root / "report.json").symlink_to(victim / "version.yaml")
    script = 'ln -s "$0" ".report.json.$$.kustodian-new" && exec "$@"'  # the process keeps its number
    done = subprocess.run(
        ["sh", "-c", script, victim / "a.yaml", sys.executable, "-m", "kustodian", "check", "--format", "json=report.json"],
        cwd=root, env={"PATH": os.environ["PATH"], "PYTHONPATH": str(SOURCE)}, capture_output=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1
    assert (victim / "a.yaml").read_text() == (victim / "version.yaml").read_text() == CANARY
    assert not (root / "report.json").is_symlink()
    assert (root / "report.json").read_text().startswith("{")


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    pipe, read = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    replace_file(pipe, b"x" * 300_000)
    reader.join(10)
    assert read == [b"x" * 300_000]
    assert stat.S_ISFIFO(pipe.lstat().st_mode)


def test_a_pipe_that_nobody_reads_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kustodian.repository.files._READER_SECONDS", 0.2)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="No such device"):
        replace_file(tmp_path / "pipe", b"x")


def test_a_socket_stays_a_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
        with pytest.raises(OSError, match="No such device"):
            replace_file(Path("socket"), b"x")
    assert stat.S_ISSOCK(Path("socket").lstat().st_mode)


def test_devices_stay_devices(
    root: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "null").symlink_to("/dev/null")
    outcome = kustodian("check", "--no-cache", "--format", f"json={tmp_path / 'null'}", cwd=root)
    assert outcome.code == 1, outcome.err
    assert (tmp_path / "null").is_symlink()

    def renamed(*_: object) -> None:
        raise AssertionError("a device would be replaced")  # run as root, this would harm the machine

    for function in ("rename", "replace"):
        monkeypatch.setattr(os, function, renamed)
        monkeypatch.setattr(Path, function, renamed)
    for name, at in (("/dev/null", ""), ("/dev/stdout", "x"), ("/dev/fd/1", "x"), ("/proc/self/fd/1", "x")):
        replace_file(Path(name), b"x")
        assert capfd.readouterr().out == at


def test_a_file_is_replaced_as_a_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "file"
    file.write_text("old")
    file.chmod(0o640)
    replace_file(file, b"new")
    assert (file.read_text(), stat.S_IMODE(file.stat().st_mode)) == ("new", 0o640)

    def full(number: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        replace_file(file, b"newer")
    assert file.read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_the_door_of_the_repository(tmp_path: Path, victim: Path) -> None:
    root = write(tmp_path / "root", {"in/file": "x"})
    (root / "out").symlink_to(victim)
    (root / "link").symlink_to("in/file")
    os.mkfifo(root / "pipe")
    for name in ("out/a.yaml", "../victim/a.yaml", "pipe", "in", ".", "/etc/passwd", "out/new"):
        with pytest.raises(OutsideError):
            replace_file(root / name, b"x", within=root)
        with pytest.raises(OutsideError):
            read_inside(root / name, root)
    with pytest.raises(OutsideError):
        remove_inside(root / "out/a.yaml", root)
    assert (victim / "a.yaml").read_text() == CANARY and not (victim / "new").exists()
    replace_file(root / "link", b"y", within=root)
    assert (root / "in/file").read_text() == "y" and read_inside(root / "link", root) == b"y"
    replace_file(root / "new/folder/file", b"z", within=root)
    remove_inside(root / "link", root)
    assert (root / "in/file").exists() and (root / "new/folder/file").read_text() == "z"
    with pytest.raises(OSError, match="larger than 0"):
        read_inside(root / "in/file", root, 0)
    with pytest.raises(OSError, match="larger than 10 "):
        read_regular(Path("/proc/self/environ"), 10)
