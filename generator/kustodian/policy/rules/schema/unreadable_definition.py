"""CustomResourceDefinition cannot be read, so objects of its kind are not validated.

Why: The API server refuses the definition, or a part of it; until it is mended no misspelt field of its
objects is noticed.

Fix: Correct what the finding names; `kubectl apply --dry-run=server` shows what the API server says.

Wrong:
    openAPIV3Schema:
      type: object
      properties:
        name: {type: string, pattern: "(["}

Right:
    openAPIV3Schema:
      type: object
      properties:
        name: {type: string, pattern: "^[a-z]+$"}

Notes: Reported at the definition where an overlay deploys it, and at an object whose definition is elsewhere.

Source: Kubernetes documentation, "Extend the Kubernetes API with CustomResourceDefinitions",
https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.model.manifest import Manifest
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, ObjectRule, Worse
from kustodian.policy.rules.schema._schemas import schemas_of
from kustodian.schemas.definitions import defects


def check(manifest: Manifest, context: Context) -> Iterator[Violation]:
    """One violation for each defect of a definition, and for an object whose definition has one."""
    if manifest.is_a("apiextensions.k8s.io", "CustomResourceDefinition"):
        for path, message in defects(manifest.data):
            yield Violation(path, f"definition {manifest.name} cannot be read: {message}")
        return
    schemas = schemas_of(context)
    if not schemas.is_builtin(manifest.api_version, manifest.kind):
        defect = schemas.defect(manifest.api_version, manifest.kind)
        if defect is not None:
            message = (
                f"a definition of {manifest.kind} cannot be read, so its fields are not checked: {defect}"
            )
            yield Violation(("kind",), message)


RULE = ObjectRule(
    id="unreadable-definition",
    topic="schema",
    severity="E/E/E",
    check=check,
    doc=__doc__,
    worse=Worse.BY_MESSAGE,
)
