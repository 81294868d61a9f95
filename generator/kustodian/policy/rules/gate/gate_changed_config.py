"""Change removes the configuration or puts a link in its place.

Why: Without `kustodian.yaml` the defaults count; a link lets any file of the repository become the
    configuration.

Fix: Keep `kustodian.yaml` at the root of the repository, as a regular file.

Wrong:
    kustodian.yaml -> overlays/dev/settings.yaml

Right:
    kustodian.yaml

Notes:
    What the removed configuration said, and the defaults do not, has findings of its own.

Source: Kustodian, docs/pull-requests.md
"""

from __future__ import annotations

from kustodian.policy.rule import GateRule

RULE = GateRule(id="gate-changed-config", topic="gate", severity="E/E/E", doc=__doc__)
