"""What a kustomization names, and which kustomization uses which."""

from __future__ import annotations

from typing import Any

import pytest

from kustodian.model.repository.kustomization import Kustomization, KustomizationGraph, reachable


@pytest.mark.parametrize(("path", "directory"), [
    ("kustomization.yaml", "."), ("base/kustomization.yaml", "base"), ("a/b/Kustomization", "a/b"),
])  # fmt: skip
def test_directory(path: str, directory: str) -> None:
    assert Kustomization(path, {}).directory == directory


@pytest.mark.parametrize(("data", "expected"), [
    ({"kind": "Component"}, True), ({"kind": "Kustomization"}, False), ({"kind": None}, False), ({}, False),
])  # fmt: skip
def test_is_component(data: dict[str, Any], expected: bool) -> None:
    assert Kustomization("kustomization.yaml", data).is_component is expected


@pytest.mark.parametrize(("written", "target"), [
    ("a.yaml", "overlays/dev/a.yaml"),
    ("./a.yaml", "overlays/dev/a.yaml"),
    ("../../base", "base"),
    ("../../base/", "base"),
    ("../..", "."),
    ("../../../other", "../other"),
])  # fmt: skip
def test_resolve(written: str, target: str) -> None:
    assert Kustomization("overlays/dev/kustomization.yaml", {}).resolve(written) == target


def test_references_are_the_strings_of_lists() -> None:
    data = {"resources": ["a", None, {"x": 1}, "b"], "components": "c", "bases": None}
    kustomization = Kustomization("kustomization.yaml", data)
    assert kustomization.references("resources", "components", "bases", "absent") == [
        ("resources", 0, "a"),
        ("resources", 3, "b"),
    ]
    assert kustomization.references() == []


def test_bases_in_the_order_of_kustomize() -> None:
    data = {"components": ["c"], "bases": ["b"], "resources": ["a", "../r"]}
    assert Kustomization("dev/kustomization.yaml", data).bases == ["dev/a", "r", "dev/b", "dev/c"]


def graph(**named: list[str]) -> tuple[KustomizationGraph, dict[str, Kustomization]]:
    """Folders and what each names; a folder whose name begins with "part" is a component."""
    by_folder = {
        folder: Kustomization(
            f"{folder}/kustomization.yaml",
            {"kind": "Component" if folder.startswith("part") else "Kustomization", "resources": [f"../{name}" for name in names]},
        )
        for folder, names in named.items()
    }  # fmt: skip
    return KustomizationGraph({k.path: k for k in by_folder.values()}), by_folder


def folders(kustomizations: list[Kustomization]) -> list[str]:
    return [kustomization.directory for kustomization in kustomizations]


def test_parts_and_users() -> None:
    found, by_folder = graph(base=["a.yaml"], dev=["base", "absent"], prod=["part", "base"], part=[])
    assert found.by_folder == by_folder
    assert folders(found.parts(by_folder["prod"])) == ["part", "base"]
    assert folders(found.parts(by_folder["dev"])) == ["base"]
    assert {folder: folders(users) for folder, users in found.users.items()} == {
        "base": ["dev", "prod"], "dev": [], "prod": [], "part": ["prod"],
    }  # fmt: skip


def test_built_from_has_each_once_and_itself_first() -> None:
    found, by_folder = graph(top=["left", "right"], left=["base"], right=["base"], base=[], other=["base"])
    built = folders(found.built_from(by_folder["top"]))
    assert built[0] == "top"
    assert sorted(built) == ["base", "left", "right", "top"]
    assert folders(found.built_from(by_folder["base"])) == ["base"]


def test_roots() -> None:
    found, by_folder = graph(base=[], middle=["base"], dev=["middle"], prod=["middle"], alone=[])
    assert sorted(folders(found.roots(by_folder["base"]))) == ["dev", "prod"]
    assert folders(found.roots(by_folder["dev"])) == ["dev"]
    assert folders(found.roots(by_folder["alone"])) == ["alone"]


def test_a_circle_ends() -> None:
    found, by_folder = graph(a=["b"], b=["a"])
    assert folders(found.built_from(by_folder["a"])) == ["a", "b"]
    assert found.roots(by_folder["a"]) == []
    assert found.overlay_using("a") == "b"


@pytest.mark.parametrize(("folder", "expected"), [
    ("base", "dev"),
    ("part", "prod"),
    ("part-inner", "prod"),
    ("prod", None),
    ("part-unused", None),
    ("nowhere", None),
])  # fmt: skip
def test_overlay_using(folder: str, expected: str | None) -> None:
    found, _ = graph(**{
        "base": [], "prod": ["base", "part"], "dev": ["base"], "part": ["part-inner"], "part-inner": [], "part-unused": [],
    })  # fmt: skip
    assert found.overlay_using(folder) == expected


def test_components_that_use_each_other_are_used_by_no_overlay() -> None:
    found, _ = graph(**{"part-a": ["part-b"], "part-b": ["part-a"]})
    assert found.overlay_using("part-a") is None


@pytest.mark.parametrize(("start", "expected"), [
    ([1], {1, 2, 3, 4}), ([4], {4}), ([2, 4], {2, 4}), ([3, 3], {3, 4}), ([], set()), ([9], {9}),
])  # fmt: skip
def test_reachable(start: list[int], expected: set[int]) -> None:
    edges = {1: [2, 3], 2: [4], 3: [4, 3], 4: []}
    found = reachable(start, lambda node: edges.get(node, []))
    assert found[: len(set(start))] == list(dict.fromkeys(start))
    assert (set(found), len(found)) == (expected, len(expected))


def test_an_empty_graph() -> None:
    found = KustomizationGraph({})
    assert (found.by_folder, found.users, found.overlay_using("a")) == ({}, {}, None)
