"""`kustodian new` as a process: what it prints, writes, refuses, and its exit codes."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.cli.new.harness import RECORD, ROOT, environment, everything, files, new


def test_the_default_repository_is_committed_and_its_record_is_complete(default_repository: Path) -> None:
    git = ["git", "-C", str(default_repository)]
    status = subprocess.run([*git, "status", "--porcelain"], check=True, capture_output=True, text=True)
    assert status.stdout == ""
    listed = subprocess.run([*git, "ls-files"], check=True, capture_output=True, text=True)
    assert sorted(listed.stdout.splitlines()) == sorted(files(default_repository))
    record = yaml.safe_load((default_repository / RECORD).read_text())
    assert (record["repo_name"], list(record["environments"])) == ("iris-model", ["dev", "staging", "prod"])


def test_nothing_but_the_repository_is_left(default_repository: Path) -> None:
    place = default_repository.parent
    assert [path.name for path in place.iterdir()] == ["iris-model"]
    assert list((place.parent / "home").iterdir()) == []
    assert list((place.parent / "temporary").iterdir()) == []


def test_the_recorded_answers_give_the_same_bytes_again(place: Path) -> None:
    chosen = [
        "--set", "model_name=cats", "--set", "accelerator=none", "--set", "exposure=cluster-only",
        "--set", "environments=dev,live", "--set", "environments.live.class=prod",
        "--set", "description=Says: is it a 'cat'?",
    ]  # fmt: skip
    first = new(place, "first", "--defaults", "--no-check", *chosen)
    assert first.returncode == 0, first.stderr
    again = new(place, "a/b", "--answers", f"first/{RECORD}", "--no-check")
    assert again.returncode == 0, again.stderr
    assert files(place / "first") == files(place / "a/b")
    assert (place / "first" / "overlays" / "live").is_dir()


def test_it_ends_with_its_own_check_and_next_steps_that_exist(place: Path) -> None:
    result = new(place, "iris", "--preset", "sklearn-cpu", "--defaults", "--no-git")
    assert (result.returncode, result.stderr) == (0, "")
    assert "iris/overlays/prod " in result.stdout and " rules, 0 waived" in result.stdout
    steps = result.stdout.partition("Next:\n")[2].splitlines()
    assert len(steps) == 3
    named = [
        word.rstrip(";,") for step in steps for word in step.split() if word.rstrip(";,").endswith(".md")
    ]
    assert named == ["README.md", "argocd/README.md"]
    assert all((place / "iris" / name).is_file() for name in named)


def test_no_git(place: Path) -> None:
    program = [
        sys.executable,
        "-X",
        "importtime",
        "-m",
        "kustodian",
        "new",
        "iris",
        "--defaults",
        "--no-check",
    ]
    result = subprocess.run(
        [*program, "--no-git"],
        cwd=place,
        env=environment(place),
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    assert not (place / "iris" / ".git").exists()
    imported = {line.rpartition("|")[2].strip() for line in result.stderr.splitlines()}
    assert "kustodian.scaffold" in imported and "git" not in imported


def test_inside_a_git_repository_none_is_made_and_it_says_why(place: Path) -> None:
    subprocess.run(["git", "init", "--quiet"], cwd=place, env=environment(place), check=True)
    result = new(place, "iris", "--defaults", "--no-check")
    assert result.returncode == 0
    assert not (place / "iris" / ".git").exists()
    assert f"iris stands in the git repository {place}" in result.stdout


def test_dry_run_writes_nothing_and_prints_what_would_be_written(
    default_repository: Path, place: Path
) -> None:
    (place / "mine.txt").write_text("mine")
    before = everything(place)
    result = new(place, "iris", "--defaults", "--dry-run")
    assert (result.returncode, result.stderr) == (0, "")
    assert everything(place) == before
    tree, _, diff = result.stdout.partition("diff --git ")
    assert tree.startswith("iris/\n├── ")
    patch = "diff --git " + diff
    subprocess.run(
        ["git", "apply", "--whitespace=nowarn", "-"],
        cwd=place,
        env=environment(place),
        input=patch.encode(),
        check=True,
    )
    (place / "mine.txt").unlink()
    assert files(place) == files(default_repository)


def test_dry_run_compares_with_what_is_there(default_repository: Path, place: Path) -> None:
    shutil.copytree(default_repository, place / "iris")
    (place / "iris" / "kustodian.yaml").write_text("mine\n")
    before = files(place)
    result = new(place, "iris", "--defaults", "--dry-run")
    assert result.returncode == 0
    assert [line for line in result.stdout.splitlines() if line.startswith("diff --git")] == [
        "diff --git a/kustodian.yaml b/kustodian.yaml"
    ]
    assert "-mine\n" in result.stdout
    assert "would be refused: iris: the target is not empty" in result.stderr
    assert files(place) == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "no folder was named"),
        (["iris"], "use --defaults or --answers FILE"),
        (["iris", "--preset", "sklearn-cpu"], "use --defaults or --answers FILE"),
        (["iris", "--defaults", "--preset", "sklear-cpu"], "did you mean sklearn-cpu?"),
        (["iris", "--defaults", "--set", "modle_name=a"], "did you mean model_name?"),
        (
            ["iris", "--defaults", "--set", "environments.prod.replicas_min=1"],
            "choose a replicas_min of 2 or more",
        ),
        (["iris", "--answers", "answers.yaml"], "answers.yaml:2:1"),
        (["iris", "--answers", "missing.yaml"], "no such answers file"),
        (["full", "--defaults"], "the target is not empty: it holds mine.txt"),
        (["full/mine.txt", "--defaults"], "the target is a file"),
        (["iris", "--defalts"], "--defalts"),
    ],
)
def test_mistakes_are_told_with_exit_code_2_and_leave_nothing(
    place: Path, arguments: list[str], said: str
) -> None:
    (place / "answers.yaml").write_text("team: cats\nmodle_name: a\n")
    (place / "full").mkdir()
    (place / "full" / "mine.txt").write_text("mine")
    before = everything(place)
    result = new(place, *arguments)
    assert result.returncode == 2
    assert said in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""
    assert everything(place) == before


def test_print_schema_is_a_schema_that_the_record_fits(default_repository: Path, place: Path) -> None:
    from jsonschema_rs import Draft202012Validator

    result = new(place, "--print-schema")
    assert (result.returncode, result.stderr) == (0, "")
    validator = Draft202012Validator(json.loads(result.stdout))
    record = yaml.safe_load((default_repository / RECORD).read_text())
    assert validator.is_valid(record)
    assert not validator.is_valid({**record, "modle_name": "a"})


def test_list_presets_says_what_each_is_for(place: Path) -> None:
    result = new(place, "--list-presets")
    assert (result.returncode, result.stderr) == (0, "")
    names = {path.stem for path in (ROOT / "generator/kustodian/scaffold/presets").glob("*.yaml")}
    assert {line.split()[0] for line in result.stdout.splitlines()} == names
    assert all(len(line.split()) > 5 for line in result.stdout.splitlines())


def test_a_preset_and_set_on_top_of_it(place: Path) -> None:
    result = new(place, "iris", "--preset", "sklearn-cpu", "--defaults", "--set", "team=cats", "--no-check")
    assert result.returncode == 0, result.stderr
    record = yaml.safe_load((place / "iris" / RECORD).read_text())
    assert (record["accelerator"], record["team"]) == ("none", "cats")


def test_help_shows_an_example_and_every_option(place: Path) -> None:
    result = new(place, "--help")
    assert result.returncode == 0
    assert "Example: kustodian new iris-model --defaults" in " ".join(result.stdout.split())
    for option in ("--preset", "--answers", "--set", "--dry-run", "--print-schema", "--no-git", "--no-check"):
        assert option in result.stdout


def test_importing_the_command_imports_nothing_heavy(place: Path) -> None:
    program = (
        "import sys, kustodian.cli.commands.new; print([name for name in sys.modules if name.partition('.')[0] in "
        "('pydantic', 'cookiecutter', 'ruamel', 'git', 'rich', 'jinja2', 'yaml', 'jsonschema_rs')])"
    )
    result = subprocess.run(
        [sys.executable, "-c", program],
        env=environment(place),
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    assert result.stdout.strip() == "[]"
