"""ConfigMap holds a credential.

Why: A ConfigMap is not encrypted at rest, is readable by nearly everyone who may read the namespace, and this
one's value is in git as well.

Fix: Take the value out of the ConfigMap (or `configMapGenerator`) and into a Secret that an ExternalSecret or
SealedSecret makes; render files that need it with the store's templates. Then revoke the old credential.

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

Notes: Files in a ConfigMap are read line by line: properties, YAML, JSON, shell and program code. In code
only quoted texts count, and comments do not.

Source: Kubernetes documentation, "ConfigMaps", https://kubernetes.io/docs/concepts/configuration/configmap/
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from functools import lru_cache

from kustodian.model.json_value import string_map
from kustodian.model.manifest import Manifest
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, ObjectRule
from kustodian.policy.rules.secrets._detector import credential
from kustodian.policy.rules.secrets._files import in_file


def check(manifest: Manifest, context: Context) -> Iterator[Violation]:
    """One violation for each key whose value is a credential or a file with one."""
    for key, value in string_map(manifest.data.get("data")).items():
        message = _found(key, value)
        if message:
            yield Violation(("data", key), f"ConfigMap {manifest.name} has {message}")
    for key, value in string_map(manifest.data.get("binaryData")).items():
        message = _found(key, _decoded(value))
        if message:
            yield Violation(("binaryData", key), f"ConfigMap {manifest.name} has {message}")


@lru_cache(maxsize=256)
def _found(key: str, value: str) -> str | None:
    """What the value of a key holds; for a file also the line. Overlays of one base have the same files."""
    one_line = "\n" not in value.strip()
    # The key of a file says nothing of what one line in it is.
    if one_line and "." not in key and (found := credential(key, value.strip())):
        return f"{found}: {key}"
    finds = list(in_file(key, value))
    if not finds:
        return None
    line, what = finds[0]
    more = f" and {len(finds) - 1} more" if len(finds) > 1 else ""
    where = key if one_line else f"line {line} of {key}"
    return f"{what}{more}: {where}"


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
    tags=("security",),
)
