"""Lines are those of `str.splitlines`, whatever ends them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kustodian.repository.lines import Lines

_TEXTS = st.text(st.sampled_from("ab \t\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029é"), max_size=30)


@given(_TEXTS)
def test_lines_and_slices_are_those_of_splitlines(text: str) -> None:
    lines, expected = Lines(text), text.splitlines()
    assert len(lines) == len(expected)
    assert list(lines) == expected
    assert [lines[-position - 1] for position in range(len(expected))] == expected[::-1]
    assert lines[1:] == expected[1:]
    assert lines[-2:5] == expected[-2:5]


def test_a_missing_line() -> None:
    assert bool(Lines("")) is False
    with pytest.raises(IndexError):
        Lines("a\n")[1]
