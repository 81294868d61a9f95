"""Container has a CPU limit, which the repository's policy forbids.

Why: The kernel throttles a container at its limit even on an idle node, which shows up as latency of the
    model server.

Fix: Remove `limits.cpu` from the container and keep its request, or set `cpuLimits` in kustodian.yaml to
    `ignore`.

Wrong:
    resources:
      requests: {cpu: "1", memory: 2Gi}
      limits: {cpu: "1", memory: 2Gi}

Right:
    resources:
      requests: {cpu: "1", memory: 2Gi}
      limits: {memory: 2Gi}

Options:
    policy: comes from the key `cpuLimits` of kustodian.yaml. `forbid` turns this rule on; `ignore` is
        the default.

Notes: Init containers are skipped: they do not serve requests, and a limit keeps their bursts away from other
    containers. A CPU limit for the whole pod (`spec.resources`, Kubernetes 1.34) is reported too.

Source: Kubernetes documentation v1.34, "Resource Management for Pods and Containers",
    https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/#how-pods-with-resource-limits-are-run
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.pod_resources import POD_LEVEL_SINCE
from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.model.json_value import dig
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, Option, PodRule, Worse


def check(pod: PodTemplate, context: Context) -> Iterator[Violation]:
    """One violation for each CPU limit of a long-running container, if the policy forbids limits."""
    if context.options["policy"] != "forbid":
        return
    whole = dig(pod.spec, ("resources", "limits", "cpu"))
    if whole is not None and context.version >= POD_LEVEL_SINCE:
        yield Violation(pod.path_of("resources", "limits", "cpu"), f"the pod has a CPU limit of {whole}")
    for container in pod.containers:
        limit = container.limits.get("cpu")
        if limit is not None and container.long_running:
            path = (*container.path, "resources", "limits", "cpu")
            yield Violation(path, f"{container} has a CPU limit of {limit}")


RULE = PodRule(
    id="cpu-limit-set",
    topic="resources",
    severity="W/E/E",
    check=check,
    doc=__doc__,
    worse=Worse.NEVER,
    tags=("reliability", "performance"),
    options={
        "policy": Option(
            "ignore", "require, forbid or ignore CPU limits (key cpuLimits)", ("require", "forbid", "ignore")
        ),
    },
)
