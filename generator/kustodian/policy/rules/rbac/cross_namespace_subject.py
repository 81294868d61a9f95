"""RoleBinding grants rights in its namespace to a service account of another namespace.

Why: Anyone who can start a pod in the other namespace, dev for instance, can then act in this one.

Fix: Use a service account of the same namespace; if a shared controller needs the access, say so in a waiver.

Wrong:
    kind: RoleBinding
    metadata: {namespace: iris-prod}
    subjects: [{kind: ServiceAccount, name: deployer, namespace: iris-dev}]

Right:
    kind: RoleBinding
    metadata: {namespace: iris-prod}
    subjects: [{kind: ServiceAccount, name: deployer, namespace: iris-prod}]

Notes: Bindings in kube-system to read the API server's own configuration
(extension-apiserver-authentication-reader) are not reported.

Source: Kubernetes documentation, "RBAC Good Practices",
https://kubernetes.io/docs/concepts/security/rbac-good-practices/#least-privilege
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.object_set import namespace_of
from kustodian.kubernetes.rbac import GROUP, role_of, subjects
from kustodian.model.json_value import text
from kustodian.model.manifest import Manifest
from kustodian.model.measure import Exactly, several
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, ObjectRule, Worse
from kustodian.policy.rules.rbac._violations import role_measure

_PUBLIC = "extension-apiserver-authentication-reader"


def check(manifest: Manifest, context: Context) -> Iterator[Violation]:
    """One violation for each service account of another namespace."""
    del context
    own, (_, role) = namespace_of(manifest), role_of(manifest)
    # A binding without a namespace is created in whichever namespace it is applied to.
    if role == _PUBLIC or manifest.namespace is None:
        return
    for index, subject in subjects(manifest):
        other = text(subject.get("namespace")) or own
        if subject.get("kind") == "ServiceAccount" and other != own:
            account = f"{other}/{text(subject.get('name'))}"
            message = f"service account {account} gets the role {role} in namespace {own}"
            measure = several(account=Exactly(account), role=role_measure(manifest))
            yield Violation(("subjects", index, "namespace"), message, measure=measure)


RULE = ObjectRule(
    id="cross-namespace-subject",
    topic="rbac",
    severity="W/E/E",
    check=check,
    kinds=((GROUP, "RoleBinding"),),
    doc=__doc__,
    worse=Worse.BY_MEASURE,
    tags=("security",),
)
