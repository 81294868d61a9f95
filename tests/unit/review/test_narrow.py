"""`check --base` renders little, and finds the same as two full checks of random repositories."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kustodian.model.installed_files import engine_binary
from kustodian.render.engine import Engine
from tests.unit.review.narrow.comparison import assert_same_as_full_checks
from tests.unit.review.narrow.histories import History, growing, histories

_SETTINGS = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(engine_binary()) as running:
        yield running


@settings(_SETTINGS, max_examples=12)
@given(histories(), st.booleans())
def test_the_difference_of_two_full_checks(engine: Engine, history: History, staged: bool) -> None:
    assert_same_as_full_checks(engine, history, staged)


@settings(_SETTINGS, max_examples=8)
@given(growing(), st.booleans())
def test_what_grows_worse(engine: Engine, history: History, staged: bool) -> None:
    assert_same_as_full_checks(engine, history, staged)


@pytest.mark.slow
@settings(_SETTINGS, max_examples=int(os.environ.get("KUSTODIAN_EXAMPLES", "150")))
@given(growing(), st.booleans())
def test_what_grows_worse_more_often(engine: Engine, history: History, staged: bool) -> None:
    assert_same_as_full_checks(engine, history, staged)


@pytest.mark.slow
@settings(_SETTINGS, max_examples=int(os.environ.get("KUSTODIAN_EXAMPLES", "150")))
@given(histories(), st.booleans())
def test_the_difference_of_two_full_checks_more_often(engine: Engine, history: History, staged: bool) -> None:
    assert_same_as_full_checks(engine, history, staged)
