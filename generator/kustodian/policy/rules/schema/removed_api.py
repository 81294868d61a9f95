"""Object uses an API version that this Kubernetes version no longer serves.

Why: The API server answers "no matches for kind", so the object is never created and the sync of the whole
application fails.

Fix: Set the object's `apiVersion` to the replacement named in the finding and adapt the fields that changed.

Wrong:
    apiVersion: policy/v1beta1  # removed in 1.25
    kind: PodDisruptionBudget

Right:
    apiVersion: policy/v1
    kind: PodDisruptionBudget

Notes: The Kubernetes version is `kubernetesVersion` in `kustodian.yaml`.

Source: Kubernetes documentation, "Deprecated API Migration Guide",
https://kubernetes.io/docs/reference/using-api/deprecation-guide/
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.api_lifecycle import lifecycle_of, version_text
from kustodian.model.manifest import Manifest
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, ObjectRule, Worse


def check(manifest: Manifest, context: Context) -> Iterator[Violation]:
    """One violation if the API version was removed in the configured Kubernetes version or earlier."""
    life = lifecycle_of(manifest.api_version, manifest.kind)
    if life is None or life.removed is None or life.removed > context.version:
        return
    yield Violation(
        ("apiVersion",),
        f"{manifest.kind} of {manifest.api_version} was removed in Kubernetes {version_text(life.removed)}",
        fix=f"Use {life.replacement}.",
    )


RULE = ObjectRule(
    id="removed-api",
    topic="schema",
    severity="W/E/E",
    check=check,
    doc=__doc__,
    worse=Worse.NEVER,
    tags=("api-versions",),
)
