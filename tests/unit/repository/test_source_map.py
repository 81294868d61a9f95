"""Where documents begin, and where values stand."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kustodian.repository.source_map import SourceFile, _split, _split_lines

LINES = st.lists(
    st.sampled_from([
        "a: 1", "---", "--- ", "---\t# note", "--- {b: 2}", "---a", " ---", "...", "...a", "# note", "  # note", "",
        "  ", "%YAML 1.1", "\ufeff", "é: \u2028", "\x0c", "a:\rb:",
    ]),
    max_size=8,
)  # fmt: skip


@given(LINES, st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_documents_are_cut_as_line_by_line(lines: list[str], end: str, ends_with_newline: bool) -> None:
    text = end.join(lines) + (end if ends_with_newline else "")
    assert list(_split(text)) == list(_split_lines(text))


def test_a_value_knows_its_lines_whatever_its_tag() -> None:
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
