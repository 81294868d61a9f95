"""Container sees /proc without the runtime's masks.

Why: The masks hide kernel memory, keys and switches in /proc from the container; through an unmasked /proc it
can read and change them.

Fix: Remove `procMount` from the container's securityContext or set it to Default.

Wrong:
    securityContext:
      procMount: Unmasked

Right:
    securityContext:
      procMount: Default

Notes: From Kubernetes 1.35, Baseline allows any value in a pod with `hostUsers: false`. Restricted does not:
see `unmasked-proc-mount-in-user-namespace`.

Source: Pod Security Standards, Baseline, "/proc Mount Type" (1.0, relaxed in 1.35),
https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, PodRule, Worse
from kustodian.policy.rules.pod_security._standard import BASELINE, relaxed_for_user_namespace


def check(pod: PodTemplate, context: Context) -> Iterator[Violation]:
    """One violation for each container whose procMount Baseline does not allow."""
    if not relaxed_for_user_namespace(pod, context):
        yield from unmasked_proc_mounts(pod)


def unmasked_proc_mounts(pod: PodTemplate) -> Iterator[Violation]:
    """One violation for each container whose procMount is set to anything but Default."""
    for container in pod.containers:
        value = container.security_context.get("procMount")
        if value is not None and value != "Default":
            path = (*container.path, "securityContext", "procMount")
            yield Violation(path, f"{container} mounts /proc as {value}")


RULE = PodRule(
    id="unmasked-proc-mount",
    topic="pod security",
    severity="E/E/E",
    check=check,
    doc=__doc__,
    worse=Worse.BY_MESSAGE,
    tags=BASELINE,
)
