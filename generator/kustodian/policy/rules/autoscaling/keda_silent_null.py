"""Prometheus trigger treats a missing metric as zero load.

Why: When Prometheus loses the target, the query returns nothing: KEDA reads 0 and scales the workload down
    under full load.

Fix: Set `ignoreNullValues: "false"` in the trigger's metadata, and add a `fallback` with the number of
    replicas to run while the metric is missing.

Wrong:
    triggers:
      - type: prometheus
        metadata: {query: "sum(vllm:num_requests_waiting)", threshold: "5"}

Right:
    fallback: {failureThreshold: 3, replicas: 2}
    triggers:
      - type: prometheus
        metadata: {query: "sum(vllm:num_requests_waiting)", threshold: "5", ignoreNullValues: "false"}

Notes: A fallback alone does not help: it acts on errors, and an empty result is not an error while
    ignoreNullValues has its default "true". With "false" an empty result is an error: KEDA then uses the
    fallback, or keeps the current replicas if there is none.

Source: KEDA, "Prometheus" scaler, https://keda.sh/docs/latest/scalers/prometheus/; ScaledObject
    specification (fallback), https://keda.sh/docs/latest/reference/scaledobject-spec/#fallback
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.model.json_value import mapping, mappings
from kustodian.model.manifest import Manifest
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, ObjectRule, Worse


def check(manifest: Manifest, context: Context) -> Iterator[Violation]:
    """One violation for each prometheus trigger that ignores an empty result."""
    for index, trigger in mappings(manifest.spec.get("triggers")):
        if trigger.get("type") != "prometheus":
            continue
        ignores = mapping(trigger.get("metadata")).get("ignoreNullValues", "true")
        if str(ignores).lower() not in ("false", "0", "f"):
            message = "the prometheus trigger takes an empty result for 0 and scales down without an error"
            if manifest.spec.get("fallback"):
                message += "; the fallback acts on errors only"
            yield Violation(("spec", "triggers", index, "metadata", "ignoreNullValues"), message)


RULE = ObjectRule(
    id="keda-silent-null",
    topic="autoscaling",
    severity="-/W/W",
    check=check,
    doc=__doc__,
    worse=Worse.NEVER,
    tags=("reliability", "ml"),
    kinds=(("keda.sh", "ScaledObject"),),
)
