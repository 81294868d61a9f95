"""Role lets service accounts create or change workloads.

Why: A pod may use any service account, Secret and volume of its namespace, so anyone who may create a pod has
access to all of them.

Fix: Leave workloads to Argo CD and drop the verbs; give a pipeline that must start Jobs its own namespace.

Wrong:
    rules:
      - {apiGroups: [apps], resources: [deployments], verbs: [get, create, patch]}

Right:
    rules:
      - {apiGroups: [apps], resources: [deployments], verbs: [get, list, watch]}

Notes: A role that the overlay binds only to human users and groups is not reported, because deploying is
their job. A role without a binding in the overlay is reported.

Source: CIS Kubernetes Benchmark v1.11, 5.1.4; Kubernetes documentation, "RBAC Good Practices",
https://kubernetes.io/docs/concepts/security/rbac-good-practices/#workload-creation
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.object_set import ObjectSet
from kustodian.kubernetes.rbac import GROUP, granted, is_for_people_only
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, SetRule, Worse
from kustodian.policy.rules.rbac._violations import role_violation, verb_list

_TEMPLATES = (
    "deployments", "statefulsets", "daemonsets", "replicasets", "replicationcontrollers", "jobs", "cronjobs",
    "rollouts",
)  # fmt: skip
#: Resources, and the verbs that can run new code with them; the containers of an existing pod hardly change.
_RUNNING_VERBS = ((("pods",), ("create",)), (_TEMPLATES, ("create", "update", "patch")))


def check(objects: ObjectSet, context: Context) -> Iterator[Violation]:
    """One violation for each rule of a role that allows creating or changing workloads."""
    del context
    for role in objects.of(GROUP, "Role", "ClusterRole"):
        matches = [
            (*match, resources)
            for resources, verbs in _RUNNING_VERBS
            for match in granted(role, ["", "apps", "batch", "argoproj.io"], resources, verbs)
        ]
        if not matches or is_for_people_only(role, objects):
            continue
        for grant, path, resource, allowed, resources in matches:
            if not grant.names:
                what = f"{verb_list(allowed)} {resource}"
                yield role_violation(role, path, what, grant, resources, allowed)


RULE = SetRule(
    id="role-creates-workloads",
    topic="rbac",
    severity="W/E/E",
    check=check,
    doc=__doc__,
    worse=Worse.BY_MEASURE,
    tags=("cis", "security"),
)
