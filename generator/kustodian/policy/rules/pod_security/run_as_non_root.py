"""Container is not required to run as a user other than root.

Why: Root in a container is root on the node as soon as it breaks out; `runAsNonRoot` makes the kubelet refuse
an image that would start as root.

Fix: Set `runAsNonRoot: true` in the pod's securityContext, and also `runAsUser` if the image specifies its
user only by name.

Wrong:
    spec:
      containers:
        - name: server

Right:
    spec:
      securityContext:
        runAsNonRoot: true
        runAsUser: 10001
      containers:
        - name: server

Notes: A container inherits the pod's value; `false` is reported in either place. Windows pods need the field
too. From Kubernetes 1.35, pods with `hostUsers: false` do not.

Source: Pod Security Standards, Restricted, "Running as Non-root" (1.0, relaxed in 1.35),
https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.pods.template import Container, PodTemplate
from kustodian.model.measure import Amount
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, PodRule, Worse
from kustodian.policy.rules.pod_security._standard import (
    RESTRICTED,
    container_list,
    has_no_pod_context,
    relaxed_for_user_namespace,
    runtime_sets_context,
)


def check(pod: PodTemplate, context: Context) -> Iterator[Violation]:
    """One violation for each `runAsNonRoot: false`, and for the pod or container that lacks it."""
    if relaxed_for_user_namespace(pod, context):
        return
    pod_value = pod.security_context.get("runAsNonRoot")
    pod_path = pod.path_of("securityContext", "runAsNonRoot")
    if pod_value is False:
        message = "the pod sets runAsNonRoot to false"
        yield Violation(pod_path, message, measure=Amount(len(pod.containers)))
    unset: list[Container] = []
    for container in pod.containers:
        value = container.security_context.get("runAsNonRoot")
        if value is False:
            path = (*container.path, "securityContext", "runAsNonRoot")
            message = f"{container} sets runAsNonRoot to false"
            yield Violation(path, message, measure=Amount(1))
        elif value is None and pod_value is None and not runtime_sets_context(container):
            unset.append(container)
    if unset and len(unset) == len(pod.containers) and not has_no_pod_context(pod):
        message = f"neither the pod nor {container_list(unset)} sets runAsNonRoot"
        yield Violation(pod_path, message, measure=Amount(len(unset)))
        return
    for container in unset:
        path = (*container.path, "securityContext", "runAsNonRoot")
        message = f"neither the pod nor {container} sets runAsNonRoot"
        yield Violation(path, message, measure=Amount(1))


RULE = PodRule(
    id="run-as-non-root",
    topic="pod security",
    severity="W/E/E",
    check=check,
    doc=__doc__,
    worse=Worse.BY_MEASURE,
    tags=RESTRICTED,
)
