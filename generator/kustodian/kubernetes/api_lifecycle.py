"""When each API version of Kubernetes was deprecated and removed, and what replaces it.

Sources: the lifecycle methods of k8s.io/api (`APILifecycleDeprecated`, `APILifecycleRemoved`) in v0.21 to
v0.37; the Kubernetes "Deprecated API Migration Guide",
https://kubernetes.io/docs/reference/using-api/deprecation-guide/ (for 1.16 and groups outside k8s.io/api);
and, for alpha and beta versions that went earlier than announced, the published OpenAPI documents of 1.25 to
1.37. `removed` is the first version without the API.
"""

from __future__ import annotations

from typing import NamedTuple

Version = tuple[int, int]
#: What a cluster is assumed to run where the configuration does not say.
DEFAULT_KUBERNETES_VERSION = "1.34"
#: The first Pod Security version that lets pods in a user namespace run as root and see an unmasked /proc.
USER_NAMESPACES_SINCE: Version = (1, 35)


class ApiLifecycle(NamedTuple):
    """When a kind in an API version was deprecated and removed; `removed` is None if no removal is planned.

    `replacement` is an API version of the same kind ("batch/v1"), or a phrase that names something else.
    """

    deprecated: Version
    removed: Version | None
    replacement: str


def lifecycle_of(api_version: str, kind: str) -> ApiLifecycle | None:
    """The lifecycle of a kind in an API version; None if it is neither deprecated nor removed."""
    return _LIFECYCLES.get((api_version, kind)) or _LIFECYCLES.get((api_version, "*"))


def version_text(version: Version) -> str:
    """A version as text: "1.22" for (1, 22)."""
    return f"{version[0]}.{version[1]}"


_PSP = "the Pod Security Standards: `pod-security.kubernetes.io/enforce` labels on the namespace"

#: API version, kinds, deprecated in 1.x, removed in 1.y (0: no removal planned), replacement.
_TABLE: tuple[tuple[str, str, int, int, str], ...] = (
    # Removed in 1.16
    ("extensions/v1beta1", "NetworkPolicy", 9, 16, "networking.k8s.io/v1"),
    ("extensions/v1beta1", "DaemonSet Deployment ReplicaSet", 8, 16, "apps/v1"),
    ("extensions/v1beta1", "PodSecurityPolicy", 11, 16, _PSP),
    ("apps/v1beta1", "ControllerRevision Deployment StatefulSet", 8, 16, "apps/v1"),
    ("apps/v1beta1", "ReplicaSet", 8, 16, "apps/v1"),
    ("apps/v1beta2", "ControllerRevision DaemonSet Deployment ReplicaSet StatefulSet", 9, 16, "apps/v1"),
    # Removed in 1.19 to 1.21
    ("auditregistration.k8s.io/v1alpha1", "AuditSink", 18, 19, "an audit policy file of the API server"),
    ("settings.k8s.io/v1alpha1", "PodPreset", 18, 20, "a mutating admission policy or webhook"),
    ("batch/v2alpha1", "CronJob", 8, 21, "batch/v1"),
    ("flowcontrol.apiserver.k8s.io/v1alpha1", "FlowSchema PriorityLevelConfiguration", 20, 21,
     "flowcontrol.apiserver.k8s.io/v1"),
    # Removed in 1.22
    ("admissionregistration.k8s.io/v1beta1", "MutatingWebhookConfiguration ValidatingWebhookConfiguration",
     16, 22, "admissionregistration.k8s.io/v1"),
    ("apiextensions.k8s.io/v1beta1", "CustomResourceDefinition", 16, 22, "apiextensions.k8s.io/v1"),
    ("apiregistration.k8s.io/v1beta1", "APIService", 19, 22, "apiregistration.k8s.io/v1"),
    ("authentication.k8s.io/v1beta1", "TokenReview", 19, 22, "authentication.k8s.io/v1"),
    ("authorization.k8s.io/v1beta1", "LocalSubjectAccessReview SelfSubjectAccessReview "
     "SelfSubjectRulesReview SubjectAccessReview", 19, 22, "authorization.k8s.io/v1"),
    ("certificates.k8s.io/v1beta1", "CertificateSigningRequest", 19, 22, "certificates.k8s.io/v1"),
    ("coordination.k8s.io/v1beta1", "Lease", 19, 22, "coordination.k8s.io/v1"),
    ("extensions/v1beta1", "Ingress", 14, 22, "networking.k8s.io/v1"),
    ("networking.k8s.io/v1beta1", "Ingress IngressClass", 19, 22, "networking.k8s.io/v1"),
    ("rbac.authorization.k8s.io/v1alpha1", "ClusterRole ClusterRoleBinding Role RoleBinding", 17, 22,
     "rbac.authorization.k8s.io/v1"),
    ("rbac.authorization.k8s.io/v1beta1", "ClusterRole ClusterRoleBinding Role RoleBinding", 17, 22,
     "rbac.authorization.k8s.io/v1"),
    ("scheduling.k8s.io/v1alpha1", "PriorityClass", 14, 22, "scheduling.k8s.io/v1"),
    ("scheduling.k8s.io/v1beta1", "PriorityClass", 14, 22, "scheduling.k8s.io/v1"),
    ("storage.k8s.io/v1beta1", "CSIDriver StorageClass VolumeAttachment", 19, 22, "storage.k8s.io/v1"),
    ("storage.k8s.io/v1beta1", "CSINode", 17, 22, "storage.k8s.io/v1"),
    # Removed in 1.24 and 1.25
    ("node.k8s.io/v1alpha1", "RuntimeClass", 20, 24, "node.k8s.io/v1"),
    ("storage.k8s.io/v1alpha1", "CSIStorageCapacity VolumeAttachment", 21, 24, "storage.k8s.io/v1"),
    ("autoscaling/v2beta1", "HorizontalPodAutoscaler", 22, 25,
     "autoscaling/v2 (`targetAverageUtilization: 80` becomes a `target` of type Utilization)"),
    ("batch/v1beta1", "CronJob", 21, 25, "batch/v1"),
    ("discovery.k8s.io/v1beta1", "EndpointSlice", 21, 25, "discovery.k8s.io/v1"),
    ("events.k8s.io/v1beta1", "Event", 22, 25, "events.k8s.io/v1"),
    ("node.k8s.io/v1beta1", "RuntimeClass", 22, 25, "node.k8s.io/v1"),
    ("policy/v1beta1", "PodDisruptionBudget", 21, 25,
     "policy/v1 (an empty selector `{}` then selects every pod of the namespace)"),
    ("policy/v1beta1", "PodSecurityPolicy", 21, 25, _PSP),
    # Removed in 1.26 to 1.32
    ("autoscaling/v2beta2", "HorizontalPodAutoscaler", 23, 26, "autoscaling/v2"),
    ("flowcontrol.apiserver.k8s.io/v1beta1", "FlowSchema PriorityLevelConfiguration", 23, 26,
     "flowcontrol.apiserver.k8s.io/v1 (1.29 and later), else v1beta3"),
    ("resource.k8s.io/v1alpha1", "*", 27, 27, "resource.k8s.io/v1"),
    ("storage.k8s.io/v1beta1", "CSIStorageCapacity", 24, 27, "storage.k8s.io/v1"),
    ("flowcontrol.apiserver.k8s.io/v1beta2", "FlowSchema PriorityLevelConfiguration", 26, 29,
     "flowcontrol.apiserver.k8s.io/v1 (1.29 and later), else v1beta3"),
    ("networking.k8s.io/v1alpha1", "ClusterCIDR", 28, 29, "the configuration of the network plugin"),
    ("networking.k8s.io/v1alpha1", "IPAddress ServiceCIDR", 30, 31,
     "networking.k8s.io/v1 (1.33 and later), else v1beta1"),
    ("resource.k8s.io/v1alpha2", "*", 31, 31, "resource.k8s.io/v1 (1.34 and later)"),
    ("admissionregistration.k8s.io/v1alpha1", "ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding",
     29, 32, "admissionregistration.k8s.io/v1 (1.30 and later)"),
    ("authentication.k8s.io/v1alpha1", "SelfSubjectReview", 29, 32, "authentication.k8s.io/v1"),
    ("coordination.k8s.io/v1alpha1", "LeaseCandidate", 32, 32,
     "coordination.k8s.io/v1beta1 (1.33 and later)"),
    ("flowcontrol.apiserver.k8s.io/v1beta3", "FlowSchema PriorityLevelConfiguration", 29, 32,
     "flowcontrol.apiserver.k8s.io/v1"),
    # Removed in 1.33 to 1.37
    ("authentication.k8s.io/v1beta1", "SelfSubjectReview", 30, 33, "authentication.k8s.io/v1"),
    ("admissionregistration.k8s.io/v1beta1", "ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding",
     31, 34, "admissionregistration.k8s.io/v1"),
    ("resource.k8s.io/v1alpha3", "DeviceClass PodSchedulingContext ResourceClaim ResourceClaimTemplate "
     "ResourceSlice", 34, 34, "resource.k8s.io/v1"),
    ("storage.k8s.io/v1alpha1", "VolumeAttributesClass", 32, 35, "storage.k8s.io/v1"),
    ("storagemigration.k8s.io/v1alpha1", "StorageVersionMigration", 33, 35,
     "storagemigration.k8s.io/v1beta1"),
    ("scheduling.k8s.io/v1alpha1", "Workload", 36, 36, "scheduling.k8s.io/v1alpha2"),
    ("certificates.k8s.io/v1alpha1", "ClusterTrustBundle", 34, 37,
     "certificates.k8s.io/v1 (1.37 and later), else v1beta1"),
    ("networking.k8s.io/v1beta1", "IPAddress ServiceCIDR", 34, 37, "networking.k8s.io/v1"),
    ("scheduling.k8s.io/v1alpha2", "PodGroup Workload", 37, 37, "scheduling.k8s.io/v1beta1"),
    ("storage.k8s.io/v1beta1", "VolumeAttributesClass", 34, 37, "storage.k8s.io/v1"),
    # Still served, removal planned
    ("admissionregistration.k8s.io/v1alpha1", "MutatingAdmissionPolicy MutatingAdmissionPolicyBinding",
     35, 38,
     "admissionregistration.k8s.io/v1 (1.36 and later), else v1beta1"),
    ("coordination.k8s.io/v1alpha2", "LeaseCandidate", 35, 38, "coordination.k8s.io/v1beta1"),
    ("resource.k8s.io/v1beta1", "DeviceClass ResourceClaim ResourceClaimTemplate ResourceSlice", 35, 38,
     "resource.k8s.io/v1"),
    ("coordination.k8s.io/v1beta1", "LeaseCandidate", 36, 39,
     "the next version of the API, once there is one"),
    ("resource.k8s.io/v1alpha3", "DeviceTaintRule", 36, 39,
     "resource.k8s.io/v1 (1.37 and later), else v1beta2"),
    ("resource.k8s.io/v1beta2", "DeviceClass ResourceClaim ResourceClaimTemplate ResourceSlice", 36, 39,
     "resource.k8s.io/v1"),
    ("admissionregistration.k8s.io/v1beta1", "MutatingAdmissionPolicy MutatingAdmissionPolicyBinding", 37, 40,
     "admissionregistration.k8s.io/v1"),
    ("certificates.k8s.io/v1beta1", "ClusterTrustBundle PodCertificateRequest", 37, 40,
     "certificates.k8s.io/v1"),
    ("storagemigration.k8s.io/v1beta1", "StorageVersionMigration", 37, 40, "storagemigration.k8s.io/v1"),
    # Deprecated without a removal
    ("v1", "ComponentStatus", 19, 0, "the health endpoints of the components"),
    ("v1", "Endpoints", 33, 0, "EndpointSlice of discovery.k8s.io/v1"),
)  # fmt: skip

_LIFECYCLES: dict[tuple[str, str], ApiLifecycle] = {
    (api_version, kind): ApiLifecycle((1, deprecated), (1, removed) if removed else None, replacement)
    for api_version, kinds, deprecated, removed, replacement in _TABLE
    for kind in kinds.split()
}
