"""Waiver is past its last day and no longer covers anything.

Why: The exception was approved only until that day; the findings that it covered are reported again.

Fix: Resolve what the waiver excused and remove it, or renew `expires` in a pull request that its owner
    approves.

Wrong:
    waivers:
      - {rule: single-replica, object: Deployment/iris, reason: cost, owner: ml, expires: 2020-01-31}

Right:
    waivers:
      - {rule: single-replica, object: Deployment/iris, reason: cost, owner: ml, expires: 2030-01-31}

Source: Kustodian, docs/waivers.md
"""

from __future__ import annotations

from kustodian.policy.rule import WaiverRule

RULE = WaiverRule(id="waiver-expired", topic="hygiene", severity="E/E/E", doc=__doc__)
