"""The workload's selector does not match the labels of its own pod template.

Why: The API server refuses the object ("selector does not match template labels").

Fix: Give the template the labels that `spec.selector` requires; in kustomize, `labels:` with
`includeTemplates: true` changes both.

Wrong:
    spec:
      selector: {matchLabels: {app: iris}}
      template:
        metadata: {labels: {app: iris-server}}

Right:
    spec:
      selector: {matchLabels: {app: iris}}
      template:
        metadata: {labels: {app: iris}}

Source: Kubernetes documentation, "Deployments",
https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#selector
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.pods.workload import pods_of
from kustodian.kubernetes.selector import is_empty_selector, labels_match, selector_matches
from kustodian.model.json_value import string_map
from kustodian.model.manifest import Manifest
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, ObjectRule, Worse

_KINDS = (
    ("apps", "Deployment"),
    ("apps", "StatefulSet"),
    ("apps", "DaemonSet"),
    ("apps", "ReplicaSet"),
    ("argoproj.io", "Rollout"),
    ("", "ReplicationController"),
)


def check(manifest: Manifest, context: Context) -> Iterator[Violation]:
    """One violation where the selector is empty or does not match."""
    del context
    selector, pods = manifest.spec.get("selector"), pods_of(manifest)
    if not isinstance(selector, dict) or not pods:
        return
    if manifest.kind == "ReplicationController":
        if not labels_match(string_map(selector), pods[0].labels):
            yield Violation(
                ("spec", "selector"), "the selector does not match the labels of the pod template"
            )
    elif is_empty_selector(selector):
        yield Violation(("spec", "selector"), "the selector is empty")
    elif not selector_matches(selector, pods[0].labels):
        yield Violation(("spec", "selector"), "the selector does not match the labels of the pod template")


RULE = ObjectRule(
    id="selector-mismatch",
    topic="references",
    severity="E/E/E",
    check=check,
    kinds=_KINDS,
    doc=__doc__,
    worse=Worse.NEVER,
    tags=("reliability",),
)
