"""Binding grants a powerful role to every service account, every user or anonymous callers.

Why: Whoever can start a pod, or merely reach the API server, then has the rights of the role. `edit` is
enough to read every Secret of the namespace and to run as any of its service accounts.

Fix: Name the service accounts, users or groups that need the role.

Wrong:
    roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: edit}
    subjects:
      - {apiGroup: rbac.authorization.k8s.io, kind: Group, name: "system:serviceaccounts"}

Right:
    roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: edit}
    subjects:
      - {kind: ServiceAccount, name: iris-deployer, namespace: iris-prod}

Notes: Powerful are `cluster-admin`, `admin`, `edit`, the roles of the control plane (`system:*`, apart from
those that everyone has anyway), and roles of the same overlay that may change objects, read Secrets or do
everything. `anonymous-subject` reports other roles of users and anonymous callers.

Source: Kubernetes documentation, "RBAC Good Practices" and "User-facing roles",
https://kubernetes.io/docs/reference/access-authn-authz/rbac/#user-facing-roles; CIS Kubernetes Benchmark
v1.11, 5.1
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.object_set import ObjectSet, namespace_of
from kustodian.kubernetes.rbac import GROUP, granted, grants, role_of, subjects
from kustodian.model.json_value import text
from kustodian.model.manifest import Manifest
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, SetRule, Worse

_EVERYONE = {
    "system:anonymous": "callers without credentials",
    "system:unauthenticated": "callers without credentials",
    "system:authenticated": "every user and every pod of the cluster",
    "system:serviceaccounts": "every pod of the cluster",
}
_OF_A_NAMESPACE = "system:serviceaccounts:"
_POWERFUL = ("cluster-admin", "admin", "edit")
#: Roles of the API server that reveal nothing, or that it binds to everyone itself.
_HARMLESS = (
    "system:public-info-viewer", "system:discovery", "system:basic-user", "system:monitoring",
    "system:service-account-issuer-discovery", "system:image-puller",
)  # fmt: skip
_CHANGES = ("create", "update", "patch", "delete", "deletecollection")


def check(objects: ObjectSet, context: Context) -> Iterator[Violation]:
    """One violation for each subject that stands for everyone, in a binding to a powerful role."""
    del context
    for binding in objects.of(GROUP, "RoleBinding", "ClusterRoleBinding"):
        if not _is_powerful(binding, objects):
            continue
        for index, subject in subjects(binding):
            name = text(subject.get("name"))
            who = _who(name) if subject.get("kind") in ("User", "Group") else None
            if who is not None:
                message = f"{name}, {who}, gets the powerful role {role_of(binding)[1]}"
                yield Violation(("subjects", index, "name"), message, binding)


def _who(name: str) -> str | None:
    if name.startswith(_OF_A_NAMESPACE):
        return f"every pod of namespace {name.removeprefix(_OF_A_NAMESPACE)}"
    return _EVERYONE.get(name)


def _is_powerful(binding: Manifest, objects: ObjectSet) -> bool:
    kind, name = role_of(binding)
    if kind == "ClusterRole" and (
        name in _POWERFUL or (name.startswith("system:") and name not in _HARMLESS)
    ):
        return True
    namespace = namespace_of(binding) if kind == "Role" else ""
    role = objects.find(GROUP, kind, namespace, name)
    return role is not None and _grants_much(role)


def _grants_much(role: Manifest) -> bool:
    """Whether a role may change any object, or read Secrets."""
    changes = any(grant.allows(_CHANGES) for grant in grants(role) if not grant.names)
    return changes or next(granted(role, [""], ["secrets", "*"], ["get", "list", "watch"]), None) is not None


RULE = SetRule(
    id="powerful-role-for-everyone",
    topic="rbac",
    severity="E/E/E",
    check=check,
    doc=__doc__,
    worse=Worse.BY_MESSAGE,
    tags=("cis", "security"),
)
