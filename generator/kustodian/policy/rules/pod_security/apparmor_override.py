"""Pod or container turns off its AppArmor profile.

Why: The runtime's AppArmor profile keeps a container from mounting, tracing and writing where it must not;
without it, one bug in the container can reach the node.

Fix: Set `appArmorProfile.type` to RuntimeDefault or Localhost, or remove the field or annotation: the
runtime's profile is the default.

Wrong:
    securityContext:
      appArmorProfile:
        type: Unconfined

Right:
    securityContext:
      appArmorProfile:
        type: RuntimeDefault

Notes: The older annotation `container.apparmor.security.beta.kubernetes.io/<container>` is checked too; it
may be `runtime/default`, `localhost/<profile>` or empty.

Source: Pod Security Standards, Baseline, "AppArmor" (every version),
https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, PodRule, Worse
from kustodian.policy.rules.pod_security._standard import BASELINE, annotation_path, security_contexts

_ANNOTATION = "container.apparmor.security.beta.kubernetes.io/"
_ALLOWED = ("RuntimeDefault", "Localhost")


def check(pod: PodTemplate, context: Context) -> Iterator[Violation]:
    """One violation for each profile, in a field or an annotation, that is not allowed."""
    for who, path, security_context in security_contexts(pod):
        profile = security_context.get("appArmorProfile")
        if isinstance(profile, dict) and profile.get("type") not in _ALLOWED:
            kind = profile.get("type", "")
            yield Violation(
                (*path, "appArmorProfile", "type"), f"{who} has the AppArmor profile type `{kind}`"
            )
    for key, value in pod.annotations.items():
        if key.startswith(_ANNOTATION) and not _annotation_allowed(value):
            container = key.removeprefix(_ANNOTATION)
            message = f'container "{container}" has the AppArmor profile `{value}`, set by annotation'
            yield Violation(annotation_path(pod, key), message)


def _annotation_allowed(value: str) -> bool:
    return value in ("", "runtime/default") or value.startswith("localhost/")


RULE = PodRule(
    id="apparmor-override",
    topic="pod security",
    severity="E/E/E",
    check=check,
    doc=__doc__,
    worse=Worse.BY_MESSAGE,
    tags=BASELINE,
)
