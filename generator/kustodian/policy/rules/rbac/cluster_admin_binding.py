"""Binding grants cluster-admin.

Why: The subject may do anything, and with a ClusterRoleBinding in the whole cluster: read every Secret,
change every role, delete every namespace.

Fix: Bind a role that lists what the subject needs; keep cluster-admin for break-glass accounts outside git.

Wrong:
    roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}

Right:
    roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: iris-deployer}

Source: CIS Kubernetes Benchmark v1.11, 5.1.1; Kubernetes documentation, "User-facing roles",
https://kubernetes.io/docs/reference/access-authn-authz/rbac/#user-facing-roles
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.object_set import namespace_of
from kustodian.kubernetes.rbac import BINDING_KINDS, role_of, subjects
from kustodian.model.json_value import JsonObject, text
from kustodian.model.manifest import Manifest
from kustodian.model.measure import members
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, ObjectRule, Worse


def check(manifest: Manifest, context: Context) -> Iterator[Violation]:
    """One violation for a binding to cluster-admin that has subjects."""
    del context
    if role_of(manifest) != ("ClusterRole", "cluster-admin"):
        return
    named = [f"{text(s.get('kind'))} {text(s.get('name'))}" for _, s in subjects(manifest)]
    if named:
        where = "in the whole cluster" if manifest.kind == "ClusterRoleBinding" else "in its namespace"
        holders = members(_identity(subject, manifest) for _, subject in subjects(manifest))
        message = f"{', '.join(named)} may do anything {where}"
        yield Violation(("roleRef", "name"), message, measure=holders)


def _identity(subject: JsonObject, binding: Manifest) -> str:
    kind, name = text(subject.get("kind")), text(subject.get("name"))
    if kind != "ServiceAccount":
        return f"{kind} {name}"
    return f"{kind} {text(subject.get('namespace')) or namespace_of(binding)}/{name}"


RULE = ObjectRule(
    id="cluster-admin-binding",
    topic="rbac",
    severity="W/E/E",
    check=check,
    kinds=BINDING_KINDS,
    doc=__doc__,
    worse=Worse.BY_MEASURE,
    tags=("cis", "security"),
)
