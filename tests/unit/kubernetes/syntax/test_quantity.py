"""Quantities are read as `resource.ParseQuantity` reads them."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kustodian.kubernetes.syntax.quantity import parse_quantity


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("0", Fraction(0)),
        ("1", Fraction(1)),
        (1, Fraction(1)),
        (0.5, Fraction(1, 2)),
        (1e-05, Fraction(1, 100000)),
        (1e21, Fraction(10**21)),
        ("500m", Fraction(1, 2)),
        ("1500m", Fraction(3, 2)),
        ("100u", Fraction(1, 10000)),
        ("1n", Fraction(1, 10**9)),
        ("0.1n", Fraction(1, 10**9)),
        ("-0.1n", Fraction(-1, 10**9)),
        ("1k", Fraction(1000)),
        ("1M", Fraction(10**6)),
        ("2G", Fraction(2 * 10**9)),
        ("3T", Fraction(3 * 10**12)),
        ("1P", Fraction(10**15)),
        ("1E", Fraction(10**18)),
        ("1Ki", Fraction(1024)),
        ("1Mi", Fraction(2**20)),
        ("1.5Gi", Fraction(3 * 2**29)),
        ("1Ti", Fraction(2**40)),
        ("1Pi", Fraction(2**50)),
        ("1Ei", Fraction(2**60)),
        ("100Ei", Fraction(2**63 - 1)),
        ("1e3", Fraction(1000)),
        ("1E3", Fraction(1000)),
        ("1e+3", Fraction(1000)),
        ("12e-1", Fraction(6, 5)),
        ("1.", Fraction(1)),
        (".5", Fraction(1, 2)),
        ("+5", Fraction(5)),
        ("-5", Fraction(-5)),
        ("007", Fraction(7)),
        ("1.G", Fraction(10**9)),
        (" 1Gi ", Fraction(2**30)),
        ("1e-2000000000", Fraction(1, 10**9)),
    ],
)
def test_accepted(written: object, expected: Fraction) -> None:
    """What the API server accepts has its exact value."""
    assert parse_quantity(written) == expected


@pytest.mark.parametrize(
    "written",
    [
        "", "  ", "1 Gi", "1GB", "1gi", "1KI", "1ki", "1K", "1i", "0.1mi", "aoeu", "1.1.M", "1+1.0M", "1e",
        "1e-", "1ee3", "1Gi5", "1e3m", "1,5", "1_000", "half", "٣", "0x10", "1e1.5", None, True, False,
        [], {}, float("nan"), float("inf"), "1e999999999",
    ],
)  # fmt: skip
def test_refused(written: object) -> None:
    """What the API server refuses is no quantity."""
    assert parse_quantity(written) is None


@given(st.integers(min_value=-(10**12), max_value=10**12))
def test_milli_is_a_thousandth(number: int) -> None:
    """The `m` suffix divides by a thousand, exactly."""
    assert parse_quantity(f"{number}m") == Fraction(number, 1000)


@given(st.text(max_size=12))
def test_never_raises(text: str) -> None:
    """Any text gives a value or None."""
    parse_quantity(text)
