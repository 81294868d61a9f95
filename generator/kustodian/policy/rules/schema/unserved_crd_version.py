"""Object uses a version of a custom resource that its current definition no longer serves.

Why: The API server refuses the object as soon as the operator's definitions are upgraded, and Argo CD cannot
even show a diff.

Fix: Set the object's `apiVersion` to the served version named in the finding and adapt the fields that
changed.

Wrong:
    apiVersion: external-secrets.io/v1beta1
    kind: ExternalSecret

Right:
    apiVersion: external-secrets.io/v1
    kind: ExternalSecret

Notes: Definitions that a kustomization lists or `schemas:` in `kustodian.yaml` names take precedence, then
those that Kustodian ships, then those in other files, then a short table of groups that were renamed or
abandoned.

Source: Kubernetes documentation, "Versions in CustomResourceDefinitions",
https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definition-versioning/
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.model.manifest import Manifest
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, ObjectRule, Worse
from kustodian.policy.rules.schema._schemas import schemas_of
from kustodian.policy.rules.schema._served import retired_version


def check(manifest: Manifest, context: Context) -> Iterator[Violation]:
    """One violation if a definition or the table says that the version is no longer served."""
    retired = retired_version(manifest, schemas_of(context))
    if retired is not None:
        yield Violation(("apiVersion",), retired.message, fix=f"Use {retired.replacement}.")


RULE = ObjectRule(
    id="unserved-crd-version",
    topic="schema",
    severity="W/E/E",
    check=check,
    doc=__doc__,
    worse=Worse.NEVER,
    tags=("api-versions",),
)
