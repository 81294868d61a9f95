"""Container has no CPU limit, which the repository's policy requires.

Why: Where teams share nodes under hard CPU quotas, a container without a limit takes all idle cores and the
    capacity that its neighbours need for bursts.

Fix: Set `resources.limits.cpu` on the container, or set `cpuLimits` in kustodian.yaml to `ignore` or
    `forbid`.

Wrong:
    resources:
      limits:
        memory: 2Gi

Right:
    resources:
      limits:
        cpu: "2"
        memory: 2Gi

Options:
    policy: comes from the key `cpuLimits` of kustodian.yaml. `require` turns this rule on; `ignore` is
        the default.

Notes: CPU limits throttle even when the node is idle, so the default policy neither requires nor forbids
    them.

Source: Kubernetes documentation v1.34, "Assign CPU Resources to Containers and Pods",
    https://kubernetes.io/docs/tasks/configure-pod-container/assign-cpu-resource/#if-you-do-not-specify-a-cpu-limit
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, Option, PodRule, Worse
from kustodian.policy.rules.resources._missing import missing


def check(pod: PodTemplate, context: Context) -> Iterator[Violation]:
    """One violation for each container without a CPU limit, if the policy requires limits."""
    if context.options["policy"] == "require":
        yield from missing(pod, context, "limits", "cpu")


RULE = PodRule(
    id="missing-cpu-limit",
    topic="resources",
    severity="W/E/E",
    check=check,
    doc=__doc__,
    worse=Worse.NEVER,
    tags=("cost", "reliability"),
    options={
        "policy": Option(
            "ignore", "require, forbid or ignore CPU limits (key cpuLimits)", ("require", "forbid", "ignore")
        ),
    },
)
