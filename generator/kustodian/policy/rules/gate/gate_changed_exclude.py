"""Change excludes folders from the check.

Why: Nothing in an excluded folder is checked, whatever is deployed from there.

Fix: Keep the folder in the check, or let the owner of `kustodian.yaml` approve the change and merge it on
    its own.

Wrong:
    exclude: [overlays/*]  # added by the change

Right:
    exclude: []

Notes:
    An entry that is removed is information.

Source: Kustodian, docs/pull-requests.md
"""

from __future__ import annotations

from kustodian.policy.rule import GateRule

RULE = GateRule(id="gate-changed-exclude", topic="gate", severity="E/E/E", doc=__doc__)
