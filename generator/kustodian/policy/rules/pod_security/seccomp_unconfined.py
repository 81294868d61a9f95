"""Pod or container turns off its seccomp filter.

Why: Without a seccomp filter, a container may make every system call of the kernel, including those that are
used to break out of containers.

Fix: Set `seccompProfile.type` to RuntimeDefault, or to Localhost with a profile of your own.

Wrong:
    securityContext:
      seccompProfile:
        type: Unconfined

Right:
    securityContext:
      seccompProfile:
        type: RuntimeDefault

Notes: The old seccomp annotations have had no effect since Kubernetes 1.27 and are ignored.

Source: Pod Security Standards, Baseline, "Seccomp" (1.19),
https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, PodRule, Worse
from kustodian.policy.rules.pod_security._standard import BASELINE, security_contexts

ALLOWED = ("RuntimeDefault", "Localhost")


def check(pod: PodTemplate, context: Context) -> Iterator[Violation]:
    """One violation for the pod and each container with a profile that is not allowed."""
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
    worse=Worse.BY_MESSAGE,
    tags=BASELINE,
)
