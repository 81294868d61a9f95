"""Container runs privileged.

Why: A privileged container has every capability and every device of the node; anyone who gets into it owns
the node.

Fix: Remove `privileged: true` from the container's securityContext, or set it to false with a patch in the
overlay.

Wrong:
    securityContext:
      privileged: true

Right:
    securityContext:
      privileged: false

Notes: A GPU does not need a privileged container: request `nvidia.com/gpu` in `resources.limits` and let the
device plugin do the rest.

Source: Pod Security Standards, Baseline, "Privileged Containers" (every version),
https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, PodRule, Worse
from kustodian.policy.rules.pod_security._standard import BASELINE


def check(pod: PodTemplate, context: Context) -> Iterator[Violation]:
    """One violation for each container, of any kind, with `privileged: true`."""
    for container in pod.containers:
        if container.security_context.get("privileged") is True:
            path = (*container.path, "securityContext", "privileged")
            yield Violation(path, f"{container} runs privileged")


RULE = PodRule(
    id="privileged-container",
    topic="pod security",
    severity="E/E/E",
    check=check,
    doc=__doc__,
    worse=Worse.NEVER,
    tags=BASELINE,
)
