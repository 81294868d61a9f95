"""Object uses an API version that is deprecated.

Why: A future upgrade of the cluster removes the API; until then every apply prints a warning, and after that
it fails.

Fix: Set the object's `apiVersion` to the replacement named in the finding and adapt the fields that changed.

Wrong:
    apiVersion: resource.k8s.io/v1beta1  # deprecated in 1.35
    kind: ResourceClaimTemplate

Right:
    apiVersion: resource.k8s.io/v1
    kind: ResourceClaimTemplate

Notes: Versions of custom resources count too if their definition marks them as deprecated. An API that has
already been removed is reported only by `removed-api`.

Source: Kubernetes documentation, "Deprecated API Migration Guide",
https://kubernetes.io/docs/reference/using-api/deprecation-guide/
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.api_lifecycle import lifecycle_of, version_text
from kustodian.model.manifest import Manifest
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, ObjectRule, Worse
from kustodian.policy.rules.schema._schemas import schemas_of


def check(manifest: Manifest, context: Context) -> Iterator[Violation]:
    """One violation if the API version is deprecated but still served."""
    life = lifecycle_of(manifest.api_version, manifest.kind)
    subject = f"{manifest.kind} of {manifest.api_version}"
    if life is not None:
        if life.deprecated <= context.version and (life.removed is None or life.removed > context.version):
            since = f"{subject} has been deprecated since Kubernetes {version_text(life.deprecated)}"
            end = f" and is removed in {version_text(life.removed)}" if life.removed else ""
            yield Violation(("apiVersion",), since + end, fix=f"Use {life.replacement}.")
        return
    schemas = schemas_of(context)
    if schemas.is_builtin(manifest.api_version, manifest.kind):
        return
    custom = schemas.custom_kind(manifest.group, manifest.kind)
    version = custom.versions.get(manifest.api_version.rpartition("/")[2]) if custom else None
    if custom and version and version.deprecated and version.served:
        supported = [name for name in custom.served if not custom.versions[name].deprecated]
        fix = f"Use {custom.group}/{supported[-1]}." if supported else None
        note = f": {version.warning.rstrip('.')}" if version.warning else ""
        yield Violation(
            ("apiVersion",), f"{subject} is marked as deprecated by its definition{note}", fix=fix
        )


RULE = ObjectRule(
    id="deprecated-api",
    topic="schema",
    severity="W/E/E",
    check=check,
    doc=__doc__,
    worse=Worse.NEVER,
    tags=("api-versions",),
)
