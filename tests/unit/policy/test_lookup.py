"""Finding one rule finds the catalogue's."""

from __future__ import annotations

import pytest

from kustodian.policy.catalogue import all_rules
from kustodian.policy.lookup import rule_by_id


def test_every_rule_is_found_by_its_id() -> None:
    assert [rule_by_id(rule.id) for rule in all_rules()] == list(all_rules())


@pytest.mark.parametrize(
    "name", ["", "no-such-rule", "_missing", "../images/unpinned_image", "UNPINNED-IMAGE"]
)
def test_what_is_no_rule(name: str) -> None:
    assert rule_by_id(name) is None
