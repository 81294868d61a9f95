"""Patterns from a repository, and our own on hostile values, need linear time."""

from __future__ import annotations

import time

import pytest

from kustodian.model.linear_pattern import linear_pattern
from kustodian.policy.rules.secrets._names import Kind
from kustodian.policy.rules.secrets._sops import should_be_encrypted
from kustodian.policy.rules.secrets._values import credential_in, is_credential

#: Far more than any of these needs, and far less than a backtracking matcher would take.
SECONDS = 10


@pytest.fixture(autouse=True)
def in_time() -> object:
    begin = time.monotonic()
    yield
    assert time.monotonic() - begin < SECONDS


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|a)+$|.*b", "(a*)*(a*)*(a*)*c"])
def test_a_pattern_bomb_of_the_repository_is_matched_in_linear_time(pattern: str) -> None:
    compiled = linear_pattern(pattern)
    assert compiled is not None
    assert not compiled.search("a" * 100_000 + "!")
    assert not compiled.fullmatch("a" * 100_000 + "!")


def test_a_pattern_that_is_invalid_or_needs_much_memory_is_refused() -> None:
    assert linear_pattern("(?=lookahead)") is None
    assert linear_pattern("(") is None
    assert linear_pattern("((x{100}){100}){100}") is None


def test_sops_metadata_is_read_in_go_syntax() -> None:
    assert should_be_encrypted(("data", "Token"), {"encrypted_regex": "(?i)^token$"})
    assert should_be_encrypted(("data", "b"), {"unencrypted_regex": "^a"})
    assert not should_be_encrypted(("data", "ab"), {"unencrypted_regex": "^a"})
    assert should_be_encrypted(("data", "a"), {"unencrypted_regex": "("}), (
        "a pattern that SOPS refuses exempts nothing"
    )
    bomb = "a" * 50_000 + "!"
    assert not should_be_encrypted((bomb,), {"encrypted_regex": "(a+)+$"})


@pytest.mark.parametrize(
    "value",
    [
        "1m" * 100_000 + "!",
        "eyJ-" * 100_000,
        "key-" * 100_000 + "!",
        "a://" * 50_000,
        "x:" * 50_000,
        "<a" * 50_000,
    ],
)
def test_a_hostile_value_does_not_stop_the_detector(value: str) -> None:
    credential_in(value)
    for kind in Kind:
        is_credential(value, kind)


@pytest.mark.parametrize("value", ["1m", "5ms", "1h30m", "10 kb", "2Gi", "100%"])
def test_measures_are_no_credentials(value: str) -> None:
    assert not is_credential(value, Kind.SECRET)


def test_a_json_web_token_is_still_found() -> None:
    assert (
        credential_in("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P")
        == "a JSON Web Token"
    )
