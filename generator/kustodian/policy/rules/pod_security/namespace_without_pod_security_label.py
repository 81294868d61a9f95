"""Namespace does not enforce a Pod Security Standard.

Why: Without the label, the API server admits any pod into the namespace, even a privileged one, no matter
what this repository checks.

Fix: Add the label `pod-security.kubernetes.io/enforce: restricted` (or baseline) to the Namespace, ideally
together with the audit, warn and version labels. `kustodian check --fix` does it.

Wrong:
    kind: Namespace
    metadata:
      name: iris-prod

Right:
    kind: Namespace
    metadata:
      name: iris-prod
      labels:
        pod-security.kubernetes.io/enforce: restricted
        pod-security.kubernetes.io/enforce-version: v1.34
        pod-security.kubernetes.io/warn: restricted
        pod-security.kubernetes.io/audit: restricted

Options:
    minimumLevel: the weakest level that may be enforced.
    requireVersion: also demand a pinned enforce-version.
    requireAuditAndWarn: also demand the audit and warn labels.

Notes: A label whose value the API server does not know is reported as well. A namespace for GPU drivers has
to be privileged: give it a waiver that says so.

Source: Kubernetes documentation, "Pod Security Admission",
https://kubernetes.io/docs/concepts/security/pod-security-admission/#pod-security-admission-labels-for-namespaces
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kustodian.model.edit import set_field
from kustodian.model.manifest import Manifest
from kustodian.model.measure import Ranked
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, ObjectRule, Option, Worse

_PREFIX = "pod-security.kubernetes.io/"
LEVELS = ("privileged", "baseline", "restricted")
_VERSION = re.compile(r"latest|v1\.(0|[1-9]\d*)")


def check(namespace: Manifest, context: Context) -> Iterator[Violation]:
    """One violation for each label that is missing, too weak or invalid."""
    labels = namespace.labels
    minimum = context.options["minimumLevel"]
    for mode in ("enforce", "audit", "warn"):
        level, version = labels.get(_PREFIX + mode), labels.get(f"{_PREFIX}{mode}-version")
        if level is not None and level not in LEVELS:
            message = f"`{level}` is not a Pod Security level: {mode}"
            yield _violation(mode, message, level="privileged")
        elif version is not None and not _VERSION.fullmatch(version):
            message = f"`{version}` is not a policy version: {mode}-version"
            yield _violation(f"{mode}-version", message)
        elif mode == "enforce" and level is None:
            others = [name for name in ("audit", "warn") if _PREFIX + name in labels]
            only = f"; it only has {' and '.join(others)}" if others else ""
            message = f"namespace {namespace.name} enforces no Pod Security Standard{only}"
            yield _violation(mode, message, minimum, "privileged")
        elif mode == "enforce" and level and LEVELS.index(level) < LEVELS.index(minimum):
            message = f"namespace {namespace.name} enforces only the level {level}"
            yield _violation(mode, message, level=level)
        elif mode == "enforce" and context.options["requireVersion"] and version in (None, "latest"):
            message = f"namespace {namespace.name} does not pin the policy version"
            yield _violation("enforce-version", message, f"v{context.version[0]}.{context.version[1]}")
        elif level is None and context.options["requireAuditAndWarn"]:
            message = f"namespace {namespace.name} lacks the label for {mode}"
            yield _violation(mode, message, labels.get(f"{_PREFIX}enforce", minimum))


def _violation(label: str, message: str, value: str | None = None, level: str = "") -> Violation:
    """A violation at a label; `level` is the one that holds, where the finding is about the level."""
    path = ("metadata", "labels", _PREFIX + label)
    measure = Ranked(level, tuple(reversed(LEVELS)))
    return Violation(path, message, edits=set_field(path, value) if value else (), measure=measure)


RULE = ObjectRule(
    id="namespace-without-pod-security-label",
    topic="pod security",
    severity="W/E/E",
    check=check,
    kinds=(("", "Namespace"),),
    doc=__doc__,
    worse=Worse.BY_MEASURE,
    tags=("cis", "security"),
    options={
        "minimumLevel": Option("baseline", "the weakest level that may be enforced", choices=LEVELS),
        "requireVersion": Option(False, "also demand a pinned enforce-version"),
        "requireAuditAndWarn": Option(False, "also demand the audit and warn labels"),
    },
)
