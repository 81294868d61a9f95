"""Change removes an environment or makes its class weaker.

Why: The class of an environment decides how severe findings are there: production that calls itself
    development is checked like development.

Fix: Keep the environment and its class, or let the owner of `kustodian.yaml` approve the change and merge
    it on its own.

Wrong:
    environments:
      prod: {paths: [overlays/prod], class: dev}  # `class: prod` at the base

Right:
    environments:
      prod: {paths: [overlays/prod], class: prod}

Notes:
    A stronger class, and an environment that is removed together with its overlays, are information.

Source: Kustodian, docs/pull-requests.md
"""

from __future__ import annotations

from kustodian.policy.rule import GateRule

RULE = GateRule(id="gate-changed-environment", topic="gate", severity="E/E/E", doc=__doc__)
