"""Container may gain more privileges than its process started with.

Why: A set-user-id program in the image makes root of any user unless the kernel is told to refuse that; the
default is to allow it.

Fix: Set `allowPrivilegeEscalation: false` in the securityContext of each container; the pod's securityContext
has no such field. `kustodian check --fix` does it.

Wrong:
    securityContext:
      runAsNonRoot: true

Right:
    securityContext:
      runAsNonRoot: true
      allowPrivilegeEscalation: false

Notes: Not asked of pods with `os: {name: windows}`, which may not set the field.

Source: Pod Security Standards, Restricted, "Privilege Escalation" (1.8; Windows exempt from 1.25),
https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.pods.template import Container, PodTemplate
from kustodian.model.edit import set_field
from kustodian.model.json_value import mapping, sequence
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, PodRule
from kustodian.policy.rules.pod_security._standard import RESTRICTED, runtime_sets_context


def check(pod: PodTemplate, context: Context) -> Iterator[Violation]:
    """One violation for each container that does not say `allowPrivilegeEscalation: false`."""
    if pod.is_windows:
        return
    for container in pod.containers:
        value = container.security_context.get("allowPrivilegeEscalation")
        if value is False or (value is None and runtime_sets_context(container)):
            continue
        path = (*container.path, "securityContext", "allowPrivilegeEscalation")
        how = "does not forbid" if value is None else "allows"
        # The API server refuses the field beside these two.
        needs_it = container.security_context.get("privileged") is True or "SYS_ADMIN" in _added(container)
        edits = () if needs_it else set_field(path, False)
        yield Violation(path, f"{container} {how} privilege escalation", edits=edits)


def _added(container: Container) -> list[object]:
    return list(sequence(mapping(container.security_context.get("capabilities")).get("add")))


RULE = PodRule(
    id="privilege-escalation",
    topic="pod security",
    severity="W/E/E",
    check=check,
    doc=__doc__,
    tags=RESTRICTED,
)
