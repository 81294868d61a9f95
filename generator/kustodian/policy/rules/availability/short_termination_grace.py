"""Pod is killed before its preStop hook, or its last requests, are done.

Why: The kubelet kills the process after terminationGracePeriodSeconds, which includes the time of the
    preStop hook; requests still in progress are cut off.

Fix: Set `terminationGracePeriodSeconds` above the preStop time plus the longest request (for a model server
    60 s or more).

Wrong:
    terminationGracePeriodSeconds: 30
    # lifecycle: {preStop: {sleep: {seconds: 45}}}

Right:
    terminationGracePeriodSeconds: 120
    # lifecycle: {preStop: {sleep: {seconds: 15}}}

Options:
    drainSeconds: how long a model server needs to finish its requests; generating a long answer takes time.

Notes: The grace period defaults to 30 s. The preStop time is that of `sleep` (the hook, or the command in
    an exec hook). Model servers are known engines, and containers with a GPU and a port. In pods that a
    controller completes (KServe) only an explicit grace period is compared.

Source: Kubernetes documentation v1.34, "Pod Lifecycle",
    https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kustodian.kubernetes.pods.template import Container, PodTemplate
from kustodian.kubernetes.serving.model_servers import model_servers
from kustodian.model.json_value import dig, integer, sequence
from kustodian.model.measure import Amount
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, Option, PodRule, Worse

_DEFAULT_GRACE = 30
_SLEEP = re.compile(r"(?:^|[\s;&|/(])sleep\s+(\d+(?:\.\d+)?)([smh]?)(?![\w.])")
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600}


def check(pod: PodTemplate, context: Context) -> Iterator[Violation]:
    """One violation for a grace period that is too short for a preStop hook, or else for a model server."""
    written = integer(pod.spec.get("terminationGracePeriodSeconds"))
    grace = _DEFAULT_GRACE if written is None else written
    path = pod.path_of("terminationGracePeriodSeconds")
    if written is None and pod.partial:
        return
    for container in pod.containers:
        hook = _pre_stop_seconds(container)
        if hook and grace <= hook:
            message = f"{container} is killed after {grace} s, but its preStop hook alone takes {hook:g} s"
            yield Violation(path, message, measure=Amount(hook - grace, f"{grace} s of {hook:g} s"))
            return
    servers = model_servers(pod)
    drain = context.options["drainSeconds"]
    if servers and grace < drain:
        message = f"{servers[0]} serves a model and is killed after {grace} s; draining takes up to {drain} s"
        yield Violation(path, message, measure=Amount(drain - grace, f"{grace} s of {drain} s"))


def _pre_stop_seconds(container: Container) -> float:
    hook = dig(container.data, ("lifecycle", "preStop"))
    seconds = integer(dig(hook, ("sleep", "seconds")))
    if seconds is not None:
        return seconds
    command = " ".join(word for word in sequence(dig(hook, ("exec", "command"))) if isinstance(word, str))
    return sum(float(number) * _SECONDS[unit] for number, unit in _SLEEP.findall(command))


RULE = PodRule(
    id="short-termination-grace",
    topic="availability",
    severity="-/W/W",
    check=check,
    doc=__doc__,
    worse=Worse.BY_MEASURE,
    tags=("reliability", "ml"),
    options={"drainSeconds": Option(60, "seconds a model server needs to finish its requests")},
)
