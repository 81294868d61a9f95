"""The files that other repositories use from this one: valid against the forges' schemas, and free of injections."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.packaging.conftest import ROOT

BIN = Path(sys.executable).parent


@pytest.mark.parametrize(
    ("file", "schema"),
    [("action.yml", "vendor.github-actions"), ("integrations/gitlab.yml", "vendor.gitlab-ci")],
)
def test_it_is_valid(file: str, schema: str) -> None:
    done = subprocess.run(
        [BIN / "check-jsonschema", "--builtin-schema", schema, ROOT / file],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_action_is_safe() -> None:
    done = subprocess.run(
        [BIN / "zizmor", "--offline", "--no-progress", ROOT / "action.yml"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for step in yaml.safe_load((ROOT / "action.yml").read_text())["runs"]["steps"]:
        assert "${{" not in step["run"], "inputs come through the environment only"


def test_what_the_files_call_exists() -> None:
    """Every option of `kustodian check` in these files and their page is one that the command has."""
    help_text = subprocess.run(
        [sys.executable, "-m", "kustodian", "check", "--help"],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    ).stdout
    texts = [
        (ROOT / name).read_text()
        for name in ("action.yml", "integrations/gitlab.yml", ".pre-commit-hooks.yaml", "docs/ci.md")
    ]
    used = {
        option
        for text in texts
        for line in text.splitlines()
        if "kustodian check" in line or "arguments" in line
        for option in re.findall(r"--[a-z-]+", line)
    }
    assert {"--format", "--base", "--staged", "--fail-on"} <= used
    assert [option for option in sorted(used) if option not in help_text] == []


def test_the_hook_is_one_that_pre_commit_takes() -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert hook["language"] == "python" and hook["pass_filenames"] is False
    assert re.search(hook["files"], "overlays/prod/kustomization.yaml")
