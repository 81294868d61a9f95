"""Pod or container switches its seccomp filter off.

Why: Without a seccomp filter a container may call every system call of the kernel, among them those that
break out of containers.

Fix: Set `seccompProfile.type` to RuntimeDefault (or Localhost with a profile of yours) where it says
otherwise.

Wrong:
    securityContext:
      seccompProfile:
        type: Unconfined

Right:
    securityContext:
      seccompProfile:
        type: RuntimeDefault

Notes: The old seccomp annotations have meant nothing since Kubernetes 1.27 and are not looked at.

Source: Pod Security Standards, Baseline, "Seccomp" (1.19),
https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, PodRule
from kustodian.policy.rules.pod_security._standard import BASELINE, security_contexts

ALLOWED = ("RuntimeDefault", "Localhost")


def check(pod: PodTemplate, context: Context) -> Iterator[Violation]:
    """One violation for the pod and each container with a profile that is not an allowed one."""
    for who, path, security_context in security_contexts(pod):
        profile = security_context.get("seccompProfile")
        if isinstance(profile, dict) and profile.get("type") not in ALLOWED:
            kind = profile.get("type", "")
            yield Violation((*path, "seccompProfile", "type"), f"{who} has the seccomp profile type `{kind}`")


RULE = PodRule(
    id="seccomp-unconfined",
    topic="pod security",
    severity="E/E/E",
    check=check,
    doc=__doc__,
    tags=BASELINE,
)
