"""Binding grants rights to anonymous callers or to everyone with a token.

Why: `system:anonymous` and `system:unauthenticated` are callers without any credentials;
`system:authenticated` is every pod and every user of the cluster.

Fix: Name the users, groups or service accounts that need the role.

Wrong:
    subjects:
      - {apiGroup: rbac.authorization.k8s.io, kind: Group, name: "system:authenticated"}

Right:
    subjects:
      - {apiGroup: rbac.authorization.k8s.io, kind: Group, name: ml-readers}

Notes: The API server's own public roles (system:public-info-viewer, system:discovery, system:basic-user) are
not reported.

Source: CIS Kubernetes Benchmark v1.11, 5.1.7; Kubernetes documentation, "Discovery roles",
https://kubernetes.io/docs/reference/access-authn-authz/rbac/#discovery-roles
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.rbac import BINDING_KINDS, role_of, subjects
from kustodian.model.json_value import text
from kustodian.model.manifest import Manifest
from kustodian.model.measure import Measure, members, several
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, ObjectRule, Worse
from kustodian.policy.rules.rbac._violations import role_measure

_EVERYONE = {
    "system:anonymous": "a caller without credentials",
    "system:unauthenticated": "every caller without credentials",
    "system:authenticated": "every user and every pod of the cluster",
}
_PUBLIC_ROLES = ("system:public-info-viewer", "system:discovery", "system:basic-user")


def check(manifest: Manifest, context: Context) -> Iterator[Violation]:
    """One violation for each subject that stands for anonymous callers or for everyone."""
    del context
    role = role_of(manifest)[1]
    if role in _PUBLIC_ROLES:
        return
    for index, subject in subjects(manifest):
        name = text(subject.get("name"))
        if subject.get("kind") in ("User", "Group") and name in _EVERYONE:
            message = f"{name}, {_EVERYONE[name]}, gets the role {role}"
            yield Violation(("subjects", index, "name"), message, measure=_measure(manifest, name))


def _measure(binding: Manifest, name: str) -> Measure:
    """The subject and its role; anonymous callers are worse than those with a token."""
    return several(subject=members([name]), role=role_measure(binding))


RULE = ObjectRule(
    id="anonymous-subject",
    topic="rbac",
    severity="W/E/E",
    check=check,
    kinds=BINDING_KINDS,
    doc=__doc__,
    worse=Worse.BY_MEASURE,
    tags=("cis", "security"),
)
