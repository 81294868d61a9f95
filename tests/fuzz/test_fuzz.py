"""Every target with its seeds, and with the same few changed inputs in each run; `make fuzz` tries more."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.target import SEEDS, Change, Target, changed
from tests.fuzz.targets import BY_NAME, TARGETS

EXAMPLES = int(os.environ.get("KUSTODIAN_EXAMPLES", "40"))


def inputs(target: Target) -> st.SearchStrategy[bytes]:
    """Changed seeds, texts of the target's words, any bytes."""
    part = st.one_of(st.sampled_from(target.parts), st.binary(max_size=4), st.just(b""))
    change = st.builds(Change, st.integers(0, 1000), st.integers(0, 40), part)
    return st.one_of(
        st.builds(changed, st.sampled_from(target.all_seeds), st.lists(change, min_size=1, max_size=8)),
        st.lists(part, max_size=30).map(b"".join),
        st.binary(max_size=300),
    )


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_seeds(target: Target) -> None:
    for seed in target.all_seeds:
        target.run(seed)


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_changed_seeds(target: Target) -> None:
    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
    @given(inputs(target))
    def run(data: bytes) -> None:
        target.run(data)

    run()


def test_every_kept_input_has_a_target() -> None:
    assert {folder.name for folder in SEEDS.iterdir()} <= set(BY_NAME)
