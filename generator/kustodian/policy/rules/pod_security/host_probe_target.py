"""Probe or lifecycle hook names a host to call.

Why: The kubelet makes the call from the node's network, so a `host` lets anyone who may create a pod reach
services that only the node can reach.

Fix: Remove `host` from the probe or hook; it then calls the pod's own address.

Wrong:
    livenessProbe:
      httpGet:
        host: 169.254.169.254
        path: /healthz
        port: 8080

Right:
    livenessProbe:
      httpGet:
        path: /healthz
        port: 8080

Notes: Checked from Kubernetes 1.34 on. To name a virtual host, set the header `Host` in `httpHeaders`.

Source: Pod Security Standards, Baseline, "Host Probes / Lifecycle Hooks" (1.34),
https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.model.json_value import FieldPath, dig
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, PodRule, Worse
from kustodian.policy.rules.pod_security._standard import BASELINE

SINCE = (1, 34)
_HANDLERS: tuple[FieldPath, ...] = (
    ("livenessProbe",), ("readinessProbe",), ("startupProbe",),
    ("lifecycle", "postStart"), ("lifecycle", "preStop"),
)  # fmt: skip


def check(pod: PodTemplate, context: Context) -> Iterator[Violation]:
    """One violation for each host that a probe or hook names."""
    if context.version < SINCE:
        return
    for container in pod.containers:
        for handler in _HANDLERS:
            for action in ("httpGet", "tcpSocket"):
                path: FieldPath = (*handler, action, "host")
                host = dig(container.data, path)
                if host:
                    message = f"{container} makes the kubelet call {host} in its {handler[-1]}"
                    yield Violation((*container.path, *path), message)


RULE = PodRule(
    id="host-probe-target",
    topic="pod security",
    severity="E/E/E",
    check=check,
    doc=__doc__,
    worse=Worse.BY_MESSAGE,
    tags=BASELINE,
)
