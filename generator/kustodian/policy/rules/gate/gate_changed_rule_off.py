"""Change switches a rule off.

Why: A pull request that switches off the rule which would find its own fault would pass. The change is
    judged by the rules of the base, and this finding asks for an approval of the new ones.

Fix: Keep the rule on and waive the one finding, or let the owner of `kustodian.yaml` approve the change and
    merge it on its own.

Wrong:
    rules:
      privileged-container: {severity: "off"}  # added by the change

Right:
    waivers:
      - {rule: privileged-container, object: DaemonSet/agent, reason: agent, owner: ml, expires: 2030-01-31}

Notes:
    A severity that an environment sets by rule, tag or topic counts, too. A rule that is switched on is
    information.

Source: Kustodian, docs/pull-requests.md
"""

from __future__ import annotations

from kustodian.policy.rule import GateRule

RULE = GateRule(id="gate-changed-rule-off", topic="gate", severity="E/E/E", doc=__doc__)
