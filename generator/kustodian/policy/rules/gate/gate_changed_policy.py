"""Change removes or alters organisation policies in Rego, or their data.

Why: The policies are part of the repository that they judge, so the change could weaken the one that it
    violates. The change is judged by the policies of the base.

Fix: Let the owner of the policies approve the change and merge it on its own.

Wrong:
    rego:
      policy: []  # the base evaluates policies/rego

Right:
    rego:
      policy: [policies/rego]

Notes:
    A new file counts, because it may define exceptions. A policy folder or namespace that is added is
    information.

Source: Kustodian, docs/pull-requests.md
"""

from __future__ import annotations

from kustodian.policy.rule import GateRule

RULE = GateRule(id="gate-changed-policy", topic="gate", severity="E/E/E", doc=__doc__)
