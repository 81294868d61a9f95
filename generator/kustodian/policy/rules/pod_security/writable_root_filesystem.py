"""Container can write to its own root filesystem.

Why: An attacker can replace the programs of a container that can write to its own image, and what the
container writes there fills the node's disk and is lost when it stops.

Fix: Set `readOnlyRootFilesystem: true` in the container's securityContext and mount an emptyDir where the
process writes (/tmp, and the model cache that HF_HOME or XDG_CACHE_HOME names).

Wrong:
    containers:
      - name: server
        securityContext:
          allowPrivilegeEscalation: false

Right:
    containers:
      - name: server
        securityContext:
          allowPrivilegeEscalation: false
          readOnlyRootFilesystem: true
        volumeMounts:
          - {name: tmp, mountPath: /tmp}

Notes: The pod's securityContext has no such field. Pods with `os: {name: windows}` are exempt, as is a KServe
`model`, whose container comes from a ServingRuntime.

Source: NSA/CISA Kubernetes Hardening Guide v1.2, "Immutable container file systems",
https://media.defense.gov/2022/Aug/29/2003066362/-1/-1/0/CTR_KUBERNETES_HARDENING_GUIDANCE_1.2_20220829.PDF
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, PodRule, Worse
from kustodian.policy.rules.pod_security._standard import runtime_sets_context


def check(pod: PodTemplate, context: Context) -> Iterator[Violation]:
    """One violation for each container, except ephemeral ones, that does not set the field to true."""
    if pod.is_windows:
        return
    for container in pod.containers:
        value = container.security_context.get("readOnlyRootFilesystem")
        if value is True or container.role == "ephemeral":
            continue
        if value is None and runtime_sets_context(container):
            continue
        path = (*container.path, "securityContext", "readOnlyRootFilesystem")
        yield Violation(path, f"{container} can write to its root filesystem")


RULE = PodRule(
    id="writable-root-filesystem",
    topic="pod security",
    severity="-/W/E",
    check=check,
    doc=__doc__,
    worse=Worse.NEVER,
    tags=("nsa", "security"),
)
