"""Container adds a capability beyond the default set.

Why: Capabilities such as SYS_ADMIN, SYS_PTRACE or NET_RAW each grant a part of what root can do on the node;
a model server needs none of them.

Fix: Remove the capability from `securityContext.capabilities.add` of the container.

Wrong:
    securityContext:
      capabilities:
        add: [SYS_ADMIN]

Right:
    securityContext:
      capabilities:
        drop: [ALL]

Notes: The allowed capabilities are AUDIT_WRITE, CHOWN, DAC_OVERRIDE, FOWNER, FSETID, KILL, MKNOD,
NET_BIND_SERVICE, SETFCAP, SETGID, SETPCAP, SETUID and SYS_CHROOT, spelt like this (without the prefix CAP_).
The Restricted level allows only NET_BIND_SERVICE: see `capabilities-not-dropped`.

Source: Pod Security Standards, Baseline, "Capabilities" (every version),
https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.model.json_value import mapping, sequence
from kustodian.model.measure import EVERYTHING, members
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, PodRule, Worse
from kustodian.policy.rules.pod_security._standard import BASELINE

ALLOWED = frozenset({
    "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE",
    "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
})  # fmt: skip


def check(pod: PodTemplate, context: Context) -> Iterator[Violation]:
    """One violation for each added capability outside the default set."""
    for container in pod.containers:
        added = sequence(mapping(container.security_context.get("capabilities")).get("add"))
        for index, capability in enumerate(added):
            if isinstance(capability, str) and capability not in ALLOWED:
                path = (*container.path, "securityContext", "capabilities", "add", index)
                measure = members([EVERYTHING if capability == "ALL" else capability])
                yield Violation(path, f"{container} adds the capability {capability}", measure=measure)


RULE = PodRule(
    id="added-capabilities",
    topic="pod security",
    severity="E/E/E",
    check=check,
    doc=__doc__,
    worse=Worse.BY_MEASURE,
    tags=BASELINE,
)
