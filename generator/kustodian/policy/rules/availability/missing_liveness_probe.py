"""Server has no liveness probe.

Why: A process that hangs (a deadlock, a lost GPU) stays in the service forever, because the kubelet
    restarts it only when a probe fails.

Fix: Add a cheap `livenessProbe` that does not call the model or a database, and a `startupProbe` if loading
    takes long.

Wrong:
    containers:
      - name: server
        readinessProbe: {httpGet: {path: /ready, port: http}}

Right:
    containers:
      - name: server
        readinessProbe: {httpGet: {path: /ready, port: http}}
        livenessProbe: {httpGet: {path: /live, port: http}}

Notes: Applies to the same containers as `missing-readiness-probe`.

Source: Kubernetes documentation v1.34, "Liveness, Readiness, and Startup Probes",
    https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/#liveness-probe
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.model.json_value import mapping
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, PodRule, Worse
from kustodian.policy.rules.availability._probes import servers


def check(pod: PodTemplate, context: Context) -> Iterator[Violation]:
    """One violation for each server without a liveness probe."""
    for container in servers(pod):
        if not mapping(container.data.get("livenessProbe")):
            yield Violation((*container.path, "livenessProbe"), f"{container} has no liveness probe")


RULE = PodRule(
    id="missing-liveness-probe",
    topic="availability",
    severity="W/E/E",
    check=check,
    doc=__doc__,
    worse=Worse.NEVER,
    tags=("reliability",),
)
