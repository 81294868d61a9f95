"""Container may gain more privileges than its process started with.

Why: A setuid program in the image turns any user into root unless the kernel is told to refuse that; by
default it is allowed.

Fix: Set `allowPrivilegeEscalation: false` in the securityContext of each container; the pod's securityContext
has no such field. `kustodian check --fix` does it.

Wrong:
    securityContext:
      runAsNonRoot: true

Right:
    securityContext:
      runAsNonRoot: true
      allowPrivilegeEscalation: false

Notes: Pods with `os: {name: windows}` are exempt because they may not set the field.

Source: Pod Security Standards, Restricted, "Privilege Escalation" (1.8; Windows exempt from 1.25),
https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.pods.template import Container, PodTemplate
from kustodian.model.edit import set_field
from kustodian.model.json_value import mapping, sequence
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, PodRule, Worse
from kustodian.policy.rules.pod_security._standard import RESTRICTED, runtime_sets_context


def check(pod: PodTemplate, context: Context) -> Iterator[Violation]:
    """One violation for each container that does not set `allowPrivilegeEscalation: false`."""
    if pod.is_windows:
        return
    for container in pod.containers:
        value = container.security_context.get("allowPrivilegeEscalation")
        if value is False or (value is None and runtime_sets_context(container)):
            continue
        path = (*container.path, "securityContext", "allowPrivilegeEscalation")
        verb = "does not forbid" if value is None else "allows"
        # The API server rejects `false` in combination with either of these.
        must_allow = container.security_context.get("privileged") is True or "SYS_ADMIN" in _added(container)
        edits = () if must_allow else set_field(path, False)
        yield Violation(path, f"{container} {verb} privilege escalation", edits=edits)


def _added(container: Container) -> list[object]:
    return list(sequence(mapping(container.security_context.get("capabilities")).get("add")))


RULE = PodRule(
    id="privilege-escalation",
    topic="pod security",
    severity="W/E/E",
    check=check,
    doc=__doc__,
    worse=Worse.NEVER,
    tags=RESTRICTED,
)
