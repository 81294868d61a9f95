"""What kube-score and checkov say about prod of every preset: each row of docs/compared-checkers.md, and no other.

kube-score is built from its Go module. checkov is installed into an environment of its own, at the version that
the document names.
"""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.generator.repositories import PRESETS, answers_of, make
from tests.support.peers import ROOT, build_peer
from tests.support.pypi_programs import pypi_program

DOCUMENT = ROOT / "docs" / "compared-checkers.md"


def _explained(checker: str) -> set[str]:
    """The checks of a checker that the document explains."""
    text = DOCUMENT.read_text(encoding="utf-8")
    section = text.partition(f"## {checker}\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `([\w-]+)` \|", section, re.MULTILINE)
    assert rows and len(rows) == len(set(rows)), f"no table of {checker}, or a check twice"
    return set(rows)


@pytest.fixture(scope="module")
def manifests(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Prod and the add-ons of every preset, one file each."""
    folder = tmp_path_factory.mktemp("manifests")
    found = []
    for preset in PRESETS:
        repository = make(answers_of(preset), folder / preset)
        for rendered in repository.run.rendered:
            path = rendered.overlay.path
            if path == f"overlays/{list(repository.answers.environments)[-1]}" or path.startswith(
                "platform/"
            ):
                file = folder / f"{preset}_{path.replace('/', '_')}.yaml"
                objects = [manifest.data for manifest in rendered.objects]
                file.write_text(yaml.safe_dump_all(objects, sort_keys=False), encoding="utf-8")
                found.append(file)
    assert len(found) >= len(PRESETS)
    return found


def test_kube_score_says_what_the_document_explains(manifests: list[Path]) -> None:
    kube_score = build_peer("kube-score")
    said = set()
    for file in manifests:
        done = subprocess.run(
            [kube_score, "score", "--output-format", "json", file],
            capture_output=True,
            text=True,
            check=False,
        )
        for item in json.loads(done.stdout) or ():  # null: nothing that it knows
            said |= {
                check["check"]["id"]
                for check in item["checks"]
                if not check["skipped"] and check["grade"] < 10
            }
    assert said == _explained("kube-score")


def test_checkov_says_what_the_document_explains(manifests: list[Path], tmp_path: Path) -> None:
    done = subprocess.run(
        [_checkov(), "--quiet", "--compact", "--framework", "kubernetes", "--output", "json", "--file", *manifests],
        capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    report = json.loads(done.stdout)
    assert report["summary"]["passed"] > 100
    assert {check["check_id"] for check in report["results"]["failed_checks"]} == _explained("checkov")


def _checkov() -> Path:
    """checkov's program, at the version that the document names."""
    version = re.search(r"checkov (\d+\.\d+\.\d+)", DOCUMENT.read_text(encoding="utf-8"))
    assert version, "the document names no version of checkov"
    return pypi_program("checkov", version[1], "checkov")
