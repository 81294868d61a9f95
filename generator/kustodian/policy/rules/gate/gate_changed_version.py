"""Change lowers the Kubernetes version of the check.

Why: With an older version, APIs that the cluster no longer serves are accepted, and newer fields are unknown.

Fix: Set `kubernetesVersion` to what the clusters run; let its owner approve a downgrade.

Wrong:
    kubernetesVersion: "1.25"  # 1.34 at the base

Right:
    kubernetesVersion: "1.34"

Notes:
    A higher version is information.

Source: Kustodian, docs/pull-requests.md
"""

from __future__ import annotations

from kustodian.policy.rule import GateRule

RULE = GateRule(id="gate-changed-version", topic="gate", severity="E/E/E", doc=__doc__)
