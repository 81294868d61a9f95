"""Role grants every verb, every resource or every API group with a wildcard.

Why: The role grows with every API that is ever installed in the cluster; nobody can say what it allows today.

Fix: List the API groups, resources and verbs that the application uses.

Wrong:
    rules:
      - {apiGroups: ["*"], resources: ["*"], verbs: ["*"]}

Right:
    rules:
      - {apiGroups: [""], resources: [configmaps], verbs: [get, list, watch]}

Notes: Each rule of a role gets one finding, at the wildcard that grants most. Subresource wildcards such as
`*/scale` and aggregated ClusterRoles are not reported, unless the aggregation selects every ClusterRole.

Source: CIS Kubernetes Benchmark v1.11, 5.1.3; Kubernetes documentation, "RBAC Good Practices",
https://kubernetes.io/docs/concepts/security/rbac-good-practices/
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.rbac import ROLE_KINDS, Grant, grants
from kustodian.kubernetes.selector import is_empty_selector
from kustodian.model.json_value import FieldPath, mapping, mappings
from kustodian.model.manifest import Manifest
from kustodian.model.measure import Measure, members, several
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, ObjectRule, Worse
from kustodian.policy.rules.rbac._violations import named_objects, verb_list


def check(manifest: Manifest, context: Context) -> Iterator[Violation]:
    """One violation for each rule with a wildcard in it, and for each selector of every ClusterRole."""
    del context
    aggregation = mapping(manifest.data.get("aggregationRule"))
    for index, selector in mappings(aggregation.get("clusterRoleSelectors")):
        if is_empty_selector(selector):
            message = f"{manifest.kind} {manifest.name} adds up every ClusterRole of the cluster"
            path: FieldPath = ("aggregationRule", "clusterRoleSelectors", index)
            yield Violation(path, message, measure=members(["every ClusterRole"]))
    for grant in grants(manifest):
        fields = {
            "resources": (grant.resources, "resource"),
            "verbs": (grant.verbs, "verb"),
            "apiGroups": (grant.groups, "API group"),
            "nonResourceURLs": (grant.urls, "URL"),
        }
        wild = [field for field, (values, _) in fields.items() if "*" in values]
        if wild:
            what = verb_list([f"every {fields[field][1]}" for field in wild])
            message = f"{manifest.kind} {manifest.name} grants {what}"
            yield Violation((*grant.path, wild[0]), message, measure=_measure(grant))


def _measure(grant: Grant) -> Measure:
    """Everything that the rule grants: a wildcard multiplies whatever stands beside it."""
    return several(
        verbs=members(grant.verbs),
        groups=members(name or "core" for name in grant.groups),
        resources=members(grant.resources),
        names=named_objects(grant),
        urls=members(grant.urls),
    )


RULE = ObjectRule(
    id="wildcard-role",
    topic="rbac",
    severity="W/E/E",
    check=check,
    kinds=ROLE_KINDS,
    doc=__doc__,
    worse=Worse.BY_MEASURE,
    tags=("cis", "security"),
)
