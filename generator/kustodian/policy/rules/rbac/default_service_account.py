"""The default service account is used: by a pod that gets its token, or by a binding.

Why: Every pod without an account of its own shares the default one, so a right given to it is given to all of
them.

Fix: Create a ServiceAccount for the workload and name it in `serviceAccountName`; set
`automountServiceAccountToken: false` where the API is not used.

Wrong:
    spec:
      containers: [...]  # no serviceAccountName

Right:
    spec:
      serviceAccountName: iris
      automountServiceAccountToken: false

Notes: A pod whose token is switched off (in the pod, or in the ServiceAccount `default` of its namespace)
uses no account. Pods that a controller completes are judged only by what they name.

Source: CIS Kubernetes Benchmark v1.11, 5.1.5; Kubernetes documentation, "Configure Service Accounts for
Pods", https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.object_set import ObjectSet, namespace_of
from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.kubernetes.rbac import GROUP, subjects
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, SetRule


def check(objects: ObjectSet, context: Context) -> Iterator[Violation]:
    """One violation for each pod template and each subject that uses a default account."""
    del context
    for pod in objects.pods:
        if pod.service_account == "default" and _gets_token(pod, objects):
            path = pod.path_of("serviceAccountName")
            text = (
                f"pods of {pod.owner.kind} {pod.owner.name} run as the default service account with its token"
            )
            yield Violation(path, text, pod.owner)
    for binding in objects.of(GROUP, "RoleBinding", "ClusterRoleBinding"):
        for index, subject in subjects(binding):
            if subject.get("kind") == "ServiceAccount" and subject.get("name") == "default":
                where = subject.get("namespace") or namespace_of(binding)
                text = f"the default service account of namespace {where} gets a role"
                yield Violation(("subjects", index, "name"), text, binding)


def _gets_token(pod: PodTemplate, objects: ObjectSet) -> bool:
    own = pod.spec.get("automountServiceAccountToken")
    named = pod.spec.get("serviceAccountName") or pod.spec.get("serviceAccount")
    if own is not None or (pod.partial and not named):
        return own is True
    account = objects.find("", "ServiceAccount", namespace_of(pod.owner), "default")
    return account is None or account.data.get("automountServiceAccountToken") is not False


RULE = SetRule(
    id="default-service-account",
    topic="rbac",
    severity="W/E/E",
    check=check,
    doc=__doc__,
    tags=("cis", "security"),
)
