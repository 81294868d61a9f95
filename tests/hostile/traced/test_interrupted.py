"""A process that is killed, or that meets a full or broken disk, at every write: old files or new ones, never half a file.

strace ends the process, or lets a system call fail, at every call that changes something in the repository or among
temporary files.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.cli.harness import kustodian, write
from tests.cli.test_base import KUSTOMIZATION, git
from tests.hostile.traced.interruptions import Moment, committed, failing, killed, moments

POD = "apiVersion: v1\nkind: Pod\nmetadata: {{name: {0}}}\nspec:\n  containers:\n    - {{name: c, image: 'x:1.0', securityContext: {{runAsUser: 1000}}}}\n"


class Case(NamedTuple):
    """A command that writes, whether it writes several files, and how many moments are tried for each way to fail."""

    words: tuple[str, ...]
    several: bool = False
    most: int = 6


CASES = {
    "promote": Case(("promote", "staging", "prod")),
    "fix": Case(("check", "--no-cache", "--fix", "--rule", "privilege-escalation"), several=True),
    "report": Case(("check", "--no-cache", "--rule", "unpinned-image", "--format", "json=report.json")),
    "export": Case(("export", "admission"), several=True),
    "add": Case(("add", "environment", "qa", "--no-check"), several=True, most=3),
    "new": Case(("new", "fresh", "--defaults", "--no-check", "--no-git"), most=3),
}


@pytest.fixture(scope="module")
def roots(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The repository of each case, with everything committed."""
    folder = tmp_path_factory.mktemp("interrupted")
    small = write(folder / "small", {
        "kustodian.yaml": "environments: {prod: {paths: [overlays/prod]}}\n",
        "overlays/staging/version.yaml": "image: b\n", "overlays/prod/version.yaml": "image: a\n", "report.json": '{"old": true}\n',
        "overlays/prod/kustomization.yaml": f"{KUSTOMIZATION}namespace: iris\nresources: [a.yaml, b.yaml]\n",
        "overlays/prod/a.yaml": POD.format("a"), "overlays/prod/b.yaml": POD.format("b"),
        "policies/admission/policies.yaml": "old: true\n",
    })  # fmt: skip
    made = kustodian("new", "made", "--defaults", "--no-check", "--no-git", cwd=folder)
    assert made.code == 0, made.err
    for root in (small, folder / "made"):
        git(root, "init", "--quiet")
        git(root, "add", "--all")
        git(root, "commit", "--quiet", "--message", "all")
    return {name: folder / ("made" if name == "add" else "small") for name in CASES}


class Tried(NamedTuple):
    """A case with its states before and after, and the moments to try."""

    case: Case
    source: Path
    old: dict[str, bytes]
    new: dict[str, bytes]
    moments: list[Moment]


@pytest.fixture(scope="module", params=list(CASES))
def tried(
    request: pytest.FixtureRequest, roots: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Tried:
    case, source = CASES[request.param], roots[request.param]
    folder = tmp_path_factory.mktemp(request.param)
    root = folder / "repo"
    shutil.copytree(source, root)
    old = comparable(committed(root))
    found = moments(case.words, root, folder / "tmp", (root, folder / "tmp"), case.most)
    new = comparable(committed(root))
    assert old != new and len(found) > 2, f"{case.words} writes nothing"
    return Tried(case, source, old, new, found)


def comparable(files: dict[str, bytes]) -> dict[str, bytes]:
    """The files without what differs between two runs: the time in a report."""
    if (report := files.get("report.json")) is not None:
        data = json.loads(report)  # half a report raises here
        data.pop("summary", None)
        data.pop("startedAt", None)
        files["report.json"] = json.dumps(
            {key: data[key] for key in ("old", "findings") if key in data}
        ).encode()
    return files


def whole(tried: Tried, found: dict[str, bytes], moment: Moment) -> None:
    """Every file is the old or the new one; with a single file that means the old or the new state."""
    for name, content in found.items():
        assert content in (tried.old.get(name), tried.new.get(name)), (moment, name)
    for name in tried.old.keys() & tried.new.keys():
        assert name in found, (moment, name)
    if not tried.case.several:
        assert found in (tried.old, tried.new), moment


@pytest.fixture
def copied(tried: Tried, tmp_path: Path) -> Path:
    shutil.copytree(tried.source, tmp_path / "repo")
    return tmp_path / "repo"


def restored(tried: Tried, root: Path) -> None:
    shutil.rmtree(root)
    shutil.copytree(tried.source, root)


def test_killed_at_every_write(tried: Tried, copied: Path, tmp_path: Path) -> None:
    ended = 0
    for moment in tried.moments:
        outcome = killed(tried.case.words, copied, tmp_path / "tmp", moment, "KILL")
        ended += outcome.code in (-9, 137)
        assert outcome.code in (-9, 137, 0, 1), (moment, outcome)
        found = comparable(committed(copied))
        whole(tried, found, moment)
        for left in (tmp_path / "tmp").iterdir():
            assert left.name.lstrip(".").startswith("kustodian-"), left
            shutil.rmtree(left)
        if found != tried.new:
            again = kustodian(*tried.case.words, cwd=copied)
            assert again.code in (0, 1), (moment, again)
            assert comparable(committed(copied)) == tried.new, (moment, "the next run ends the work")
        restored(tried, copied)
    assert ended, "no run was killed"


def test_terminated_at_every_write(tried: Tried, copied: Path, tmp_path: Path) -> None:
    """A signal that can be handled leaves the old state or the new one, and nothing else."""
    for moment in tried.moments:
        outcome = killed(tried.case.words, copied, tmp_path / "tmp", moment, "TERM")
        assert outcome.code in (143, -15, 0, 1), (moment, outcome)
        assert "Traceback" not in outcome.err, (moment, outcome.err)
        assert comparable(committed(copied)) in (tried.old, tried.new), moment
        assert not list((tmp_path / "tmp").iterdir()), moment
        assert not [
            path for path in copied.rglob(".*kustodian-*") if path.name != ".kustodian-answers.yaml"
        ], moment
        restored(tried, copied)


@pytest.mark.parametrize("error", ["ENOSPC", "EIO"])
def test_a_disk_that_fails_at_every_write(tried: Tried, copied: Path, tmp_path: Path, error: str) -> None:
    """One clear error and the old state; or, where only a clean-up failed, the new one."""
    for moment in tried.moments:
        outcome = failing(tried.case.words, copied, tmp_path / "tmp", moment, error)
        assert "Traceback" not in outcome.err and "defect" not in outcome.err, (moment, outcome.err)
        found = comparable(committed(copied))
        if outcome.code in (2, 3):
            assert "error: " in outcome.err, (moment, outcome.err)
            assert found in (tried.old, tried.new), moment
        else:
            assert outcome.code in (0, 1) and found == tried.new, (moment, outcome)
        restored(tried, copied)
