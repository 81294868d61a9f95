"""Change removes or weakens the schema of a custom resource.

Why: A schema that requires less accepts manifests which the cluster refuses, and which other rules may not
    understand.

Fix: Let the owner of the definition approve the change and merge it on its own.

Wrong:
    x-kubernetes-preserve-unknown-fields: true  # in place of the properties

Right:
    required: [replicas]
    properties: {replicas: {type: integer, minimum: 1}}

Notes:
    The definitions compared are those in `schemas` and those in the repository. Weaker means: a definition,
    a version, a required field or a constraint is gone, or unknown fields are kept. A new field is not
    reported.

Source: Kustodian, docs/pull-requests.md
"""

from __future__ import annotations

from kustodian.policy.rule import GateRule

RULE = GateRule(id="gate-changed-schema", topic="gate", severity="E/E/E", doc=__doc__)
