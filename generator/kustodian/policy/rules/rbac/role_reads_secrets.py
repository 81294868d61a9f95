"""Role can read every Secret of its namespace or of the cluster.

Why: Service account tokens, registry passwords and model store keys are all Secrets; `list` and `watch`
return their contents just as `get` does.

Fix: Name the Secrets in `resourceNames` with the verb `get`, or mount the Secret into the pod, which needs no
role.

Wrong:
    rules:
      - {apiGroups: [""], resources: [secrets], verbs: [get, list]}

Right:
    rules:
      - {apiGroups: [""], resources: [secrets], resourceNames: [iris-model-store], verbs: [get]}

Source: CIS Kubernetes Benchmark v1.11, 5.1.2; Kubernetes documentation, "RBAC Good Practices",
https://kubernetes.io/docs/concepts/security/rbac-good-practices/#listing-secrets
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.rbac import ROLE_KINDS, granted
from kustodian.model.manifest import Manifest
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, ObjectRule, Worse
from kustodian.policy.rules.rbac._violations import role_violation, verb_list


def check(manifest: Manifest, context: Context) -> Iterator[Violation]:
    """One violation for each rule that reads Secrets without naming them."""
    del context
    for grant, path, _, verbs in granted(manifest, [""], ["secrets"], ["get", "list", "watch"]):
        if not grant.names:
            what = f"{verb_list(verbs)} every Secret"
            yield role_violation(manifest, path, what, grant, ["secrets"], verbs)


RULE = ObjectRule(
    id="role-reads-secrets",
    topic="rbac",
    severity="W/E/E",
    check=check,
    kinds=ROLE_KINDS,
    doc=__doc__,
    worse=Worse.BY_MEASURE,
    tags=("cis", "security"),
)
