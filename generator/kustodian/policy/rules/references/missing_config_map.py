"""Pod needs a ConfigMap, or a key of one, that does not exist.

Why: The container stays in CreateContainerConfigError, or the pod in ContainerCreating, until someone
notices.

Fix: Add the ConfigMap to the overlay (`configMapGenerator`), correct the name or key, or mark the reference
`optional: true`.

Wrong:
    envFrom:
      - configMapRef: {name: iris-settings}  # does not exist

Right:
    # kustomization.yaml
    configMapGenerator:
      - name: iris-settings
        literals: [LOG_LEVEL=info]

Notes: Names are compared as rendered, with prefixes and hash suffixes. ConfigMaps that Kubernetes,
trust-manager or an operator of the overlay creates count as existing.

Source: Kubernetes documentation, "ConfigMaps", https://kubernetes.io/docs/concepts/configuration/configmap/
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.object_set import ObjectSet
from kustodian.kubernetes.pod_references import pod_references
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, SetRule, Worse
from kustodian.policy.rules.references._missing import missing
from kustodian.policy.rules.references._producers import config_map_exists, keys_of_config_map


def check(objects: ObjectSet, context: Context) -> Iterator[Violation]:
    """One violation for each reference to a ConfigMap or key that nothing provides."""
    del context
    references = pod_references(objects, "ConfigMap")
    return missing("ConfigMap", references, config_map_exists, keys_of_config_map, objects)


RULE = SetRule(
    id="missing-config-map",
    topic="references",
    severity="W/E/E",
    check=check,
    doc=__doc__,
    worse=Worse.BY_MEASURE,
    tags=("reliability",),
)
