"""The cpu and memory metrics of autoscalers; shared by the autoscaling rules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from kustodian.model.json_value import FieldPath, JsonObject, mapping, mappings, text
from kustodian.model.manifest import Manifest


class ResourceMetric(NamedTuple):
    """A cpu or memory metric of a pod.

    `container` is empty for the whole pod; `utilization` is whether the target is relative to the request.
    """

    resource: str
    container: str
    utilization: bool
    path: FieldPath


def resource_metrics(manifest: Manifest) -> Iterator[ResourceMetric]:
    """The cpu and memory metrics of a HorizontalPodAutoscaler or ScaledObject, defaults included.

    An HPA without metrics scales on 80% of the requested cpu (autoscaling/v2 defaults).
    """
    if manifest.kind == "ScaledObject":
        yield from _keda_metrics(manifest.spec)
    elif manifest.api_version == "autoscaling/v1":
        yield ResourceMetric("cpu", "", True, ("spec", "targetCPUUtilizationPercentage"))
    elif not manifest.spec.get("metrics"):
        yield ResourceMetric("cpu", "", True, ("spec", "metrics"))
    else:
        for index, metric in mappings(manifest.spec.get("metrics")):
            for kind in ("resource", "containerResource"):
                source = mapping(metric.get(kind))
                if source:
                    target = mapping(source.get("target"))
                    # autoscaling/v2beta1 has the target's fields directly in the source.
                    relative = "averageUtilization" in target or "targetAverageUtilization" in source
                    path: FieldPath = ("spec", "metrics", index)
                    yield ResourceMetric(
                        text(source.get("name")), text(source.get("container")), relative, path
                    )


def _keda_metrics(spec: JsonObject) -> Iterator[ResourceMetric]:
    for index, trigger in mappings(spec.get("triggers")):
        if trigger.get("type") in ("cpu", "memory"):
            metadata = mapping(trigger.get("metadata"))
            kind = trigger.get("metricType") or metadata.get("type") or "Utilization"
            container = text(metadata.get("containerName"))
            path: FieldPath = ("spec", "triggers", index)
            yield ResourceMetric(text(trigger.get("type")), container, kind == "Utilization", path)
