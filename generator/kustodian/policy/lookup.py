"""Imports one rule without the others: a rule's module is named after its id."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

from kustodian.policy import rules
from kustodian.policy.rule import Rule

_ID = re.compile(r"[a-z][a-z0-9-]*")


def rule_by_id(rule_id: str) -> Rule | None:
    """The rule with this id, or None."""
    if not _ID.fullmatch(rule_id):
        return None
    name = rule_id.replace("-", "_")
    for folder in map(Path, rules.__path__):
        for module in folder.glob(f"*/{name}.py"):
            rule = import_module(f"{rules.__name__}.{module.parent.name}.{name}").RULE
            return rule if isinstance(rule, Rule) else None
    return None
