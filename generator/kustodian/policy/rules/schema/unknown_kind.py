"""No schema is known for the object's kind, so its fields are not checked.

Why: A misspelt field or kind in this object goes unnoticed until the API server or the controller sees it.

Fix: Add the CustomResourceDefinition to the repository or to a folder listed under `schemas:` in
`kustodian.yaml`, or correct the kind or API version if it is misspelt.

Wrong:
    apiVersion: example.com/v1  # no definition anywhere
    kind: Widget

Right:
    # kustodian.yaml
    schemas: [crds]

Notes: Kubernetes' own API groups are always known: `invalid-manifest` reports a kind that they do not have.

Source: Kubernetes documentation, "Custom Resources",
https://kubernetes.io/docs/concepts/extend-kubernetes/api-extension/custom-resources/
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.api_lifecycle import lifecycle_of
from kustodian.model.manifest import Manifest
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, ObjectRule, Worse
from kustodian.policy.rules.schema._schemas import schemas_of
from kustodian.policy.rules.schema._served import retired_version


def check(manifest: Manifest, context: Context) -> Iterator[Violation]:
    """One violation for an object of a custom API group without a definition."""
    schemas = schemas_of(context)
    if not manifest.api_version or not manifest.kind:
        return
    if schemas.knows(manifest.api_version, manifest.kind) or schemas.has_group(manifest.group):
        return
    if lifecycle_of(manifest.api_version, manifest.kind) or retired_version(manifest, schemas):
        return
    yield Violation(("kind",), f"no schema is known for {manifest.kind} of {manifest.api_version}")


RULE = ObjectRule(
    id="unknown-kind", topic="schema", severity="W/W/W", check=check, doc=__doc__, worse=Worse.NEVER
)
