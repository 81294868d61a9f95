"""Server has no readiness probe.

Why: The pod gets requests as soon as its process starts, before the model is loaded, and a rolling update
    replaces good pods with ones that answer with errors.

Fix: Add a `readinessProbe` (httpGet, grpc, tcpSocket or exec) that succeeds only when the model can answer.

Wrong:
    containers:
      - name: server
        ports: [{containerPort: 8080}]

Right:
    containers:
      - name: server
        ports: [{name: http, containerPort: 8080}]
        readinessProbe: {httpGet: {path: /ready, port: http}}

Notes: Applies only to containers that serve for as long as the pod runs: not to Jobs, CronJobs, Workflows,
    training jobs, bare pods with restartPolicy Never or OnFailure, init containers, sidecars, or a
    container without ports beside one with ports. KServe, Knative and KubeRay add their own readiness
    probe.

Source: Kubernetes documentation v1.34, "Liveness, Readiness, and Startup Probes",
    https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/#readiness-probe
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.model.json_value import mapping
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, PodRule, Worse
from kustodian.policy.rules.availability._probes import servers


def check(pod: PodTemplate, context: Context) -> Iterator[Violation]:
    """One violation for each server without a readiness probe."""
    if pod.owner.group == "serving.knative.dev":
        return
    for container in servers(pod):
        if not mapping(container.data.get("readinessProbe")):
            yield Violation((*container.path, "readinessProbe"), f"{container} has no readiness probe")


RULE = PodRule(
    id="missing-readiness-probe",
    topic="availability",
    severity="W/E/E",
    check=check,
    doc=__doc__,
    worse=Worse.NEVER,
    tags=("reliability",),
)
