"""Container keeps capabilities that the Restricted level forbids.

Why: The default set lets a process change owners, bypass file permissions and forge packets; a model server
listens on a high port and needs none of this.

Fix: Set `capabilities: {drop: [ALL]}` in the securityContext of each container and add nothing but
NET_BIND_SERVICE. `kustodian check --fix` does it.

Wrong:
    securityContext:
      capabilities:
        drop: [NET_RAW]

Right:
    securityContext:
      capabilities:
        drop: [ALL]

Notes: `added-capabilities` reports capabilities outside the default set. Pods with `os: {name: windows}` are
exempt because they may not set the field.

Source: Pod Security Standards, Restricted, "Capabilities" (1.22; Windows exempt from 1.25),
https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.model.edit import set_field
from kustodian.model.json_value import FieldPath, mapping, sequence
from kustodian.model.measure import members
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, PodRule, Worse
from kustodian.policy.rules.pod_security._standard import RESTRICTED, runtime_sets_context
from kustodian.policy.rules.pod_security.added_capabilities import ALLOWED as ALLOWED_BY_BASELINE

#: What runtimes grant by default (containerd and CRI-O differ in the last one).
_DEFAULTS = ALLOWED_BY_BASELINE | {"NET_RAW"}


def check(pod: PodTemplate, context: Context) -> Iterator[Violation]:
    """One violation for each container that does not drop ALL, and for each default capability it adds."""
    if pod.is_windows:
        return
    for container in pod.containers:
        capabilities = mapping(container.security_context.get("capabilities"))
        path: FieldPath = (*container.path, "securityContext", "capabilities")
        dropped_by_runtime = runtime_sets_context(container) and capabilities.get("drop") is None
        if "ALL" not in sequence(capabilities.get("drop")) and not dropped_by_runtime:
            drop = (*path, "drop")
            message = f"{container} does not drop ALL capabilities"
            kept = _DEFAULTS.difference(map(str, sequence(capabilities.get("drop"))))
            yield Violation(drop, message, edits=set_field(drop, ["ALL"]), measure=members(kept))
        for index, capability in enumerate(sequence(capabilities.get("add"))):
            if isinstance(capability, str) and capability in ALLOWED_BY_BASELINE - {"NET_BIND_SERVICE"}:
                message = f"{container} adds the capability {capability}"
                yield Violation((*path, "add", index), message, measure=members([capability]))


RULE = PodRule(
    id="capabilities-not-dropped",
    topic="pod security",
    severity="W/E/E",
    check=check,
    doc=__doc__,
    worse=Worse.BY_MEASURE,
    tags=RESTRICTED,
)
