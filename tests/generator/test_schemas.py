"""The template's own definitions of other projects' kinds: strict, and no wider than the real ones."""

from __future__ import annotations

import copy
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kustodian.model.manifest import Manifest
from kustodian.schemas.registry import Schemas
from tests.generator.own_schemas import (
    FILES,
    Definition,
    differences,
    digest,
    names,
    read,
    real_definitions,
    recorded,
    wider,
)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_file_is_named_after_its_kind_and_refuses_a_misspelt_field(path: Path) -> None:
    crd = read(path)
    group, kind = names(crd)
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


def test_each_has_been_compared_with_the_real_one_as_it_is_now() -> None:
    kept = {name: entry["digest"] for name, entry in recorded().items()}
    assert kept == {path.name: digest(path) for path in FILES}, "see tests/generator/own_schemas.py"
    assert all(any(digit.isdecimal() for digit in entry["source"]) for entry in recorded().values())


def test_they_agree_with_the_real_definitions_at_hand() -> None:
    folder = os.environ.get("KUSTODIAN_CRDS")
    real = real_definitions([Path(folder)] if folder else [])
    assert bool(real) == bool(folder), f"KUSTODIAN_CRDS holds no definitions: {folder}"
    found = [differences(ours, real[names(ours)]) for ours in map(read, FILES) if names(ours) in real]
    assert found == [[] for _ in found]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_any_field_that_the_real_one_has_not_or_types_otherwise_would_be_seen(path: Path) -> None:
    ours = read(path)
    assert differences(ours, ours) == []
    tried = 0
    for field in _fields(ours):
        without, retyped = copy.deepcopy(ours), copy.deepcopy(ours)
        *parents, last = field
        del _at(without, parents)[last]
        _at(retyped, parents)[last] = {"type": "no such type"}
        assert differences(ours, without), field
        assert differences(ours, retyped), field
        tried += 1
    assert tried


def _fields(definition: Definition) -> Iterator[tuple[str | int, ...]]:
    """The path of every field of the spec, in the definition."""
    for number, version in enumerate(definition["spec"]["versions"]):
        start = ("spec", "versions", number, "schema", "openAPIV3Schema", "properties", "spec")
        spec = version["schema"]["openAPIV3Schema"]["properties"].get("spec", {})
        yield from _below(spec, start)


def _below(schema: Definition, path: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    for name, inner in schema.get("properties", {}).items():
        yield (*path, "properties", name)
        yield from _below(inner, (*path, "properties", name))
    for part in ("items", "additionalProperties"):
        if isinstance(schema.get(part), dict):
            yield from _below(schema[part], (*path, part))


def _at(node: Any, path: list[str | int]) -> Any:
    for part in path:
        node = node[part]
    return node


def test_a_field_that_is_required_would_be_missed() -> None:
    spec = {"type": "object", "properties": {"a": {"type": "string"}}}
    real = {"type": "object", "required": ["b"], "properties": {**spec["properties"], "b": {}}}  # type: ignore[dict-item]
    assert list(wider(spec, real, "spec")) == ["spec: b is required"]
