"""Pod or container sets an SELinux type, user or role that is not allowed.

Why: SELinux's container types isolate containers from each other and from the node; another type, user or
role breaks that isolation.

Fix: Remove `user` and `role` from `seLinuxOptions`, and either remove `type` or set it to one of the
container types.

Wrong:
    securityContext:
      seLinuxOptions:
        type: spc_t

Right:
    securityContext:
      seLinuxOptions:
        type: container_t

Notes: The allowed types are container_t, container_init_t and container_kvm_t, and from Kubernetes 1.31 also
container_engine_t. `level` may have any value.

Source: Pod Security Standards, Baseline, "SELinux" (1.0, widened in 1.31),
https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.model.json_value import mapping
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, PodRule, Worse
from kustodian.policy.rules.pod_security._standard import BASELINE, security_contexts

_TYPES = ("", "container_t", "container_init_t", "container_kvm_t")
_TYPES_SINCE_1_31 = (*_TYPES, "container_engine_t")


def allowed_types(version: tuple[int, int]) -> tuple[str, ...]:
    """The types that a container may have in a Kubernetes version; "" means not set."""
    return _TYPES_SINCE_1_31 if version >= (1, 31) else _TYPES


def check(pod: PodTemplate, context: Context) -> Iterator[Violation]:
    """One violation for each of type, user and role that is not allowed."""
    types = allowed_types(context.version)
    for who, path, security_context in security_contexts(pod):
        options = mapping(security_context.get("seLinuxOptions"))
        for field in ("type", "user", "role"):
            value = options.get(field)
            allowed = value is None or value in (types if field == "type" else ("",))
            if not allowed:
                yield Violation((*path, "seLinuxOptions", field), f"{who} sets the SELinux {field} {value}")


RULE = PodRule(
    id="selinux-options",
    topic="pod security",
    severity="E/E/E",
    check=check,
    doc=__doc__,
    worse=Worse.BY_MESSAGE,
    tags=BASELINE,
)
