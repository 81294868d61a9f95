"""What a release consists of: the same bytes from any folder, a bill of materials, actions pinned by commit."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from build_support.sbom import bill_of_materials
from build_support.toolchain import go_on_path
from kustodian.model.installed_files import engine_binary
from tests.packaging.conftest import ROOT, export, tracked_files

_USES = re.compile(r"""^\s*(?:-\s*)?uses:\s*["']?([^\s"'#]+)""", re.MULTILINE)
_ACTION = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_./-]+@\S+")
_PINNED = re.compile(r"[^@]+@[0-9a-f]{40}\Z")


def _wheel(sources: Path, out: Path, cache: Path) -> Path:
    """A wheel of these sources, with an engine that is compiled for it; packages of Go are compiled once."""
    compiled = os.environ.get("GOCACHE") or str(Path.home() / ".cache" / "go-build")
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-w", out, sources],
        stdin=subprocess.DEVNULL, check=True, timeout=1500,
        env={**os.environ, "SOURCE_DATE_EPOCH": "1700000000", "XDG_CACHE_HOME": str(cache), "GOCACHE": compiled},
    )  # fmt: skip
    (built,) = out.iterdir()
    return built


@pytest.mark.slow
def test_a_wheel_has_the_same_bytes_wherever_it_is_built(tmp_path: Path) -> None:
    wheels = []
    for name in ("one", "another/folder"):
        sources = tmp_path / name / "sources"
        sources.mkdir(parents=True)
        export(sources)
        wheels.append(_wheel(sources, tmp_path / name / "out", tmp_path / name / "cache"))
    contents = []
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            contents.append(
                {name: hashlib.sha256(archive.read(name)).hexdigest() for name in archive.namelist()}
            )
    assert [name for name in contents[0] if contents[0][name] != contents[1].get(name)] == []
    assert wheels[0].read_bytes() == wheels[1].read_bytes()


def test_the_engine_does_not_name_the_machine_it_was_built_on() -> None:
    content = engine_binary().read_bytes()
    for place in (ROOT, Path.home() / ".cache"):
        assert os.fsencode(place) not in content


def test_the_bill_of_materials_is_complete() -> None:
    go = go_on_path((1, 18))
    assert go is not None, "the tests are run with Go on PATH"
    bill = bill_of_materials(ROOT, engine_binary(), go.command)
    assert bill == bill_of_materials(ROOT, engine_binary(), go.command)
    json.dumps(bill)
    purls = [component["purl"] for component in bill["components"]]
    assert len(purls) == len(set(purls)) and all(
        re.fullmatch(r"pkg:(pypi|golang)/\S+@\S+", purl) for purl in purls
    )
    names = {component["name"] for component in bill["components"]}
    assert {
        "pyyaml",
        "orjson",
        "pydantic-core",
        "kubernetes",
        "stdlib",
        "sigs.k8s.io/kustomize/api",
        "github.com/open-policy-agent/opa",
    } <= names
    listed = subprocess.run(
        [go.command, "version", "-m", engine_binary()], capture_output=True, text=True, check=True
    ).stdout
    assert {line.split()[1] for line in listed.splitlines() if line.split()[:1] == ["dep"]} <= names
    assert not {"pytest", "mypy"} & names
    patched = {one["name"] for one in bill["components"] if "pedigree" in one}
    assert {"sigs.k8s.io/kustomize/api", "sigs.k8s.io/kustomize/kyaml"} <= patched


def test_actions_are_pinned_by_commit() -> None:
    """In the action, in the template's workflows, and wherever the template's Python or data name an action."""
    used: dict[str, str] = {}
    for name in tracked_files(ROOT):
        if name.suffix not in (".yml", ".yaml", ".json") or name.parts[0] in ("tests", "engine", "docs"):
            continue
        text = (ROOT / name).read_text(encoding="utf-8", errors="replace")
        used |= {
            action: str(name)
            for action in _USES.findall(text)
            if _ACTION.fullmatch(action) and "{{" not in action
        }
    workflow = (ROOT / "template/{{cookiecutter.repo_name}}/.github/workflows/ci.yaml").read_text()
    variables = re.findall(r"set \w+ = ['\"]([^'\"]+@[^'\"]+)['\"]", workflow)
    assert variables, "the workflow names actions in variables"
    used |= {variable.partition(" ")[0]: "ci.yaml" for variable in variables}
    assert len(used) > 5
    assert {action: file for action, file in used.items() if not _PINNED.match(action)} == {}


def test_the_generated_workflow_is_pinned_by_commit(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "kustodian", "new", tmp_path / "iris", "--defaults", "--no-git", "--no-check"],
        check=True, capture_output=True, cwd=ROOT, timeout=300,
    )  # fmt: skip
    files = [
        file
        for file in (tmp_path / "iris").rglob("*")
        if file.suffix in (".yml", ".yaml") and ".github" in file.parts
    ]
    used = [action for file in files for action in _USES.findall(file.read_text())]
    assert used and [action for action in used if not _PINNED.match(action)] == []
