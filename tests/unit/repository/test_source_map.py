"""Where documents begin, and the positions of values."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kustodian.repository.source_map import SourceFile, SourceMaps, split_documents

LINES = st.lists(
    st.sampled_from([
        "a: 1", "---", "--- ", "---\t# note", "--- {b: 2}", "---a", " ---", "...", "...a", "# note", "  # note", "",
        "  ", "%YAML 1.1", "\ufeff", "é: \u2028", "\x0c", "a:\rb:",
    ]),
    max_size=8,
)  # fmt: skip


@given(LINES, st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_documents_are_split_as_line_by_line(lines: list[str], end: str, ends_with_newline: bool) -> None:
    text = end.join(lines) + (end if ends_with_newline else "")
    assert list(split_documents(text)) == list(line_by_line(text))


def line_by_line(text: str) -> Iterator[tuple[int, int, int]]:
    """The same documents, found in the way of the engine."""
    start = position = 0
    has_content = False
    for line in text.split("\n"):
        end = min(position + len(line) + 1, len(text))
        if line[:3] in ("---", "...") and line[3:4] in ("", " ", "\t", "\r"):
            if has_content:
                yield len(text[:start].splitlines()), start, position
            start = position if line.startswith("---") else end
            has_content = line.startswith("---") and line[3:].strip(" \t\r")[:1] not in ("", "#")
        elif line.strip(" \t\r")[:1] not in ("", "#") and not line.startswith("%"):
            has_content = True
        position = end
    if has_content:
        yield len(text[:start].splitlines()), start, len(text)


def test_text_that_only_looks_like_a_marker_is_content() -> None:
    """The engine counts such a document, so findings in the next one would be shown in a wrong place."""
    for text in (
        "...: 1\n---\nb: 2\n",
        "a: 1\n#\x0c---\n---\nb: 2\n",
        "\xa0: 1\n---\nb: 2\n",
        "a: 1\n...\n---\nb: 2\n",
    ):
        assert [SourceFile(text[begin:end], "f").lines[-1] for _, begin, end in split_documents(text)][
            1:
        ] == ["b: 2"]


def test_a_value_has_the_right_position_whatever_its_tag() -> None:
    source = SourceFile("a: 1\n---\n# note\nb: &x !!str 2\nc: [*x, {<<: {d: 3}, e: null}]\n", "f.yaml")
    assert len(source.documents) == 2
    document = source.documents[1]
    value, merged = document.at(("b",)), document.at(("c", 1, "d"))
    assert value is not None
    assert merged is not None
    assert (value.text, value.place.line, value.place.column) == ("2", 4, 1)
    assert (merged.text, merged.place.line) == ("3", 5)
    assert document.scalar("c", 0) == "2"
    assert document.scalar("c", 1, "e") == "null"


def test_entries_are_empty_where_there_is_nothing() -> None:
    document = SourceFile("list: [a, b]\nmap: {x: 1, y: {z: [2]}}\ntext: c\nnone:\n", "f.yaml").documents[0]
    assert [entry.text for entry in document.entries("list")] == ["a", "b"]
    assert [entry.text for entry in document.entries("map")] == ["1", None]
    assert [entry.text for entry in document.entries("map", "y", "z")] == ["2"]
    for path in (("text",), ("none",), ("missing",), ("list", 5, "deeper")):
        assert document.entries(*path) == ()


@pytest.mark.parametrize(("written", "is_null"), [
    ("a:", True), ("a: ~", True), ("a: null", True), ("a: none", False), ("a: []", False), ("a: {}", False),
])  # fmt: skip
def test_null_in_its_spellings(written: str, is_null: bool) -> None:
    assert SourceFile(written, "f.yaml").documents[0].children["a"].is_null is is_null


def test_documents_of_files_that_are_missing_empty_or_broken(tmp_path: Path) -> None:
    (tmp_path / "two.yaml").write_text("a: 1\n---\n# only a comment\n---\nb: 2\n")
    (tmp_path / "empty.yaml").write_text("# nothing\n")
    (tmp_path / "broken.yaml").write_text("c: 3\n---\nd: [\n")
    maps = SourceMaps(tmp_path)
    first, second = maps.document("two.yaml"), maps.document("two.yaml", 1)
    assert first is not None and first.scalar("a") == "1"
    assert second is not None and second.scalar("b") == "2"
    assert maps.document("two.yaml", 2) is None
    assert len(maps.documents("two.yaml")) == 2
    for name in ("empty.yaml", "missing.yaml"):
        assert maps.document(name) is None
        assert list(maps.documents(name)) == []
    assert maps.document("broken.yaml") is maps.documents("broken.yaml")[0]
    assert [one.span.line for one in maps.documents("broken.yaml")] == [1, 2]
