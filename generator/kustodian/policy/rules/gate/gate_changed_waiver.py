"""Change adds or widens a waiver.

Why: Whoever adds a violation must not accept it in the same change. The waiver does not count until the
    base has it, so the finding that it covers stays.

Fix: Let the owner of the waiver add it to the base in a change of its own, or resolve the finding.

Wrong:
    privileged: true  # kustodian: allow privileged-container reason="agent" owner=ml expires=2030-01-31

Right:
    privileged: false

Notes:
    A comment is known if the base has the same one (rule, reason, owner, last day) in the same file for the
    same field of the same object. An entry of `kustodian.yaml` that covers more objects or environments, or
    lasts longer, counts as widened. A waiver that is removed or narrowed is information.

Source: Kustodian, docs/pull-requests.md
"""

from __future__ import annotations

from kustodian.policy.rule import GateRule

RULE = GateRule(id="gate-changed-waiver", topic="gate", severity="E/E/E", doc=__doc__)
