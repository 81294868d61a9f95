"""How rules read the files of the work tree, and of another revision beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kustodian.model.installed_files import engine_binary
from kustodian.render.engine import Engine
from kustodian.repository.changes import Changes
from kustodian.review.check.source_files import RevisionFiles, WorkTreeFiles
from tests.unit.source_files import GivenFiles

OBJECT = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: n%d}\n"


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(engine_binary()) as running:
        yield running


@pytest.fixture
def files(engine: Engine, tmp_path: Path) -> WorkTreeFiles:
    """One file with two objects, one with twenty, and one that does not parse."""
    (tmp_path / "few.yaml").write_text("".join(OBJECT % number for number in range(2)))
    (tmp_path / "many.yaml").write_text("".join(OBJECT % number for number in range(20)))
    (tmp_path / "broken.yaml").write_text("a: [\n")
    return WorkTreeFiles(tmp_path, engine, engine.scan(tmp_path))


def _names(documents: object) -> list[str]:
    assert isinstance(documents, list)
    return [document.data["metadata"]["name"] for document in documents]


def test_documents_keep_their_position(files: WorkTreeFiles) -> None:
    documents = files.documents("few.yaml")
    assert [(each.index, each.item) for each in documents] == [(0, None), (1, None)]
    assert _names(documents) == ["n0", "n1"]
    assert files.documents("broken.yaml") == files.documents("absent.yaml") == []


def test_a_large_file_is_parsed_only_at_the_given_lines(files: WorkTreeFiles) -> None:
    read = files.documents_at({"many.yaml": [OBJECT.count("\n") * 7 + 2], "few.yaml": [2]})
    assert _names(read["many.yaml"]) == ["n7"]
    assert _names(read["few.yaml"]) == ["n0", "n1"], "a small file is parsed whole"
    files.prefetch(["many.yaml"])
    assert len(files.documents_at({"many.yaml": [2]})["many.yaml"]) == 20, "it is parsed already"


def test_a_file_is_read_once(files: WorkTreeFiles, tmp_path: Path) -> None:
    files.prefetch(["few.yaml", "few.yaml"])
    (tmp_path / "few.yaml").write_text(OBJECT % 5)
    assert _names(files.documents("few.yaml")) == ["n0", "n1"]


def test_text_is_empty_unless_it_is_utf_8(files: WorkTreeFiles, tmp_path: Path) -> None:
    (tmp_path / "latin.txt").write_bytes(b"\xe9")
    assert files.text("broken.yaml") == "a: [\n"
    assert files.text("latin.txt") == files.text("absent.txt") == ""


def test_the_head_has_the_files_that_did_not_change(files: WorkTreeFiles) -> None:
    head = GivenFiles(
        {"few.yaml": [{"metadata": {"name": "old"}}], "same.yaml": [{"metadata": {"name": "same"}}]}
    )
    revision = RevisionFiles(files, head, Changes(frozenset({"few.yaml", "broken.yaml"})))
    revision.prefetch(["few.yaml", "same.yaml"])
    assert _names(revision.documents("few.yaml")) == ["n0", "n1"]
    assert _names(revision.documents("same.yaml")) == ["same"]
    read = revision.documents_at({"same.yaml": [1], "few.yaml": [2]})
    assert {file: _names(documents) for file, documents in read.items()} == {
        "same.yaml": ["same"],
        "few.yaml": ["n0", "n1"],
    }
    assert list(read) == ["same.yaml", "few.yaml"], "in the order of the request"
    assert (revision.text("broken.yaml"), revision.text("same.yaml")) == ("a: [\n", "")
    assert "few.yaml" not in head.read
