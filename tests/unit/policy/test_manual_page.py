"""A rule's manual page as text and as Markdown."""

from __future__ import annotations

import pytest

from kustodian.policy.catalogue import all_rules, by_id
from kustodian.policy.manual_page import as_markdown, as_text
from kustodian.policy.rule import Rule


@pytest.mark.parametrize("rule", [rule for rule in all_rules() if rule.options], ids=lambda rule: rule.id)
def test_each_option_is_described_once(rule: Rule) -> None:
    lines = as_text(rule).splitlines()
    for name in rule.options:
        assert sum(line.startswith(f"  {name}: ") for line in lines) == 1
        assert as_markdown(rule).count(f"| `{name}` |") == 1


def test_severities_and_defaults_are_words() -> None:
    text = as_text(by_id()["missing-standard-labels"])
    assert "  severity  dev info, staging warning, prod warning\n" in text
    assert "(default: owner, team, app.kubernetes.io/owner)" in text
    assert "(default: none)" in as_text(by_id()["unused-file"])
    assert "| E" not in as_markdown(by_id()["unused-file"])
