"""Change alters a setting that the rules read.

Why: Options, registries, budgets and the failing severity decide what is found, and a change of theirs may
    loosen the check for everyone.

Fix: Keep the setting, or let the owner of `kustodian.yaml` approve the change and merge it on its own.

Wrong:
    registries: []  # any registry; the base allowed one

Right:
    registries: [registry.example.com]

Notes:
    Whether a rule's option is looser or stricter depends on the rule, so every change of an option is an
    error. A registry that is removed, a smaller GPU budget and a stricter `failOn` are information.

Source: Kustodian, docs/pull-requests.md
"""

from __future__ import annotations

from kustodian.policy.rule import GateRule

RULE = GateRule(id="gate-changed-option", topic="gate", severity="E/E/E", doc=__doc__)
