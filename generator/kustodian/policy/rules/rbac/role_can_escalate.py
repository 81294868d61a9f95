"""Role can extend its own rights: escalate, bind, impersonate, mint tokens or approve certificates.

Why: These verbs bypass the check that nobody may grant more rights than they hold, so the role is as powerful
as cluster-admin.

Fix: Drop the verb; if a controller needs `bind` or `impersonate`, limit it to named roles or accounts with
`resourceNames`.

Wrong:
    rules:
      - {apiGroups: [rbac.authorization.k8s.io], resources: [clusterroles], verbs: [bind, escalate]}

Right:
    rules:
      - apiGroups: [rbac.authorization.k8s.io]
        resources: [roles]
        resourceNames: [iris-reader]
        verbs: [bind]

Source: CIS Kubernetes Benchmark v1.11, 5.1.8, 5.1.11 and 5.1.13; Kubernetes documentation, "RBAC Good
Practices", https://kubernetes.io/docs/concepts/security/rbac-good-practices/#privilege-escalation-risks
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.rbac import GROUP, ROLE_KINDS, granted
from kustodian.model.manifest import Manifest
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, ObjectRule, Worse
from kustodian.policy.rules.rbac._violations import role_violation, verb_list

#: API groups, resources, verbs, and what they let the holder do.
_ESCALATIONS: tuple[tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...], str], ...] = (
    ((GROUP,), ("roles", "clusterroles"), ("escalate", "bind"), "grant rights that they do not hold"),
    (
        ("", "authentication.k8s.io"),
        ("users", "groups", "serviceaccounts", "uids", "userextras"),
        ("impersonate",),
        "act as someone else",
    ),
    (("",), ("serviceaccounts/token",), ("create",), "create tokens for service accounts"),
    (
        ("certificates.k8s.io",),
        ("certificatesigningrequests/approval",),
        ("update", "patch"),
        "approve client certificates",
    ),
    (("certificates.k8s.io",), ("signers",), ("approve", "sign"), "approve or sign client certificates"),
)


def check(manifest: Manifest, context: Context) -> Iterator[Violation]:
    """One violation for each rule that grants such a verb without naming the objects."""
    del context
    for groups, resources, verbs, effect in _ESCALATIONS:
        for grant, path, resource, allowed in granted(manifest, groups, resources, verbs):
            if not grant.names:
                what = f"{effect}: {verb_list(allowed)} on {resource}"
                yield role_violation(manifest, path, what, grant, resources, allowed)


RULE = ObjectRule(
    id="role-can-escalate",
    topic="rbac",
    severity="W/E/E",
    check=check,
    kinds=ROLE_KINDS,
    doc=__doc__,
    worse=Worse.BY_MEASURE,
    tags=("cis", "security"),
)
