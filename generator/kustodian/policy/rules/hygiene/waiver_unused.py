"""Waiver covers no finding.

Why: A waiver that covers nothing today may hide a finding tomorrow that nobody has looked at.

Fix: Remove the waiver, or correct its rule, object or environments if it was meant for another finding.

Wrong:
    waivers:
      - {rule: single-replica, object: Deployment/gone, reason: cost, owner: ml, expires: 2030-01-31}

Right:
    waivers: []

Source: Kustodian, docs/waivers.md
"""

from __future__ import annotations

from kustodian.policy.rule import WaiverRule

RULE = WaiverRule(id="waiver-unused", topic="hygiene", severity="W/W/W", doc=__doc__)
