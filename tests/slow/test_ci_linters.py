"""actionlint and ShellCheck on the CI definitions of generated repositories, and on those that this one offers.

For every system: each scanner, each package manager, each place of the model, and a server that is built elsewhere.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.generator.repositories import answers_of, make
from tests.support.ci_scripts import SCRIPTS, github, gitlab
from tests.support.peers import ROOT, build_peer
from tests.support.pypi_programs import shellcheck

FILES = {"github": ".github/workflows/ci.yaml", "gitlab": ".gitlab-ci.yml", "jenkins": "Jenkinsfile"}
ANSWERS: tuple[dict[str, object], ...] = (
    {"image_scan": "trivy", "package_env": "pip", "model_storage": "baked-in"},
    {"image_scan": "clair", "package_env": "conda", "cache": "redis"},
    {"image_scan": "none", "package_env": "conda", "git_branch": "release/1.x"},
    {"runtime": "custom"},
)
#: Jenkins runs `sh -xe`, GitHub `bash -e`, GitLab `bash -eo pipefail` or sh, as the image has it.
SHELLS = {"github": "bash", "gitlab": "sh", "jenkins": "sh"}


@pytest.fixture(scope="module", params=FILES)
def definitions(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, list[Path]]:
    """A system and the roots of its repositories."""
    folder = tmp_path_factory.mktemp("ci")
    roots = []
    for number, settings in enumerate(ANSWERS):
        root = folder / str(number)
        make(answers_of(None, {"accelerator": "none", "ci": request.param, **settings}), root)
        roots.append(root)
    return request.param, roots


def test_the_shell_of_every_step_is_clean(definitions: tuple[str, list[Path]], tmp_path: Path) -> None:
    ci, roots = definitions
    files = [script for root in roots for script in root.glob("ci/*.sh")]
    for number, root in enumerate(roots):
        scripts = SCRIPTS[ci](root / FILES[ci])
        assert len(scripts) >= 2
        files += _written(scripts, SHELLS[ci], tmp_path / str(number))
    _shellcheck(files)


def test_the_shell_that_other_repositories_use_is_clean(tmp_path: Path) -> None:
    files = _written(github(ROOT / "action.yml"), "bash", tmp_path / "action")
    _shellcheck(files + _written(gitlab(ROOT / "integrations" / "gitlab.yml"), "bash", tmp_path / "gitlab"))


def test_shellcheck_would_say_so(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="SC2086"):
        _shellcheck(_written({"wrong": "kustodian check $TARGETS\n"}, "sh", tmp_path))


def test_actionlint_finds_nothing_in_the_workflows(tmp_path: Path) -> None:
    for number, settings in enumerate(ANSWERS):
        root = tmp_path / str(number)
        make(answers_of(None, {"accelerator": "none", "ci": "github", **settings}), root)
        _actionlint(root / FILES["github"])


def test_actionlint_would_say_so(tmp_path: Path) -> None:
    workflow = tmp_path / "ci.yaml"
    workflow.write_text(
        "on: push\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    needs: [b]\n    steps:\n      - run: 'true'\n",
        encoding="utf-8",
    )
    with pytest.raises(AssertionError, match="job-needs"):
        _actionlint(workflow)


def _actionlint(workflow: Path) -> None:
    done = subprocess.run(
        [build_peer("actionlint"), "-no-color", "-shellcheck", shellcheck(), "-pyflakes=", workflow],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def _written(scripts: dict[str, str], shell: str, folder: Path) -> list[Path]:
    folder.mkdir(exist_ok=True)
    files = []
    for name, text in scripts.items():
        file = folder / f"{name}.sh"
        file.write_text(f"#!/usr/bin/env {shell}\n{text}", encoding="utf-8")
        files.append(file)
    return files


def _shellcheck(files: list[Path]) -> None:
    # An optional part of a command line has to be a variable without quotes in these two places, or there is no file.
    done = subprocess.run(
        [shellcheck(), "--severity", "info", *files], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
