"""Change leaves something out that the check looked at.

Why: An overlay that no path of its environment matches any more, or a custom resource whose pod template is
    no longer named, is checked by milder rules or not at all.

Fix: Keep the path or the entry, or let the owner of `kustodian.yaml` approve the change and merge it on its
    own.

Wrong:
    environments:
      prod: {paths: [overlays/prod-eu]}  # the base also lists overlays/prod-us

Right:
    environments:
      prod: {paths: [overlays/prod-eu, overlays/prod-us]}

Notes:
    Folders in `exclude` are the rule gate-changed-exclude, renamed folders the rule gate-changed-overlay.

Source: Kustodian, docs/pull-requests.md
"""

from __future__ import annotations

from kustodian.policy.rule import GateRule

RULE = GateRule(id="gate-changed-coverage", topic="gate", severity="E/E/E", doc=__doc__)
