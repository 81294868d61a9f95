"""Pod sets a kernel parameter that is not safe.

Why: A sysctl that is not namespaced changes the kernel for every pod on the node; the kubelet refuses the pod
unless the node allows it.

Fix: Remove the sysctl from the pod's `securityContext.sysctls`; settings that the node needs belong in the
node's own configuration.

Wrong:
    securityContext:
      sysctls:
        - name: kernel.msgmax
          value: "65536"

Right:
    securityContext:
      sysctls:
        - name: net.ipv4.ip_unprivileged_port_start
          value: "0"

Notes: The list of safe sysctls grew in Kubernetes 1.27, 1.29, 1.32 and 1.37.

Source: Pod Security Standards, Baseline, "Sysctls" (1.0 to 1.37),
https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.model.json_value import mappings
from kustodian.model.measure import Exactly
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, PodRule, Worse
from kustodian.policy.rules.pod_security._standard import BASELINE

#: The first Kubernetes version in which each sysctl is safe.
SAFE_SINCE: dict[str, tuple[int, int]] = {
    "kernel.shm_rmid_forced": (1, 0),
    "net.ipv4.ip_local_port_range": (1, 0),
    "net.ipv4.tcp_syncookies": (1, 0),
    "net.ipv4.ping_group_range": (1, 0),
    "net.ipv4.ip_unprivileged_port_start": (1, 0),
    "net.ipv4.ip_local_reserved_ports": (1, 27),
    "net.ipv4.tcp_keepalive_time": (1, 29),
    "net.ipv4.tcp_fin_timeout": (1, 29),
    "net.ipv4.tcp_keepalive_intvl": (1, 29),
    "net.ipv4.tcp_keepalive_probes": (1, 29),
    "net.ipv4.tcp_rmem": (1, 32),
    "net.ipv4.tcp_wmem": (1, 32),
    "net.ipv4.tcp_slow_start_after_idle": (1, 37),
    "net.ipv4.tcp_notsent_lowat": (1, 37),
}


def check(pod: PodTemplate, context: Context) -> Iterator[Violation]:
    """One violation for each sysctl that is not safe in the configured version."""
    base = (*pod.path_of("securityContext"), "sysctls")
    for index, sysctl in mappings(pod.security_context.get("sysctls")):
        name = sysctl.get("name")
        since = SAFE_SINCE.get(name) if isinstance(name, str) else None
        if since is None or since > context.version:
            measure = Exactly(f"{name}={sysctl.get('value')}")
            message = f"the pod sets the unsafe sysctl {name}"
            yield Violation((*base, index, "name"), message, measure=measure)


RULE = PodRule(
    id="unsafe-sysctls",
    topic="pod security",
    severity="E/E/E",
    check=check,
    doc=__doc__,
    worse=Worse.BY_MEASURE,
    tags=BASELINE,
)
