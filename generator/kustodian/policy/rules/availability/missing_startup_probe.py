"""Model server may be killed by its liveness probe while it still loads the model.

Why: Without a startup probe the liveness probe runs from the start: a model that takes longer to load is
    killed and loads again, endlessly.

Fix: Add a `startupProbe` with failureThreshold times periodSeconds above the slowest load (60 x 10 s is ten
    minutes).

Wrong:
    livenessProbe: {httpGet: {path: /health, port: http}, initialDelaySeconds: 60}

Right:
    startupProbe: {httpGet: {path: /health, port: http}, periodSeconds: 10, failureThreshold: 60}
    livenessProbe: {httpGet: {path: /health, port: http}}

Options:
    loadSeconds: how long loading a model may take.

Notes: The liveness probe allows initialDelaySeconds + failureThreshold x periodSeconds (0 + 3 x 10 s by
    default); the rule reports less than `loadSeconds`. It applies only to model servers: known engines
    (vLLM, SGLang, TGI, Triton, NIM and others, by image or command), and containers with a GPU and a port.
    A server without a liveness probe is not killed, and one with a startup probe is not reported. KServe's
    pods are not checked.

Source: Kubernetes documentation v1.34, "Liveness, Readiness, and Startup Probes",
    https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/#startup-probe
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.kubernetes.serving.model_servers import model_servers
from kustodian.model.json_value import integer, mapping
from kustodian.model.measure import Amount
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, Option, PodRule, Worse
from kustodian.policy.rules.availability._probes import seconds_until_failure


def check(pod: PodTemplate, context: Context) -> Iterator[Violation]:
    """One violation for each model server whose liveness probe allows less time than loading may take."""
    if pod.partial:
        return
    for container in model_servers(pod):
        liveness = mapping(container.data.get("livenessProbe"))
        if not liveness or mapping(container.data.get("startupProbe")):
            continue
        allowed = (integer(liveness.get("initialDelaySeconds"), 0) or 0) + seconds_until_failure(liveness)
        if allowed < context.options["loadSeconds"]:
            yield Violation(
                (*container.path, "startupProbe"),
                f"{container} serves a model and is killed {allowed} s after its start unless it is live by "
                "then; it has no startup probe",
                measure=Amount(-allowed, f"after {allowed} s"),
            )


RULE = PodRule(
    id="missing-startup-probe",
    topic="availability",
    severity="W/W/E",
    check=check,
    doc=__doc__,
    worse=Worse.BY_MEASURE,
    tags=("reliability", "ml"),
    options={"loadSeconds": Option(300, "seconds that loading a model may take")},
)
