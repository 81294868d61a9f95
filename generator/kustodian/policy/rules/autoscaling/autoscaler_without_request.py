"""Autoscaler scales on utilization of a resource that a container does not request.

Why: Utilization is usage divided by request. If one container of the pod has no request, the metric is
    undefined and the autoscaler does nothing.

Fix: Set `resources.requests` for that container, use a `ContainerResource` metric for the server container,
    or use an averageValue target.

Wrong:
    # HPA: cpu averageUtilization 70, and the proxy container requests no cpu
    metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 70}}}]

Right:
    metrics:
      - type: ContainerResource
        containerResource: {name: cpu, container: server, target: {type: Utilization, averageUtilization: 70}}

Notes: Every container and sidecar counts; init containers do not. A limit serves as the request if there is
    no request, and a LimitRange of the namespace may provide one. An HPA without metrics scales on 80% cpu.
    KEDA's `cpu` and `memory` triggers with metricType Utilization behave in the same way. A container name
    that the pod does not have is reported too.

Source: Kubernetes documentation v1.34, "Horizontal Pod Autoscaling",
    https://kubernetes.io/docs/concepts/workloads/autoscaling/horizontal-pod-autoscale/#support-for-resource-metrics
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.object_set import ObjectSet, namespace_of
from kustodian.kubernetes.pod_resources import LimitDefaults, container_request, limit_defaults, pod_level
from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.kubernetes.scaling import scaling_of
from kustodian.model.measure import Exactly
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, SetRule, Worse
from kustodian.policy.rules.autoscaling._metrics import ResourceMetric, resource_metrics


def check(objects: ObjectSet, context: Context) -> Iterator[Violation]:
    """One violation for each metric that a container leaves undefined."""
    scaling = scaling_of(objects)
    for autoscaler in scaling.autoscalers:
        group, kind, name = autoscaler.target
        namespace = namespace_of(autoscaler.manifest)
        target = objects.find(group, kind, namespace, name)
        if target is None:
            continue
        defaults = limit_defaults(objects, namespace)
        for metric in resource_metrics(autoscaler.manifest):
            for pod in scaling.pods_of(target):
                problem = _problem(pod, metric, defaults, context)
                if problem is not None:
                    message = f"{autoscaler.manifest.ref} measures {metric.resource}, but {problem}"
                    measure = Exactly(f"{metric.resource} {metric.container}".strip())
                    yield Violation(metric.path, message, autoscaler.manifest, measure=measure)


def _problem(
    pod: PodTemplate, metric: ResourceMetric, defaults: LimitDefaults, context: Context
) -> str | None:
    if pod.partial:
        return None
    measured = [c for c in pod.containers if c.long_running and metric.container in ("", c.name)]
    if metric.container and not measured:
        return f"{pod.owner.ref} has no container {metric.container}"
    if not metric.utilization or pod_level(pod, "requests", metric.resource, context.version):
        return None
    without_request = [str(c) for c in measured if container_request(c, metric.resource, defaults) is None]
    if without_request:
        return f"{', '.join(without_request)} of {pod.owner.ref} requests none, so utilization is undefined"
    return None


RULE = SetRule(
    id="autoscaler-without-request",
    topic="autoscaling",
    severity="E/E/E",
    check=check,
    doc=__doc__,
    worse=Worse.BY_MEASURE,
    tags=("reliability",),
)
