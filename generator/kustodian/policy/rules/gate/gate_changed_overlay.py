"""Change moves an overlay out of its environment.

Why: The new folder matches no path of the environment that the old one was in, so it is checked with another
    class and other severities, and counts towards no budget.

Fix: Add the new folder to the paths of the environment in a change of its own, or name it so that they match.

Wrong:
    overlays/sandbox/kustomization.yaml  # was overlays/prod/kustomization.yaml

Right:
    overlays/prod/kustomization.yaml

Notes:
    A removed overlay and an added one count as a move if they build on the same folder, have the same folder
    name, or resemble each other.

Source: Kustodian, docs/pull-requests.md
"""

from __future__ import annotations

from kustodian.policy.rule import GateRule

RULE = GateRule(id="gate-changed-overlay", topic="gate", severity="E/E/E", doc=__doc__)
