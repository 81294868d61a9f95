"""Rolling update may start too many new pods at once.

Why: A surge of 100% doubles the nodes, GPUs, connections and model downloads during every update.

Fix: Set `maxSurge` to 1 or to 25%; if there are no spare nodes, to 0 with `maxUnavailable: 1`.

Wrong:
    rollingUpdate: {maxSurge: 100%}

Right:
    rollingUpdate: {maxSurge: 1, maxUnavailable: 0}

Options:
    maxPercent: largest surge, in percent of the replicas. One pod is always allowed.

Notes: Applies to Deployments, DaemonSets and Rollouts (canary without traffic routing, where maxSurge has
    the same meaning). A number is compared with `replicas` if the manifest sets them. Blue-green runs
    everything twice by design.

Source: Kubernetes documentation v1.34, "Deployments",
    https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#max-surge
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.scaling import int_or_percent
from kustodian.model.json_value import FieldPath, dig, integer, mapping
from kustodian.model.manifest import Manifest
from kustodian.model.measure import Amount
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, ObjectRule, Option, Worse

_SURGE: dict[str, FieldPath] = {
    "Deployment": ("spec", "strategy", "rollingUpdate", "maxSurge"),
    "DaemonSet": ("spec", "updateStrategy", "rollingUpdate", "maxSurge"),
    "Rollout": ("spec", "strategy", "canary", "maxSurge"),
}


def check(manifest: Manifest, context: Context) -> Iterator[Violation]:
    """One violation for a maxSurge above the allowed share of the replicas."""
    path, most = _SURGE[manifest.kind], context.options["maxPercent"]
    surge = dig(manifest.data, path)
    if mapping(dig(manifest.data, path[:-1])).get("trafficRouting"):
        return
    replicas = integer(manifest.spec.get("replicas"))
    if isinstance(surge, str):
        percent = int_or_percent(surge, 100, round_up=True) or 0
        # A percentage that amounts to one pod is always allowed.
        if replicas is not None and int_or_percent(surge, replicas, round_up=True) == 1:
            return
    elif integer(surge) is not None and surge > 1 and replicas:
        percent = surge * 100 // replicas
    else:
        return
    if percent > most:
        message = f"an update may start {percent}% more pods at once (at most {most}%)"
        yield Violation(path, message, measure=Amount(percent, f"{percent}%"))


RULE = ObjectRule(
    id="unbounded-surge",
    topic="availability",
    severity="-/W/W",
    check=check,
    doc=__doc__,
    worse=Worse.BY_MEASURE,
    tags=("cost", "reliability"),
    kinds=(("apps", "Deployment"), ("apps", "DaemonSet"), ("argoproj.io", "Rollout")),
    options={"maxPercent": Option(50, "largest surge in percent of the replicas")},
)
