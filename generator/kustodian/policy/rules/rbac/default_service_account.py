"""A pod uses the default service account with its token, or a binding grants that account a role.

Why: Every pod without an account of its own shares the default one, so a right granted to it is granted to
all of them.

Fix: Create a ServiceAccount for the workload and name it in `serviceAccountName`; set
`automountServiceAccountToken: false` if the workload does not use the API.

Wrong:
    spec:
      containers: [...]  # no serviceAccountName

Right:
    spec:
      serviceAccountName: iris
      automountServiceAccountToken: false

Notes: A pod is not reported if its token is turned off, in the pod or in the ServiceAccount `default` of its
namespace. A pod that a controller completes is reported only if it names the account or mounts the token
explicitly.

Source: CIS Kubernetes Benchmark v1.11, 5.1.5; Kubernetes documentation, "Configure Service Accounts for
Pods", https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.object_set import ObjectSet, namespace_of
from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.kubernetes.rbac import GROUP, subjects
from kustodian.model.measure import Exactly, several
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, SetRule, Worse
from kustodian.policy.rules.rbac._violations import role_measure


def check(objects: ObjectSet, context: Context) -> Iterator[Violation]:
    """One violation for each pod template and each subject that uses a default account."""
    del context
    for pod in objects.pods:
        if pod.service_account == "default" and _gets_token(pod, objects):
            path = pod.path_of("serviceAccountName")
            message = (
                f"pods of {pod.owner.kind} {pod.owner.name} run as the default service account with its token"
            )
            yield Violation(path, message, pod.owner, measure=Exactly("default"))
    for binding in objects.of(GROUP, "RoleBinding", "ClusterRoleBinding"):
        for index, subject in subjects(binding):
            if subject.get("kind") == "ServiceAccount" and subject.get("name") == "default":
                where = subject.get("namespace") or namespace_of(binding)
                message = f"the default service account of namespace {where} gets a role"
                measure = several(namespace=Exactly(str(where)), role=role_measure(binding))
                yield Violation(("subjects", index, "name"), message, binding, measure=measure)


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
    worse=Worse.BY_MEASURE,
    tags=("cis", "security"),
)
