"""The template's own definitions of other projects' kinds: strict, and no wider than the real ones.

The real definitions are not part of this repository: KUSTODIAN_CRDS names a folder with them where it is at hand.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from kustodian.model.manifest import Manifest
from kustodian.model.resources import template_dir
from kustodian.policy.schemas import Schemas

FOLDER = template_dir() / "{{cookiecutter.repo_name}}" / "schemas"
FILES = sorted(FOLDER.glob("*.yaml"))
REAL: dict[tuple[str, str], dict[str, Any]] = {}

if crds := os.environ.get("KUSTODIAN_CRDS"):
    for path in sorted(Path(crds).glob("*.yaml")):
        for document in yaml.load_all(path.read_text(encoding="utf-8"), yaml.CSafeLoader):
            if document and document["kind"] == "CustomResourceDefinition":
                REAL[document["spec"]["group"], document["spec"]["names"]["kind"]] = document
    assert REAL, f"KUSTODIAN_CRDS holds no definitions: {crds}"


def _read(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return document


def _names(crd: dict[str, Any]) -> tuple[str, str]:
    return crd["spec"]["group"], crd["spec"]["names"]["kind"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_file_is_named_after_its_kind_and_refuses_a_misspelt_field(path: Path) -> None:
    crd = _read(path)
    group, kind = _names(crd)
    assert path.name == f"{kind}.{group}.yaml"
    version = crd["spec"]["versions"][0]["name"]
    schemas = Schemas("1.34", [Manifest(crd)])
    wrong = {
        "apiVersion": f"{group}/{version}",
        "kind": kind,
        "metadata": {"name": "x"},
        "spec": {"mispelt": 1},
    }
    found = [problem.message for problem in schemas.problems(Manifest(wrong))]
    assert any("mispelt" in message for message in found), found


def test_they_agree_with_the_real_definitions_at_hand() -> None:
    differences = []
    for ours in map(_read, FILES):
        real = REAL.get(_names(ours))
        if real is None:
            continue
        assert ours["spec"]["scope"] == real["spec"]["scope"]
        assert ours["spec"]["names"]["plural"] == real["spec"]["names"]["plural"]
        versions = {version["name"]: version for version in real["spec"]["versions"]}
        for version in ours["spec"]["versions"]:
            theirs = versions[version["name"]]
            assert theirs["served"]
            own, other = version["schema"]["openAPIV3Schema"], theirs["schema"]["openAPIV3Schema"]
            differences += _wider(own, other, _names(ours)[1])
    assert differences == []


def _wider(ours: dict[str, Any], real: dict[str, Any], where: str) -> Iterator[str]:
    """Where our schema would accept what the real one refuses."""
    if real.get("x-kubernetes-preserve-unknown-fields") and not real.get("properties"):
        return
    if ours.get("type") != real.get("type"):
        yield f"{where}: type {ours.get('type')}, not {real.get('type')}"
        return
    if "enum" in real and not set(ours.get("enum", ["anything"])) <= set(real["enum"]):
        yield f"{where}: more values than {real['enum']}"
    missing = set(real.get("required", ())) - set(ours.get("required", ()))
    for name in sorted(missing):
        # The server fills in a default before it looks for what is required.
        if "default" not in real["properties"][name] and name not in ("metadata",):
            yield f"{where}: {name} is required"
    for name, schema in ours.get("properties", {}).items():
        theirs = real.get("properties", {}).get(name)
        if theirs is None:
            yield f"{where}.{name}: is not there"
        elif name not in ("apiVersion", "kind", "metadata") or where.count("."):
            yield from _wider(schema, theirs, f"{where}.{name}")
    for part in ("items", "additionalProperties"):
        if isinstance(ours.get(part), dict):
            if isinstance(real.get(part), dict):
                yield from _wider(ours[part], real[part], f"{where}[]")
            elif not real.get("x-kubernetes-preserve-unknown-fields"):
                yield f"{where}: {part} is not there"


def test_a_difference_would_be_seen() -> None:
    ours = {
        "type": "object",
        "properties": {"spec": {"type": "object", "properties": {"a": {"type": "string"}}}},
    }
    real = {
        "type": "object",
        "properties": {
            "spec": {
                "type": "object",
                "required": ["b"],
                "properties": {"a": {"type": "integer"}, "b": {"type": "string"}},
            }
        },
    }
    assert list(_wider(ours, real, "")) == [
        ".spec: b is required",
        ".spec.a: type string, not integer",
    ]
