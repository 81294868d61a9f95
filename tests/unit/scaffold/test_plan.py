"""The dry run: what it prints is what would be written, and it writes nothing."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from kustodian.scaffold.answers.model import Answers
from kustodian.scaffold.writing.plan import plan, tree
from kustodian.scaffold.writing.writer import write
from tests.unit.scaffold.conftest import snapshot


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "place"
    folder.mkdir()
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    return folder


def without_binary(diff: list[str]) -> str:
    """`git apply` takes no binary file without its contents."""
    blocks = "\n".join(diff).split("diff --git ")[1:]
    return "".join(f"diff --git {block.rstrip()}\n" for block in blocks if "\nBinary files" not in block)


def test_nothing_is_written(answers: Answers, tiny_template: Path, place: Path, tmp_path: Path) -> None:
    (place / "mine.txt").write_text("mine")
    before = snapshot(tmp_path)
    for target in (place, place / "iris", place / "a" / "iris"):
        made = plan(answers, target, tiny_template)
        assert "README.md" in made.files
    assert snapshot(tmp_path) == before


def test_the_files_are_those_that_are_written(answers: Answers, tiny_template: Path, place: Path) -> None:
    made = plan(answers, place / "iris", tiny_template)
    assert made.files == write(answers, place / "iris", tiny_template, lambda root: None)
    assert plan(answers, place / "iris", tiny_template).diff == []


@pytest.mark.parametrize("newline_at_end", [True, False])
def test_git_apply_of_the_diff_gives_what_is_written(
    answers: Answers, tiny_template: Path, place: Path, newline_at_end: bool
) -> None:
    readme = tiny_template / "{{cookiecutter.repo_name}}" / "README.md"
    readme.write_text("a\x0cb\n\n{{ cookiecutter.team }}" + ("\n" if newline_at_end else ""))
    write(answers, place / "iris", tiny_template, lambda root: None)
    applied = place / "applied"
    applied.mkdir()
    (applied / "README.md").write_text("a\x0cb\n\nold" + ("" if newline_at_end else "\n"))
    made = plan(answers, applied, tiny_template)
    assert [line for line in made.diff if line.startswith("Binary files")] == [
        "Binary files /dev/null and b/logo.bin differ"
    ]
    subprocess.run(
        ["git", "apply", "--whitespace=nowarn", "-"],
        cwd=applied,
        input=without_binary(made.diff).encode(),
        check=True,
    )
    wanted = snapshot(place / "iris")
    del wanted["logo.bin"]
    assert snapshot(applied) == wanted
    assert (applied / "run.sh").stat().st_mode & 0o100


def test_the_tree_shows_folders_first() -> None:
    assert list(
        tree("iris/", ["README.md", "base/a.yaml", "overlays/dev/b.yaml", "overlays/dev/c.yaml"])
    ) == [
        "iris/",
        "├── base/",
        "│   └── a.yaml",
        "├── overlays/",
        "│   └── dev/",
        "│       ├── b.yaml",
        "│       └── c.yaml",
        "└── README.md",
    ]
