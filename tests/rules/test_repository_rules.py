"""Every repository rule against its fixtures: small repositories, checked as a user would check them."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from kustodian.model.installed_files import engine_binary
from kustodian.model.measure import Exactly
from kustodian.policy.catalogue import by_id
from kustodian.policy.rule import GateRule, Worse
from kustodian.render.engine import Engine
from kustodian.review.check.options import CheckOptions
from kustodian.review.compare.pull_request import check_trusting
from kustodian.review.entry import check
from tests.rules.fixtures import expectations, folder_fixtures

#: The git history of a fixture, for rules that read it: file -> its earlier texts, newest first.
HISTORY = "history.json"
#: What the base of a change has instead, for rules about the gate: file -> text, null for a file that it lacks.
BASE = "base.json"
#: The day on which the waivers of the fixtures are evaluated.
TODAY = date(2026, 6, 1)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(engine_binary()) as running:
        yield running


def git(folder: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["git", "-C", str(folder), *identity, *arguments], check=True, capture_output=True)


def make_repository(fixture: Path, folder: Path) -> Path:
    """A copy of the fixture outside this repository, with its git history if it has one."""
    history = json.loads((fixture / HISTORY).read_text()) if (fixture / HISTORY).exists() else {}
    folder.mkdir()
    if history:
        git(folder, "init", "--quiet")
    for file, texts in history.items():
        for text in reversed(texts):
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_text(text)
            git(folder, "add", "--all")
            git(folder, "commit", "--quiet", "--message", "an earlier version")
    if (fixture / BASE).exists():
        _commit_base(fixture, folder)
        history = history or {BASE: []}
    shutil.copytree(fixture, folder, dirs_exist_ok=True)
    if history:
        git(folder, "add", "--all")
        git(folder, "commit", "--quiet", "--message", "now")
    return folder


def _commit_base(fixture: Path, folder: Path) -> None:
    """Commit the base of a fixture, and leave an empty work tree."""
    git(folder, "init", "--quiet")
    shutil.copytree(fixture, folder, dirs_exist_ok=True)
    for file, text in json.loads((fixture / BASE).read_text()).items():
        (folder / file).unlink(missing_ok=True)
        if text is not None:
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_text(text)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "base")
    git(folder, "rm", "-r", "--quiet", ".")
    folder.mkdir(exist_ok=True)


def expected_lines(fixture: Path) -> set[tuple[str, int]]:
    """(file, line) of every finding that the fixture expects of its own rule."""
    expected = set()
    for path in fixture.rglob("*"):
        if path.is_file():
            lines = expectations(path.read_text())
            expected |= {
                (path.relative_to(fixture).as_posix(), n) for n, rule in lines if rule == fixture.parent.name
            }
    if (fixture / BASE).exists():  # a finding about a file that only the base has
        for file, text in json.loads((fixture / BASE).read_text()).items():
            if not (fixture / file).exists():
                expected |= {(file, n) for n, rule in expectations(text) if rule == fixture.parent.name}
    return expected


@pytest.mark.parametrize("fixture", folder_fixtures(), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_rule_finds_the_expected_lines(fixture: Path, tmp_path: Path, engine: Engine) -> None:
    rule = fixture.parent.name
    expected = expected_lines(fixture)
    failing = fixture.name.startswith("fail")
    assert expected if failing else not expected, "only fail folders expect findings"
    root = make_repository(fixture, tmp_path / "repository")
    # Waivers refer to findings of other rules, so the waiver rules only work together with all rules.
    rules = () if by_id()[rule].topic == "hygiene" else (rule,)
    options = CheckOptions(rules=rules, today=TODAY)
    if isinstance(by_id()[rule], GateRule):
        report, _ = check_trusting([root], options, engine, "HEAD~1")
    else:
        report, _ = check([root], options, engine)
    found = {(f.source.file, f.source.line) for f in report.findings if f.rule == rule}
    failed = [one for one in report.not_checked if not one.code.startswith("argocd-")]
    assert not failed, failed
    assert found == expected
    for finding in report.findings:
        worse = by_id()[finding.rule].worse
        assert (finding.measure is None) == (worse is Worse.NEVER)
        assert worse is not Worse.BY_MEASURE or finding.measure != Exactly(finding.message)
