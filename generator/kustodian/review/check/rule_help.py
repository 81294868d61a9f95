"""The manual pages of the rules with findings, as values for a report."""

from __future__ import annotations

import re
from collections.abc import Iterable

from kustodian.model.environment import EnvironmentClass
from kustodian.model.finding import Finding
from kustodian.model.results.rule_help import RuleHelp
from kustodian.policy.catalogue import by_id
from kustodian.policy.manual_page import as_markdown
from kustodian.policy.rule import Rule

_URL = re.compile(r"https://[^\s,)>\]`\"]+")


def rule_help_of(findings: Iterable[Finding]) -> dict[str, RuleHelp]:
    """The pages of the rules of these findings, by id, sorted. A Rego rule has none."""
    rules = by_id()
    return {name: _help(rules[name]) for name in sorted({f.rule for f in findings}) if name in rules}


def _help(rule: Rule) -> RuleHelp:
    manual = rule.manual
    source = _URL.search(manual.sections.get("Source", ""))
    return RuleHelp(
        id=rule.id,
        title=manual.title,
        why=manual.why,
        fix=manual.fix,
        markdown=as_markdown(rule),
        level=rule.default_severity(EnvironmentClass.PROD),
        tags=(rule.topic, *rule.tags),
        url=source.group().rstrip(".;:") if source else None,
    )
