"""Change lowers the severity of rules.

Why: A finding below the failing severity does not stop a pull request, so lowering it lets the next one pass.

Fix: Keep the severity, or let the owner of `kustodian.yaml` approve the change and merge it on its own.

Wrong:
    rules:
      privileged-container: {severity: info}  # an error at the base

Right:
    rules:
      privileged-container: {severity: error}

Notes:
    This includes the profile `baseline`, which lowers every rule. A severity that is raised is information.

Source: Kustodian, docs/pull-requests.md
"""

from __future__ import annotations

from kustodian.policy.rule import GateRule

RULE = GateRule(id="gate-changed-severity", topic="gate", severity="E/E/E", doc=__doc__)
