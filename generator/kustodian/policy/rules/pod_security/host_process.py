"""Windows pod or container runs as a process on the node.

Why: A HostProcess container has the node's file system, network and accounts; it is the Windows equivalent of
a privileged container.

Fix: Remove `hostProcess: true` from `securityContext.windowsOptions` of the pod or the container.

Wrong:
    securityContext:
      windowsOptions:
        hostProcess: true

Right:
    securityContext:
      windowsOptions:
        runAsUserName: ContainerUser

Source: Pod Security Standards, Baseline, "HostProcess" (every version),
https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.model.json_value import mapping
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, PodRule, Worse
from kustodian.policy.rules.pod_security._standard import BASELINE, security_contexts


def check(pod: PodTemplate, context: Context) -> Iterator[Violation]:
    """One violation for the pod and for each container that sets `hostProcess: true`."""
    for who, path, security_context in security_contexts(pod):
        if mapping(security_context.get("windowsOptions")).get("hostProcess") is True:
            yield Violation((*path, "windowsOptions", "hostProcess"), f"{who} runs as a process on the node")


RULE = PodRule(
    id="host-process",
    topic="pod security",
    severity="E/E/E",
    check=check,
    doc=__doc__,
    worse=Worse.NEVER,
    tags=BASELINE,
)
