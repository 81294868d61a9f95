"""The CI definitions of generated repositories, held against the schemas and linters of their systems."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from groovy_parser.parser import parse_groovy_content

from tests.generator.repositories import Repository, answers_of, make
from tests.support.ci_scripts import SCRIPTS
from tests.support.command_lines import commands, kustodian_problem

BIN = Path(sys.executable).parent
CASES = {
    f"{ci}-{scan}-{storage}": {"ci": ci, "image_scan": scan, "model_storage": storage, "cache": cache}
    for ci, scan, storage, cache in (
        ("github", "trivy", "pvc", "redis"), ("github", "clair", "baked-in", "none"),
        ("gitlab", "none", "pvc", "redis"), ("gitlab", "clair", "baked-in", "none"),
        ("jenkins", "trivy", "pvc", "redis"),
    )
}  # fmt: skip
CASES |= {f"{ci}-custom": {"ci": ci, "runtime": "custom"} for ci in ("github", "gitlab", "jenkins")}
FILES = {"github": ".github/workflows/ci.yaml", "gitlab": ".gitlab-ci.yml", "jenkins": "Jenkinsfile"}


@pytest.fixture(scope="module")
def repositories(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Repository]:
    folder = tmp_path_factory.mktemp("ci")
    return {
        name: make(answers_of(None, {"accelerator": "none", **settings}), folder / name)
        for name, settings in CASES.items()
    }


def _files(repositories: dict[str, Repository], ci: str) -> list[Path]:
    return [repository.root / FILES[ci] for name, repository in repositories.items() if name.startswith(ci)]


def test_a_repository_has_the_files_of_its_own_system_only(repositories: dict[str, Repository]) -> None:
    for name, repository in repositories.items():
        found = {ci for ci, file in FILES.items() if (repository.root / file).exists()}
        assert found == {name.partition("-")[0]}


def test_github_workflows_are_valid_and_zizmor_finds_nothing(repositories: dict[str, Repository]) -> None:
    files = _files(repositories, "github")
    _run(BIN / "check-jsonschema", "--builtin-schema", "vendor.github-workflows", *files)
    _run(BIN / "zizmor", "--offline", "--no-progress", "--pedantic", *files)


def test_every_action_is_pinned_to_a_commit(repositories: dict[str, Repository]) -> None:
    for file in _files(repositories, "github"):
        used = re.findall(r"uses: (\S+)", file.read_text(encoding="utf-8"))
        assert used
        assert all(re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", action) for action in used), used


def test_gitlab_s_schema_accepts_its_file(repositories: dict[str, Repository]) -> None:
    files = _files(repositories, "gitlab")
    _run(BIN / "check-jsonschema", "--builtin-schema", "vendor.gitlab-ci", *files)
    for file in files:
        pipeline = yaml.safe_load(file.read_text(encoding="utf-8"))
        jobs = {name: job for name, job in pipeline.items() if isinstance(job, dict) and "script" in job}
        assert {job["stage"] for job in jobs.values()} <= set(pipeline["stages"])
        assert {need for job in jobs.values() for need in job.get("needs", ())} <= set(jobs)


@pytest.mark.parametrize("ci", FILES)
def test_every_kustodian_command_is_one_that_it_takes(repositories: dict[str, Repository], ci: str) -> None:
    for file in _files(repositories, ci):
        lines = "\n".join(SCRIPTS[ci](file).values()).splitlines()
        used = [words for line in lines for words in commands(line) if words[:1] == ["kustodian"]]
        assert {words[1] for words in used} == {"check", "diff"}
        assert [problem for words in used if (problem := kustodian_problem(words))] == []


def test_a_wrong_option_would_be_seen() -> None:
    for wrong in (
        "check --form github",
        "diff --base",
        "chek",
        "diff --format github",
    ):
        assert kustodian_problem(["kustodian", *wrong.split()]), wrong


def test_a_wrong_gitlab_file_would_be_seen(tmp_path: Path) -> None:
    (tmp_path / "wrong.yml").write_text("job: {script: [true], artifacts: {path: [x]}}\n", encoding="utf-8")
    with pytest.raises(AssertionError):
        _run(BIN / "check-jsonschema", "--builtin-schema", "vendor.gitlab-ci", tmp_path / "wrong.yml")


@pytest.mark.parametrize("case", ["jenkins-trivy-pvc", "jenkins-custom"])
def test_the_jenkinsfile_is_groovy(repositories: dict[str, Repository], case: str) -> None:
    text = (repositories[case].root / "Jenkinsfile").read_text(encoding="utf-8")
    assert list(parse_groovy_content(text).find_data("statement"))


def test_scripts_are_shell_and_executable(repositories: dict[str, Repository]) -> None:
    scripts = [script for repository in repositories.values() for script in repository.root.glob("ci/*.sh")]
    assert {script.name for script in scripts} == {"scan-with-clair.sh", "write-version.sh"}
    for script in scripts:
        assert script.read_text(encoding="utf-8").startswith("#!/bin/sh\n"), script
        assert script.stat().st_mode & 0o111, script
        _run("sh", "-n", script)


def test_a_new_image_is_written_into_the_first_environment_only(
    repositories: dict[str, Repository], tmp_path: Path
) -> None:
    root = repositories["gitlab-clair-baked-in"].root
    git = ["git", "-C", str(root), "-c", "user.name=t", "-c", "user.email=t@example.com"]
    _run(*git, "init", "--quiet")
    _run(*git, "add", "--all")
    _run(*git, "commit", "--quiet", "--message", "start")
    for key, value in (("user.name", "t"), ("user.email", "t@example.com")):
        _run(*git, "config", key, value)
    digest, commit = "sha256:" + "a" * 64, "0123456789abcdef0123456789abcdef01234567"
    _run("sh", "ci/write-version.sh", "registry.example.com/ml/iris", digest, commit, cwd=root)
    written = yaml.safe_load((root / "overlays/dev/version.yaml").read_text(encoding="utf-8"))["data"]
    assert written == {
        "version": commit[:12],
        "image": f"registry.example.com/ml/iris@{digest}",
        "modelRevision": commit,
    }
    assert _run(*git, "status", "--porcelain") == ""
    assert _run(*git, "diff", "--name-only", "HEAD~1").split() == ["overlays/dev/version.yaml"]


def _run(*command: object, cwd: Path | None = None) -> str:
    done = subprocess.run(
        [str(word) for word in command], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
