"""Container in a user namespace sees /proc without the runtime's masks.

Why: A user namespace takes most of the danger out of an unmasked /proc, so Baseline allows it there from
Kubernetes 1.35; Restricted requires the masks everywhere.

Fix: Remove `procMount` from the container's securityContext or set it to Default.

Wrong:
    hostUsers: false
    containers:
      - name: builder
        securityContext:
          procMount: Unmasked

Right:
    hostUsers: false
    containers:
      - name: builder
        securityContext:
          procMount: Default

Notes: In any other pod, and before Kubernetes 1.35, `unmasked-proc-mount` reports it.

Source: Pod Security Standards, Restricted, "/proc Mount Type" (1.35),
https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, PodRule, Worse
from kustodian.policy.rules.pod_security._standard import RESTRICTED, relaxed_for_user_namespace
from kustodian.policy.rules.pod_security.unmasked_proc_mount import unmasked_proc_mounts


def check(pod: PodTemplate, context: Context) -> Iterator[Violation]:
    """One violation for each container that passes Baseline only because of its user namespace."""
    if relaxed_for_user_namespace(pod, context):
        yield from unmasked_proc_mounts(pod)


RULE = PodRule(
    id="unmasked-proc-mount-in-user-namespace",
    topic="pod security",
    severity="W/E/E",
    check=check,
    doc=__doc__,
    worse=Worse.BY_MESSAGE,
    tags=RESTRICTED,
)
