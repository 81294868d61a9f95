"""Role can run commands in pods.

Why: Anyone who may open a shell in a pod can use its service account, its Secrets and its GPU without any
review.

Fix: Drop `pods/exec`, `pods/attach`, `pods/ephemeralcontainers` and `nodes/proxy` from the role; debug
through a time-limited role outside git.

Wrong:
    rules:
      - {apiGroups: [""], resources: [pods, pods/exec], verbs: [get, create]}

Right:
    rules:
      - {apiGroups: [""], resources: [pods, pods/log], verbs: [get, list]}

Source: CIS Kubernetes Benchmark v1.11, 5.1; Kubernetes documentation, "RBAC Good Practices",
https://kubernetes.io/docs/concepts/security/rbac-good-practices/#access-to-proxy-subresource-of-nodes
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.rbac import ROLE_KINDS, granted
from kustodian.model.manifest import Manifest
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, ObjectRule, Worse
from kustodian.policy.rules.rbac._violations import role_violation

#: Subresources that run a command, with the verbs that do it (a websocket opens exec with `get`).
_SUBRESOURCES = {
    "pods/exec": ("create", "get"),
    "pods/attach": ("create", "get"),
    "pods/ephemeralcontainers": ("update", "patch"),
    "nodes/proxy": ("create", "get"),
}


def check(manifest: Manifest, context: Context) -> Iterator[Violation]:
    """One violation for each rule that grants such a subresource."""
    del context
    reported = set()
    for resource, verbs in _SUBRESOURCES.items():
        for grant, path, _, _ in granted(manifest, [""], [resource], verbs):
            if grant.path not in reported:
                reported.add(grant.path)
                what = f"run commands in pods through {resource}"
                allowed = grant.allows(("create", "get", "update", "patch"))
                yield role_violation(manifest, path, what, grant, _SUBRESOURCES, allowed)


RULE = ObjectRule(
    id="role-can-exec",
    topic="rbac",
    severity="W/E/E",
    check=check,
    kinds=ROLE_KINDS,
    doc=__doc__,
    worse=Worse.BY_MEASURE,
    tags=("cis", "security"),
)
