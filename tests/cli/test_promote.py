"""`kustodian promote` as a command."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.harness import kustodian, write


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write(tmp_path, {
        "kustodian.yaml": "", "overlays/staging/version.yaml": "image: b\n", "overlays/prod/version.yaml": "image: a\n",
    })  # fmt: skip


def test_the_version_file_is_copied_and_shown(root: Path) -> None:
    shown = kustodian("promote", "staging", "prod", "--dry-run", cwd=root)
    assert (shown.code, (root / "overlays/prod/version.yaml").read_text()) == (0, "image: a\n")
    done = kustodian("promote", "staging", "prod", cwd=root / "overlays")
    assert "-image: a\n+image: b\n" in done.out
    assert shown.out in done.out
    assert (root / "overlays/prod/version.yaml").read_text() == "image: b\n"
    assert "already" in kustodian("promote", "staging", "prod", cwd=root).out
    assert sorted(path.name for path in (root / "overlays/prod").iterdir()) == ["version.yaml"]


def test_the_diff_of_a_file_without_a_final_line_break(root: Path) -> None:
    (root / "overlays/prod/version.yaml").write_text("image: a")
    shown = kustodian("promote", "staging", "prod", "--dry-run", cwd=root)
    assert "-image: a\n\\ No newline at end of file\n+image: b\n" in shown.out


@pytest.mark.parametrize(("source", "target", "said"), [
    ("stagin", "prod", "no environment `stagin`"), ("prod", "prod", "are both prod"), ("prod", "live", "environments: prod, staging"),
])  # fmt: skip
def test_a_wrong_name_changes_nothing(root: Path, source: str, target: str, said: str) -> None:
    outcome = kustodian("promote", source, target, cwd=root)
    assert outcome.code == 2
    assert said in outcome.err
    assert (root / "overlays/prod/version.yaml").read_text() == "image: a\n"
