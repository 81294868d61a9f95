"""Full disks, closed streams, signals, odd reports and deep files: one clear error, nothing left, never a traceback."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.harness import SOURCE, Outcome, kustodian, write
from tests.cli.test_base import commit, git

KUSTOMIZATION = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [a.yaml]\n"
POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: c, image: 'x:latest'}]}\n"
COMMANDS = (
    ("check", "--no-cache"), ("check", "--no-cache", "--format", "html"), ("check", "--diff"), ("check", "--no-cache", "--base", "HEAD"),
    ("diff",), ("diff", "--format", "json"), ("matrix",), ("rules",), ("rules", "--schema"), ("explain", "unpinned-image"),
    ("promote", "staging", "prod", "--dry-run"), ("new", "--print-schema"), ("new", "--list-presets"), ("--version",), ("--help",),
    ("report", "merge", "report.json"),
)  # fmt: skip


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = write(tmp_path_factory.mktemp("faults") / "repo", {
        "kustodian.yaml": "environments: {prod: {paths: [overlays/prod]}}\n",
        "overlays/prod/kustomization.yaml": KUSTOMIZATION,
        "overlays/prod/a.yaml": POD,
        "overlays/prod/version.yaml": "image: a\n",
        "overlays/staging/version.yaml": "image: b\n",
    })  # fmt: skip
    git(root, "init", "--quiet")
    commit(root, "one")
    assert kustodian("check", "--no-cache", "--format", "json=report.json", cwd=root).code == 1
    return root


def run(words: tuple[str, ...], cwd: Path, redirection: str, **variables: str) -> Outcome:
    """Run the command in a shell with a redirection."""
    done = subprocess.run(
        ["sh", "-c", f'exec "$@" {redirection}', "sh", sys.executable, "-m", "kustodian", *words],
        cwd=cwd, env={"PATH": os.environ["PATH"], "PYTHONPATH": str(SOURCE), "LC_ALL": "C.UTF-8", **variables},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    return Outcome(done.returncode, done.stdout, done.stderr)


def clear(outcome: Outcome, *codes: int) -> None:
    assert outcome.code in codes, outcome
    assert (
        "Traceback" not in outcome.err
        and "defect" not in outcome.err
        and "Exception ignored" not in outcome.err
    ), outcome.err


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_full_disk_behind_standard_output(root: Path, words: tuple[str, ...]) -> None:
    outcome = run(words, root, ">/dev/full")
    clear(outcome, 3)
    assert words == ("--version",) or "\nerror: " in f"\n{outcome.err}"


@pytest.mark.parametrize("words", COMMANDS[:7:2], ids=" ".join)
def test_a_closed_standard_output(root: Path, words: tuple[str, ...]) -> None:
    clear(run(words, root, ">&-"), 3)


def test_closed_streams_do_not_change_the_verdict(root: Path, tmp_path: Path) -> None:
    words = ("check", "--no-cache", "--format", f"json={tmp_path / 'x.json'}")
    for redirection in (">&-", "2>&-", "<&-", ">&- 2>&- <&-"):
        clear(run(words, root, redirection), 1)
        assert json.loads((tmp_path / "x.json").read_text())["summary"]["error"]
        (tmp_path / "x.json").unlink()


def test_a_reader_that_leaves(root: Path, tmp_path: Path) -> None:
    script = '{ "$@"; echo $? >&2; } | :'
    for _ in range(3):  # the third takes the stored result
        done = subprocess.run(
            ["sh", "-c", script, "sh", sys.executable, "-m", "kustodian", "check"],
            cwd=root, env={"PATH": os.environ["PATH"], "PYTHONPATH": str(SOURCE), "XDG_CACHE_HOME": str(tmp_path)},
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert done.stderr == "1\n"


def test_standard_input_that_is_no_text(tmp_path: Path) -> None:
    for words, source in ((("check", "-"), b"\xff\n"), (("check", "-"), bytes(65 << 20))):
        done = subprocess.run(
            [sys.executable, "-m", "kustodian", *words],
            cwd=tmp_path, env={"PATH": os.environ["PATH"], "PYTHONPATH": str(SOURCE)},
            input=source, capture_output=True, check=False, timeout=60,
        )  # fmt: skip
        clear(Outcome(done.returncode, "", done.stderr.decode()), 2)


def test_a_working_directory_that_was_removed(root: Path, tmp_path: Path) -> None:
    for words in (
        ("check",),
        ("check", str(root)),
        ("diff",),
        ("promote", "staging", "prod"),
        ("new", "x", "--defaults"),
    ):
        (tmp_path / "gone").mkdir()
        script = f'cd "{tmp_path}/gone" && rmdir "{tmp_path}/gone" && exec "$@"'
        done = subprocess.run(
            ["sh", "-c", script, "sh", sys.executable, "-m", "kustodian", *words],
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(SOURCE)},
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        clear(
            Outcome(done.returncode, done.stdout, done.stderr), *((1,) if str(root) in words else (3,)), 2, 3
        )


def test_files_that_cannot_be_written(root: Path) -> None:
    for file in ("x" * 300, "missing/x.json", "/dev/full", "overlays", f"{'x/' * 3000}x"):
        outcome = kustodian("check", "--no-cache", "--format", f"json={file}", cwd=root)
        clear(outcome, 2, 3)
        assert outcome.err.startswith("error: ")
    assert not list(root.rglob("*kustodian-new"))


def test_words_that_are_too_long_or_no_text(root: Path) -> None:
    for words in (
        ("check", "x" * 5000),
        ("promote", "x" * 5000, "prod"),
        ("report", "merge", "x" * 5000),
        ("explain", "\udcff"),
        ("check", "\udcff"),
        ("check", "--rule", "\udcff"),
    ):
        clear(kustodian(*words, cwd=root), 2, 3)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(
    "words",
    [
        ("check", "--no-cache", "--base", "HEAD"),
        ("check", "--no-cache", "--fix"),
        ("promote", "staging", "prod"),
    ],
    ids=" ".join,
)
def test_signals_leave_nothing(
    root: Path, tmp_path: Path, words: tuple[str, ...], number: signal.Signals
) -> None:
    """The command is stopped as soon as it has made a temporary folder, and at other moments."""
    repository = tmp_path / "repo"
    shutil.copytree(root, repository)
    stopped = 0
    for moment in (None, 0.25, 0.6):
        temporary = tmp_path / f"tmp-{moment}"
        temporary.mkdir()
        process = subprocess.Popen(
            [sys.executable, "-c", "from kustodian.cli.main import run; run()", *words],
            cwd=repository, env={"PATH": os.environ["PATH"], "PYTHONPATH": str(SOURCE), "TMPDIR": str(temporary)},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        end = time.monotonic() + (5 if moment is None else moment)
        while time.monotonic() < end and process.poll() is None and (moment or not list(temporary.iterdir())):
            time.sleep(0.002)
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
        if moment is None or moment > 0.3:  # the interpreter itself has started
            assert "Traceback" not in err, err
        assert process.returncode in (0, 1, 128 + number, -number), err
        stopped += process.returncode == 128 + number
        assert list(temporary.iterdir()) == []
        assert not list(repository.rglob("*kustodian-new"))
    assert stopped or words[0] == "promote"


def merge(cwd: Path, *words: str) -> Outcome:
    """`report merge` with at most 2 GiB of memory; it ends within the time that its start takes and a second."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))

    done = subprocess.run(
        [sys.executable, "-m", "kustodian", "report", "merge", *words],
        cwd=cwd, env={"PATH": os.environ["PATH"], "PYTHONPATH": str(SOURCE), "LC_ALL": "C.UTF-8"},
        capture_output=True, text=True, check=False, timeout=20, preexec_fn=limit,
    )  # fmt: skip
    return Outcome(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize("kind", ["device", "pipe", "sparse", "folder", "proc", "nested", "number", "total"])
def test_merge_refuses_what_is_no_report(root: Path, tmp_path: Path, kind: str) -> None:
    file = tmp_path / "report.json"
    data = json.loads((root / "report.json").read_text())
    if kind == "device":
        file.symlink_to("/dev/zero")
    elif kind == "pipe":
        os.mkfifo(file)
    elif kind == "sparse":
        with file.open("wb") as stream:
            stream.truncate(7 << 30)
    elif kind == "folder":
        file.mkdir()
    elif kind == "proc":
        file.symlink_to("/proc/self/environ")
    elif kind == "nested":
        file.write_text("[" * 100_000)
    elif kind == "number":
        file.write_text(
            json.dumps(data)
            .replace('"column": 1,', '"column": 1e300,')
            .replace('"line": 4,', '"line": 1e300,')
        )
    else:
        data["shard"] = {"index": 1, "total": 2**31 - 1, "run": "x", "failOn": "error", "usedWaivers": []}
        file.write_text(json.dumps(data))
    outcome = merge(root, str(file))
    clear(outcome, 2)
    assert outcome.err.startswith("error: ") and len(outcome.err) < 2000 and "PATH=" not in outcome.err


FORMATS = ("text", "markdown", "sarif", "html", "junit", "github", "gitlab")


@pytest.mark.parametrize(
    "name",
    [
        "/etc/passwd",
        "../outside/canary",
        "link",
        "linked/canary",
        ".git/config",
        "ignored",
        "/proc/self/environ",
        "/dev/zero",
        "pipe",
        "a\0b",
        "ü" * 300,
    ],
)
def test_merge_quotes_only_files_of_the_repository(root: Path, tmp_path: Path, name: str) -> None:
    repository = tmp_path / "repo"
    shutil.copytree(root, repository)
    outside = write(tmp_path / "outside", {"canary": "SECRET-CANARY\n"})
    (repository / "link").symlink_to(outside / "canary")
    (repository / "linked").symlink_to(outside)
    write(repository, {".gitignore": "ignored\n", "ignored": "SECRET-CANARY\n"})
    with (repository / ".git/config").open("a") as config:
        config.write('[http]\n\textraheader = "SECRET-CANARY"\n')
    os.mkfifo(repository / "pipe")
    data = json.loads((repository / "report.json").read_text())
    for number, finding in enumerate(data["findings"]):
        finding["source"] |= {
            "file": name,
            "line": 1 + number % 12,
            "column": 1,
            "endLine": None,
            "endColumn": None,
        }
    (repository / "report.json").write_text(json.dumps(data))
    words = [word for one in FORMATS for word in ("--format", f"{one}=out.{one}")]
    clear(merge(repository, "report.json", *words), 1)
    for one in FORMATS:
        text = (repository / f"out.{one}").read_text()
        assert "SECRET-CANARY" not in text and "root:x:" not in text and "PYTHONPATH" not in text


def test_merge_quotes_a_file_of_the_repository(root: Path) -> None:
    assert "image: 'x:latest'" in merge(root, "report.json").out


def test_merge_survives_places_that_do_not_exist(root: Path, tmp_path: Path) -> None:
    repository = tmp_path / "repo"
    shutil.copytree(root, repository)
    data = json.loads((repository / "report.json").read_text())
    for finding in data["findings"]:
        finding["source"] |= {"line": 1, "column": 2**31 - 1, "endLine": 1, "endColumn": 2**31 - 1}
    graph = {
        "nodes": [],
        "edges": [{"source": "a", "target": "b", "relation": "uses", "label": ""}],
        "alone": [],
    }
    data["overlays"][0]["graph"] = graph
    (repository / "report.json").write_text(json.dumps(data))
    words = [word for one in FORMATS for word in ("--format", f"{one}=out.{one}")]
    clear(merge(repository, "report.json", *words), 1)
    assert len((repository / "out.text").read_text()) < 100_000


@pytest.mark.parametrize("name", ["a.yaml", "a.json", "block.yaml"])
def test_deep_answers_are_a_clear_error(tmp_path: Path, name: str) -> None:
    deep = "[" * 5000 + "]" * 5000
    text = {"a.yaml": f"x: {deep}\n", "a.json": f'{{"x": {deep}}}'}.get(
        name, "".join(f"{' ' * n}a:\n" for n in range(1300))
    )
    (tmp_path / name).write_text(text)
    outcome = kustodian("new", "repo", "--answers", name, cwd=tmp_path)
    clear(outcome, 2)
    assert "nested too deeply" in outcome.err and name in outcome.err
    assert not (tmp_path / "repo").exists()
