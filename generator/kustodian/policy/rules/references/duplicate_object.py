"""The same object is defined twice.

Why: The later definition overwrites the earlier one at every apply, in an order that nobody chose.

Fix: Delete one of them, or give it another name or namespace.

Wrong:
    kind: ConfigMap
    metadata: {name: settings}
    ---
    kind: ConfigMap
    metadata: {name: settings}

Right:
    kind: ConfigMap
    metadata: {name: settings}
    ---
    kind: ConfigMap
    metadata: {name: more-settings}

Notes: Two API versions of the same group and kind are the same object. Objects with `generateName` are always
different.

Source: Kubernetes documentation, "Object Names and IDs",
https://kubernetes.io/docs/concepts/overview/working-with-objects/names/
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.object_set import ObjectSet, namespace_of
from kustodian.model.json_value import text
from kustodian.model.manifest import Manifest
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, SetRule, Worse


def check(objects: ObjectSet, context: Context) -> Iterator[Violation]:
    """One violation for each object with the same identity as an earlier one."""
    seen: dict[tuple[str, str, str, str], Manifest] = {}
    for manifest in objects:
        name = text(manifest.metadata.get("name"))
        if not name:
            continue
        namespace = namespace_of(manifest)
        schemas = context.schemas
        if schemas is not None and not schemas.is_namespaced(manifest.api_version, manifest.kind):
            namespace = ""
        key = (manifest.group, manifest.kind, namespace, name)
        first = seen.setdefault(key, manifest)
        if first is not manifest:
            where = f" in {first.provenance.file}" if first.provenance.file else ""
            message = f"{manifest.kind} {name} is already defined{where}"
            yield Violation(("metadata", "name"), message, manifest)


RULE = SetRule(
    id="duplicate-object",
    topic="references",
    severity="E/E/E",
    check=check,
    doc=__doc__,
    worse=Worse.NEVER,
    tags=("reliability",),
)
