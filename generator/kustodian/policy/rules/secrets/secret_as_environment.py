"""Secret is passed to the process as an environment variable.

Why: Variables are inherited by every child process, end up in crash dumps and debug pages, and do not change
until the pod restarts; a mounted file has none of these problems.

Fix: Mount the Secret as a volume and point the program at the file (many read `<NAME>_FILE`), or fetch it
through the CSI driver.

Wrong:
    env:
      - name: DB_PASSWORD
        valueFrom:
          secretKeyRef: {name: database, key: password}

Right:
    volumeMounts:
      - {name: database, mountPath: /run/secrets/database, readOnly: true}

Notes: A reference is far better than a literal: this is the last step, not the first. Give programs that read
only the environment a waiver.

Source: CIS Kubernetes Benchmark v1.10, 5.4.1 "Prefer using Secrets as files over Secrets as environment
variables", https://www.cisecurity.org/benchmark/kubernetes
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.model.json_value import dig, mapping, mappings, text
from kustodian.model.measure import Exactly
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, PodRule, Worse

#: kustomize's content hash (kustomize/api/hasher).
_HASH = re.compile(r"-[2456789bcdfghkmt]{10}\Z")


def check(pod: PodTemplate, context: Context) -> Iterator[Violation]:
    """One violation for each variable, and each whole Secret, that becomes part of the environment."""
    for container in pod.containers:
        for index, entry in mappings(container.data.get("env")):
            if isinstance(dig(entry, ("valueFrom", "secretKeyRef")), dict):
                path = (*container.path, "env", index, "valueFrom", "secretKeyRef")
                name = text(entry.get("name"))
                secret = mapping(dig(entry, path[-2:]))
                message = f"{container} gets a secret as the environment variable {name}"
                measure = Exactly(f"{_stable(secret.get('name'))}/{secret.get('key')}")
                yield Violation(path, message, measure=measure)
        for index, entry in mappings(container.data.get("envFrom")):
            if isinstance(entry.get("secretRef"), dict):
                path = (*container.path, "envFrom", index, "secretRef")
                name = text(dig(entry, ("secretRef", "name")))
                message = f"{container} gets all of Secret {name} as environment variables"
                yield Violation(path, message, measure=Exactly(_stable(name)))


def _stable(name: object) -> str:
    """The name of a Secret without the content hash of kustomize."""
    return _HASH.sub("", text(name))


RULE = PodRule(
    id="secret-as-environment",
    topic="secrets",
    severity="-/I/W",
    check=check,
    doc=__doc__,
    worse=Worse.BY_MEASURE,
    tags=("cis", "security"),
)
