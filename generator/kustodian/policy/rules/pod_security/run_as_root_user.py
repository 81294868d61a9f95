"""Pod or container runs as user 0.

Why: User 0 is root: only the other restrictions on the container limit what it may do to mounted files,
devices and the kernel.

Fix: Set `runAsUser` to the image's own user, any number except 0, or remove it if the image starts as such a
user by itself.

Wrong:
    securityContext:
      runAsUser: 0

Right:
    securityContext:
      runAsUser: 10001

Notes: If the user cannot write to a volume, set `fsGroup` in the pod's securityContext. From Kubernetes 1.35,
pods with `hostUsers: false` may run as user 0.

Source: Pod Security Standards, Restricted, "Running as Non-root user" (1.23, relaxed in 1.35),
https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.model.json_value import integer
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, PodRule, Worse
from kustodian.policy.rules.pod_security._standard import (
    RESTRICTED,
    relaxed_for_user_namespace,
    security_contexts,
)


def check(pod: PodTemplate, context: Context) -> Iterator[Violation]:
    """One violation for the pod and for each container with `runAsUser: 0`."""
    if relaxed_for_user_namespace(pod, context):
        return
    for who, path, security_context in security_contexts(pod):
        if integer(security_context.get("runAsUser")) == 0:
            yield Violation((*path, "runAsUser"), f"{who} runs as user 0")


RULE = PodRule(
    id="run-as-root-user",
    topic="pod security",
    severity="W/E/E",
    check=check,
    doc=__doc__,
    worse=Worse.NEVER,
    tags=RESTRICTED,
)
