"""Pod shares the network, process or IPC namespace of the node.

Why: In the node's namespaces, a container can see and reach what belongs to the node and to other pods: their
traffic, processes and shared memory.

Fix: Remove `hostNetwork`, `hostPID` and `hostIPC` from the pod spec. Processes that share memory need an
emptyDir with `medium: Memory` at /dev/shm, not `hostIPC`.

Wrong:
    spec:
      hostIPC: true

Right:
    spec:
      volumes:
        - name: shm
          emptyDir: {medium: Memory, sizeLimit: 2Gi}

Source: Pod Security Standards, Baseline, "Host Namespaces" (every version),
https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, PodRule, Worse
from kustodian.policy.rules.pod_security._standard import BASELINE

_FIELDS = {"hostNetwork": "network", "hostPID": "process", "hostIPC": "IPC"}


def check(pod: PodTemplate, context: Context) -> Iterator[Violation]:
    """One violation for each host namespace that the pod joins."""
    for field, namespace in _FIELDS.items():
        if pod.spec.get(field) is True:
            yield Violation(pod.path_of(field), f"the pod joins the node's {namespace} namespace: {field}")


RULE = PodRule(
    id="host-namespaces",
    topic="pod security",
    severity="E/E/E",
    check=check,
    doc=__doc__,
    worse=Worse.NEVER,
    tags=BASELINE,
)
