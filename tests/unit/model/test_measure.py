"""The order of measures: what is worse than what."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kustodian.model.measure import (
    Amount,
    Below,
    Conditions,
    Exactly,
    Measure,
    Ranked,
    fingerprint,
    hidden,
    hidden_entry,
    members,
    several,
    was_and_now,
)

ORDER = ("view", "edit", "admin")
_WORDS = st.sampled_from(["a", "b", "c", "*"])
_SIMPLE: st.SearchStrategy[Measure] = st.one_of(
    st.builds(Amount, st.integers(-3, 3)),
    st.builds(Exactly, _WORDS),
    st.builds(Ranked, st.sampled_from([*ORDER, "own"]), st.just(ORDER)),
    st.builds(members, st.frozensets(_WORDS)),
    st.builds(Conditions, st.frozensets(_WORDS)),
    st.builds(Below, st.sampled_from(["/", "/a", "/a/b", "/b", "a", "/a/../b"])),
)
MEASURES = _SIMPLE | st.builds(lambda one, two: several(one=one, two=two), _SIMPLE, _SIMPLE)


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (Amount(1), Amount(2)),
        (Amount(Fraction(1, 3)), Amount(Fraction(1, 2))),
        (Exactly("a"), Exactly("b")),
        (Ranked("view", ORDER), Ranked("admin", ORDER)),
        (Ranked("view", ORDER), Ranked("own", ORDER)),
        (Ranked("own", ORDER), Ranked("view", ORDER)),
        (members("a"), members("ab")),
        (members("a"), members("b")),
        (members("a"), members("*")),
        (Conditions(frozenset("ab")), Conditions(frozenset("a"))),
        (Conditions(frozenset("a")), Conditions(frozenset("b"))),
        (Below("/var/log"), Below("/var")),
        (Below("/var/log"), Below("/var/logs")),
        (Below("/var/log"), Below("/var/log/../run")),
        (several(a=Amount(1), b=Amount(2)), several(a=Amount(0), b=Amount(3))),
        (several(a=Amount(1)), several(a=Amount(1), b=Amount(0))),
        (Amount(1), Exactly("1")),
    ],
)
def test_worse(before: Measure, now: Measure) -> None:
    assert now.is_worse_than(before)


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (Amount(2), Amount(1)),
        (Amount(2, "two"), Amount(2, "2")),
        (Ranked("admin", ORDER), Ranked("view", ORDER)),
        (members("ab"), members("b")),
        (members("*"), members("ab")),
        (Conditions(frozenset("a")), Conditions(frozenset("ab"))),
        (Below("/"), Below("/etc/shadow")),
        (Below("/var/log/"), Below("/var//log/./pods")),
        (several(a=Amount(1), b=Amount(2)), several(a=Amount(1))),
    ],
)
def test_not_worse(before: Measure, now: Measure) -> None:
    assert not now.is_worse_than(before)


@given(MEASURES)
def test_nothing_is_worse_than_itself(measure: Measure) -> None:
    assert not measure.is_worse_than(measure)


@given(MEASURES, MEASURES, MEASURES)
def test_better_and_better_again_is_better(first: Measure, second: Measure, third: Measure) -> None:
    """Small steps that each count as no worse do not add up to something worse."""
    if not second.is_worse_than(first) and not third.is_worse_than(second):
        assert not third.is_worse_than(first)


def test_a_hidden_value_is_not_shown_and_can_be_told_from_another() -> None:
    assert "hunter2" not in f"{hidden('hunter2')}{hidden_entry('password', 'hunter2')}"
    assert hidden("hunter2") != hidden("hunter3")
    assert fingerprint({"a": 1, "b": [2]}) == fingerprint({"b": [2], "a": 1})
    assert fingerprint("\ud800") != fingerprint("\ud801")
    assert fingerprint("1") != fingerprint(1) != fingerprint(True)
    assert (
        len({fingerprint(v) for v in ([[], [1]], [[1], []], [[[], 1]], {"a": {"b": 1}}, {"a": 1, "b": 2})})
        == 5
    )
    deep: object = "a"
    for _ in range(20_000):
        deep = [{"a": deep}]
    assert fingerprint(deep) != fingerprint([deep])


def test_only_the_parts_that_grew_worse_are_shown() -> None:
    before = several(role=Exactly("view"), subject=Exactly("ann"))
    now = several(role=Exactly("view"), subject=Exactly("bob"))
    assert was_and_now(before, now) == ("subject ann", "subject bob")
    assert was_and_now(Exactly("a" * 1000), Exactly("b"))[0] == "a" * 200 + " ..."
    assert was_and_now(Amount(3), members(())) == ("3", "none")
