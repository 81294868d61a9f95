"""Container runs without a seccomp filter because no profile is set.

Why: Kubernetes starts containers unconfined unless a profile is set; the runtime's own profile blocks the
system calls that are used to break out of containers.

Fix: Set `seccompProfile: {type: RuntimeDefault}` in the pod's securityContext. `kustodian check --fix` does
it.

Wrong:
    securityContext:
      runAsNonRoot: true

Right:
    securityContext:
      runAsNonRoot: true
      seccompProfile:
        type: RuntimeDefault

Notes: A container inherits the pod's profile. `seccomp-unconfined` reports a profile that is set but not
allowed. Pods with `os: {name: windows}` are exempt.

Source: Pod Security Standards, Restricted, "Seccomp" (1.19; Windows exempt from 1.25),
https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.model.edit import set_field
from kustodian.model.measure import Amount
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, PodRule, Worse
from kustodian.policy.rules.pod_security._standard import RESTRICTED, container_list, has_no_pod_context

_PROFILE = {"type": "RuntimeDefault"}


def check(pod: PodTemplate, context: Context) -> Iterator[Violation]:
    """One violation if no container has a profile, otherwise one for each container without a profile."""
    if pod.is_windows or has_no_pod_context(pod):
        return
    if isinstance(pod.security_context.get("seccompProfile"), dict):
        return
    unset = [c for c in pod.containers if not isinstance(c.security_context.get("seccompProfile"), dict)]
    if unset and len(unset) == len(pod.containers):
        path = pod.path_of("securityContext", "seccompProfile")
        message = f"neither the pod nor {container_list(unset)} sets a seccomp profile"
        yield Violation(path, message, edits=set_field(path, _PROFILE), measure=Amount(len(unset)))
        return
    for container in unset:
        path = (*container.path, "securityContext", "seccompProfile")
        message = f"neither the pod nor {container} sets a seccomp profile"
        yield Violation(path, message, edits=set_field(path, _PROFILE), measure=Amount(1))


RULE = PodRule(
    id="seccomp-not-set",
    topic="pod security",
    severity="W/E/E",
    check=check,
    doc=__doc__,
    worse=Worse.BY_MEASURE,
    tags=RESTRICTED,
)
