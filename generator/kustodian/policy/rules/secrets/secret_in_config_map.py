"""ConfigMap contains a credential.

Why: A ConfigMap is not encrypted at rest and is readable by nearly everyone who may read the namespace, and
its contents are in git as well.

Fix: Move the value from the ConfigMap (or `configMapGenerator`) into a Secret that an ExternalSecret or
SealedSecret creates; render files that need it with the store's templates. Then revoke the old credential.

Wrong:
    kind: ConfigMap
    data:
      application.properties: |
        spring.datasource.password=hunter2

Right:
    kind: ConfigMap
    data:
      application.properties: |
        spring.datasource.password=${DB_PASSWORD}

Notes: Files in a ConfigMap are read line by line: properties, YAML, JSON, shell and program code. In code,
only quoted text counts; comments are ignored.

Source: Kubernetes documentation, "ConfigMaps", https://kubernetes.io/docs/concepts/configuration/configmap/
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from functools import lru_cache

from kustodian.model.json_value import string_map
from kustodian.model.manifest import Manifest
from kustodian.model.measure import Measure, hidden
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, ObjectRule, Worse
from kustodian.policy.rules.secrets._detector import credential
from kustodian.policy.rules.secrets._files import credentials_in_file
from kustodian.policy.rules.secrets._measures import credentials_of_file


def check(manifest: Manifest, context: Context) -> Iterator[Violation]:
    """One violation for each key whose value is a credential or a file with one."""
    for key, value in string_map(manifest.data.get("data")).items():
        found = _credential_in(key, value)
        if found:
            message = f"ConfigMap {manifest.name} has {found[0]}"
            yield Violation(("data", key), message, measure=found[1])
    for key, value in string_map(manifest.data.get("binaryData")).items():
        found = _credential_in(key, _decoded(value))
        if found:
            message = f"ConfigMap {manifest.name} has {found[0]}"
            yield Violation(("binaryData", key), message, measure=found[1])


@lru_cache(maxsize=256)
def _credential_in(key: str, value: str) -> tuple[str, Measure] | None:
    """What credential a key holds and where, and the measure of all that it holds.

    Cached because overlays share the files of their base.
    """
    one_line = "\n" not in value.strip()
    # The name of a file says nothing about the one line in it.
    if one_line and "." not in key and (description := credential(key, value.strip())):
        return f"{description}: {key}", hidden(value.strip())
    credentials = list(credentials_in_file(key, value))
    if not credentials:
        return None
    line, what = credentials[0]
    more = f" and {len(credentials) - 1} more" if len(credentials) > 1 else ""
    where = key if one_line else f"line {line} of {key}"
    return f"{what}{more}: {where}", credentials_of_file(key, value)


def _decoded(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return ""


RULE = ObjectRule(
    id="secret-in-config-map",
    topic="secrets",
    severity="E/E/E",
    check=check,
    kinds=(("", "ConfigMap"),),
    doc=__doc__,
    worse=Worse.BY_MEASURE,
    tags=("security",),
)
