"""What other repositories use from this one, run as a forge would: the action's steps, GitLab's job, the hook.

Each installs Kustodian as it does there; the repository is a real one with a base and a head commit.
"""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.packaging.conftest import export
from tests.support.ci_scripts import gitlab
from tests.support.peers import ROOT
from tests.support.pypi_programs import pypi_program

DEPLOYMENT = """\
apiVersion: v1
kind: Pod
metadata:
  name: web
  namespace: web
spec:
  containers:
    - name: web
      image: registry.example.com/web:{tag}
"""
WORSE = "base/pod.yaml"


def _git(folder: Path, *words: str) -> str:
    command = ["git", "-c", "user.name=T", "-c", "user.email=t@example.com", "-C", str(folder), *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@dataclass
class Forge:
    """A runner: its folders, what it installed, and a checked-out pull request."""

    temp: Path
    base: str
    checkout: Path

    def run(self, script: str, *, shell: str = "bash", **variables: str) -> subprocess.CompletedProcess[str]:
        """One step: `bash -e FILE`, in the checkout, with the files that a runner gives it."""
        file = self.temp / "step.sh"
        file.write_text(script, encoding="utf-8")
        for name in ("summary", "output"):
            (self.temp / name).touch()
        environment = {
            "PATH": os.environ["PATH"], "HOME": str(Path.home()), "RUNNER_TEMP": str(self.temp),
            "GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(self.temp / "summary"),
            "GITHUB_OUTPUT": str(self.temp / "output"), "GITHUB_WORKSPACE": str(self.checkout), **variables,
        }  # fmt: skip
        return subprocess.run(
            [shell, "--noprofile", "--norc", "-e", "-o", "pipefail", file], cwd=self.checkout, env=environment,
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    def check(self, **inputs: str) -> subprocess.CompletedProcess[str]:
        """The action's last step with these inputs."""
        action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
        step = action["runs"]["steps"][1]
        values = {name: str(settings["default"]) for name, settings in action["inputs"].items()} | inputs
        variables = {
            name: values[str(expression).removeprefix("${{ inputs.").removesuffix(" }}")]
            for name, expression in step["env"].items()
        }
        return self.run(step["run"], **variables)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This repository as a forge has it: one commit."""
    folder = export(tmp_path_factory.mktemp("source"))
    _git(folder, "init", "--quiet")
    _git(folder, "add", "--all")
    _git(folder, "commit", "--quiet", "--message", "all")
    return folder


@pytest.fixture(scope="module")
def forge(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Forge:
    temp = tmp_path_factory.mktemp("runner")
    checkout = tmp_path_factory.mktemp("checkout")
    (checkout / "base").mkdir()
    (checkout / "overlays" / "prod").mkdir(parents=True)
    (checkout / WORSE).write_text(DEPLOYMENT.format(tag="1.0.0"), encoding="utf-8")
    (checkout / "base/kustomization.yaml").write_text("resources: [pod.yaml]\n", encoding="utf-8")
    (checkout / "overlays/prod/kustomization.yaml").write_text("resources: [../../base]\n", encoding="utf-8")
    _git(checkout, "init", "--quiet", "--initial-branch", "main")
    _git(checkout, "add", "--all")
    _git(checkout, "commit", "--quiet", "--message", "base")
    base = _git(checkout, "rev-parse", "HEAD")
    (checkout / WORSE).write_text(DEPLOYMENT.format(tag="latest") + "  hostNetwork: true\n", encoding="utf-8")
    _git(checkout, "commit", "--quiet", "--all", "--message", "head")
    forge = Forge(temp, base, checkout)
    install = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))["runs"]["steps"][0]["run"]
    done = forge.run(install, SOURCE=str(source))
    assert done.returncode == 0, done.stdout + done.stderr
    return forge


def test_the_action_annotates_summarises_writes_sarif_and_fails(forge: Forge) -> None:
    done = forge.check(base=forge.base, sarif="kustodian.sarif")
    assert done.returncode == 1, done.stdout + done.stderr
    annotations = [line for line in done.stdout.splitlines() if line.startswith("::error ")]
    assert any("file=base/pod.yaml,line=9" in line and "unpinned-image" in line for line in annotations)
    assert any("line=10" in line and "host-namespaces" in line for line in annotations)
    summary = (forge.temp / "summary").read_text(encoding="utf-8")
    assert "host-namespaces" in summary
    sarif = json.loads((forge.checkout / "kustodian.sarif").read_text(encoding="utf-8"))
    assert "host-namespaces" in {result["ruleId"] for result in sarif["runs"][0]["results"]}


def test_the_action_passes_what_the_branch_does_not_make_worse(forge: Forge) -> None:
    done = forge.check(base="HEAD")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_action_takes_several_targets_and_a_milder_severity(forge: Forge) -> None:
    done = forge.check(**{"targets": "overlays/prod base", "fail-on": "info"})
    assert done.returncode == 1, done.stdout + done.stderr


def test_the_action_is_not_green_where_nothing_could_be_checked(forge: Forge) -> None:
    assert forge.check(targets="nowhere").returncode == 2
    assert forge.check(base="no-such-revision").returncode == 2


def test_the_gitlab_job_writes_its_report_and_fails(forge: Forge) -> None:
    job = gitlab(ROOT / "integrations" / "gitlab.yml")["kustodian-check"]
    check = job[job.index("# shellcheck") :]
    path = f"{forge.temp}/kustodian/bin:{os.environ['PATH']}"
    variables = {"KUSTODIAN_TARGETS": ".", "PATH": path, "CI_MERGE_REQUEST_DIFF_BASE_SHA": forge.base}
    assert forge.run(check, **variables).returncode == 1
    report = json.loads((forge.checkout / "gl-code-quality-report.json").read_text(encoding="utf-8"))
    assert "base/pod.yaml" in {finding["location"]["path"] for finding in report}


def test_the_hook_stops_a_commit_that_makes_it_worse_and_no_other(source: Path, tmp_path: Path) -> None:
    precommit = pypi_program("pre-commit", "4.7.0", "pre-commit")
    root = tmp_path / "repository"
    (root / "base").mkdir(parents=True)
    (root / "base/kustomization.yaml").write_text("resources: [pod.yaml]\n", encoding="utf-8")
    (root / WORSE).write_text(DEPLOYMENT.format(tag="1.0.0"), encoding="utf-8")
    hook = {
        "repo": str(source),
        "rev": _git(source, "rev-parse", "HEAD"),
        "hooks": [{"id": "kustodian-check"}],
    }
    (root / ".pre-commit-config.yaml").write_text(yaml.safe_dump({"repos": [hook]}), encoding="utf-8")
    _git(root, "init", "--quiet")
    _git(root, "add", "--all")
    _git(root, "commit", "--quiet", "--message", "start")
    environment = {**os.environ, "PRE_COMMIT_HOME": str(tmp_path / "hooks")}

    def hooks(tag: str, more: str = "") -> subprocess.CompletedProcess[str]:
        (root / WORSE).write_text(DEPLOYMENT.format(tag=tag) + more, encoding="utf-8")
        _git(root, "add", "--all")
        return subprocess.run(
            [precommit, "run"], cwd=root, env=environment, capture_output=True, text=True, check=False
        )

    worse = hooks("1.0.0", "  hostNetwork: true\n")
    assert worse.returncode == 1 and "host-namespaces" in worse.stdout, worse.stdout + worse.stderr
    same = hooks("1.0.1")
    assert same.returncode == 0 and "Passed" in same.stdout, same.stdout + same.stderr
