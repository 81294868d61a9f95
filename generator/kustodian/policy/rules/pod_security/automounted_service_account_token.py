"""Pod mounts a service account token that it does not need.

Why: The token is a credential for the API server in a file that every process in the pod can read; if no role
is bound to the account, the token only helps an attacker.

Fix: Set `automountServiceAccountToken: false` in the pod spec, or on the ServiceAccount. `kustodian check
--fix` does it.

Wrong:
    spec:
      serviceAccountName: iris

Right:
    spec:
      serviceAccountName: iris
      automountServiceAccountToken: false

Notes: The pod's own field takes precedence over the ServiceAccount's. An account counts as used if it is
among the subjects of a RoleBinding or ClusterRoleBinding. The Vault agent injector, Argo Workflows and Spark
need the token themselves, so their pods are not reported.

Source: Kubernetes documentation, "Configure Service Accounts for Pods",
https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/#opt-out-of-api-credential-automounting
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.object_set import ObjectSet, namespace_of
from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.model.edit import set_field
from kustodian.model.json_value import JsonObject, mappings, text
from kustodian.model.manifest import Manifest
from kustodian.model.measure import Exactly
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, SetRule, Worse

_RBAC = "rbac.authorization.k8s.io"
#: Owners whose pods call the API server by design, or whose pod spec lacks the field.
_EXEMPT_OWNERS = {
    ("argoproj.io", "Workflow"), ("argoproj.io", "WorkflowTemplate"), ("argoproj.io", "CronWorkflow"),
    ("argoproj.io", "ClusterWorkflowTemplate"), ("sparkoperator.k8s.io", "SparkApplication"),
    ("sparkoperator.k8s.io", "ScheduledSparkApplication"), ("serving.kserve.io", "ServingRuntime"),
    ("serving.kserve.io", "ClusterServingRuntime"),
}  # fmt: skip


def check(objects: ObjectSet, context: Context) -> Iterator[Violation]:
    """One violation for each pod that mounts the token of an account that no binding mentions."""
    bindings = objects.of(_RBAC, "RoleBinding", "ClusterRoleBinding")
    for pod in objects.pods:
        if (pod.owner.group, pod.owner.kind) in _EXEMPT_OWNERS or _needs_token(pod):
            continue
        namespace, account = namespace_of(pod.owner), pod.service_account
        if not _mounts_token(pod, objects.find("", "ServiceAccount", namespace, account)):
            continue
        if any(_binds(binding, namespace, account) for binding in bindings):
            continue
        message = f'the pod mounts the token of service account "{account}", which no binding here mentions'
        path = pod.path_of("automountServiceAccountToken")
        yield Violation(
            path, message, manifest=pod.owner, edits=set_field(path, False), measure=Exactly(account)
        )


def _needs_token(pod: PodTemplate) -> bool:
    return pod.annotations.get("vault.hashicorp.com/agent-inject") == "true"


def _mounts_token(pod: PodTemplate, account: Manifest | None) -> bool:
    own = pod.spec.get("automountServiceAccountToken")
    if own is None and account is not None:
        own = account.data.get("automountServiceAccountToken")
    return own is not False


def _binds(binding: Manifest, namespace: str, account: str) -> bool:
    subjects = [subject for _, subject in mappings(binding.data.get("subjects"))]
    return any(_is_subject(subject, binding, namespace, account) for subject in subjects)


def _is_subject(subject: JsonObject, binding: Manifest, namespace: str, account: str) -> bool:
    kind, name = subject.get("kind"), text(subject.get("name"))
    if kind == "ServiceAccount":
        subject_namespace = text(subject.get("namespace")) or namespace_of(binding) or "default"
        return name == account and subject_namespace == namespace
    if kind == "User":
        return name == f"system:serviceaccount:{namespace}:{account}"
    return kind == "Group" and name in ("system:serviceaccounts", f"system:serviceaccounts:{namespace}")


RULE = SetRule(
    id="automounted-service-account-token",
    topic="pod security",
    severity="W/W/E",
    check=check,
    doc=__doc__,
    worse=Worse.BY_MEASURE,
    tags=("cis", "nsa", "security"),
)
