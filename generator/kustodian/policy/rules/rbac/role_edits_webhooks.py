"""Role can change admission webhooks.

Why: An admission webhook sees and rewrites every object that is created, Secrets included, and can block the
whole cluster.

Fix: Drop the verbs, or limit them with `resourceNames` to the one configuration whose certificate the
controller renews.

Wrong:
    rules:
      - apiGroups: [admissionregistration.k8s.io]
        resources: [mutatingwebhookconfigurations]
        verbs: [get, update]

Right:
    rules:
      - apiGroups: [admissionregistration.k8s.io]
        resources: [mutatingwebhookconfigurations]
        resourceNames: [iris-defaults]
        verbs: [get, update]

Source: CIS Kubernetes Benchmark v1.11, 5.1.12; Kubernetes documentation, "RBAC Good Practices",
https://kubernetes.io/docs/concepts/security/rbac-good-practices/#control-admission-webhooks
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.rbac import ROLE_KINDS, granted
from kustodian.model.manifest import Manifest
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, ObjectRule, Worse
from kustodian.policy.rules.rbac._violations import role_violation, verb_list

_CONFIGURATIONS = ("validatingwebhookconfigurations", "mutatingwebhookconfigurations")
_VERBS = ("create", "update", "patch", "delete", "deletecollection")


def check(manifest: Manifest, context: Context) -> Iterator[Violation]:
    """One violation for each rule that changes webhook configurations without naming them."""
    del context
    for grant, path, resource, verbs in granted(
        manifest, ["admissionregistration.k8s.io"], _CONFIGURATIONS, _VERBS
    ):
        if not grant.names:
            what = f"{verb_list(verbs)} {resource}"
            yield role_violation(manifest, path, what, grant, _CONFIGURATIONS, verbs)


RULE = ObjectRule(
    id="role-edits-webhooks",
    topic="rbac",
    severity="W/E/E",
    check=check,
    kinds=ROLE_KINDS,
    doc=__doc__,
    worse=Worse.BY_MEASURE,
    tags=("cis", "security"),
)
