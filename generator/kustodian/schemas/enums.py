"""The allowed values of enumerated fields, which are missing in the published OpenAPI document (v2).

Source: the constants and `supported...` sets of k8s.io/api and k8s.io/kubernetes v1.34 to v1.36
(pkg/apis/*/validation). An empty string counts as unset, because the API server replaces it by the default.
"""

from __future__ import annotations

from kustodian.model.json_value import JsonObject, mapping

_PROTOCOLS = "TCP UDP SCTP"
_PULL_POLICIES = "Always IfNotPresent Never"
_CONTAINER = {"imagePullPolicy": _PULL_POLICIES, "terminationMessagePolicy": "File FallbackToLogsOnError"}
_ACCESS = {
    "accessModes": "ReadWriteOnce ReadOnlyMany ReadWriteMany ReadWriteOncePod",
    "volumeMode": "Filesystem Block",
}
_WEBHOOK = {
    "failurePolicy": "Ignore Fail",
    "matchPolicy": "Exact Equivalent",
    "sideEffects": "None NoneOnDryRun",
}
_PREEMPTION = {"preemptionPolicy": "PreemptLowerPriority Never"}
#: Definition (without `io.k8s.api.`), then field, then its values; a list field's values are its items'.
_ENUMS: dict[str, dict[str, str]] = {
    "core.v1.Container": _CONTAINER,
    "core.v1.EphemeralContainer": _CONTAINER,
    "core.v1.ImageVolumeSource": {"pullPolicy": _PULL_POLICIES},
    "core.v1.ContainerPort": {"protocol": _PROTOCOLS},
    "core.v1.ServicePort": {"protocol": _PROTOCOLS},
    "networking.v1.NetworkPolicyPort": {"protocol": _PROTOCOLS},
    "networking.v1.NetworkPolicySpec": {"policyTypes": "Ingress Egress"},
    "networking.v1.HTTPIngressPath": {"pathType": "Exact Prefix ImplementationSpecific"},
    "core.v1.PodSpec": {
        "restartPolicy": "Always OnFailure Never",
        "dnsPolicy": "ClusterFirst ClusterFirstWithHostNet Default None",
        **_PREEMPTION,
    },
    "core.v1.PodOS": {"name": "linux windows"},
    "core.v1.Toleration": {
        "operator": "Equal Exists Lt Gt",
        "effect": "NoSchedule PreferNoSchedule NoExecute",
    },
    "core.v1.HTTPGetAction": {"scheme": "HTTP HTTPS"},
    "core.v1.SeccompProfile": {"type": "RuntimeDefault Localhost Unconfined"},
    "core.v1.AppArmorProfile": {"type": "RuntimeDefault Localhost Unconfined"},
    "core.v1.SecurityContext": {"procMount": "Default Unmasked"},
    "core.v1.VolumeMount": {"mountPropagation": "None HostToContainer Bidirectional"},
    "core.v1.HostPathVolumeSource": {
        "type": "DirectoryOrCreate Directory FileOrCreate File Socket CharDevice BlockDevice"
    },
    "core.v1.TopologySpreadConstraint": {
        "whenUnsatisfiable": "DoNotSchedule ScheduleAnyway",
        "nodeAffinityPolicy": "Honor Ignore",
        "nodeTaintsPolicy": "Honor Ignore",
    },
    "core.v1.NodeSelectorRequirement": {"operator": "In NotIn Exists DoesNotExist Gt Lt"},
    "core.v1.ServiceSpec": {
        "type": "ClusterIP NodePort LoadBalancer ExternalName",
        "sessionAffinity": "None ClientIP",
        "externalTrafficPolicy": "Cluster Local",
        "internalTrafficPolicy": "Cluster Local",
        "ipFamilyPolicy": "SingleStack PreferDualStack RequireDualStack",
    },
    "core.v1.PersistentVolumeClaimSpec": _ACCESS,
    "core.v1.PersistentVolumeSpec": {**_ACCESS, "persistentVolumeReclaimPolicy": "Retain Delete Recycle"},
    "storage.v1.StorageClass": {
        "reclaimPolicy": "Delete Retain",
        "volumeBindingMode": "Immediate WaitForFirstConsumer",
    },
    "scheduling.v1.PriorityClass": _PREEMPTION,
    "apps.v1.DeploymentStrategy": {"type": "RollingUpdate Recreate"},
    "apps.v1.DaemonSetUpdateStrategy": {"type": "RollingUpdate OnDelete"},
    "apps.v1.StatefulSetUpdateStrategy": {"type": "RollingUpdate OnDelete"},
    "apps.v1.StatefulSetSpec": {"podManagementPolicy": "OrderedReady Parallel"},
    "batch.v1.CronJobSpec": {"concurrencyPolicy": "Allow Forbid Replace"},
    "batch.v1.JobSpec": {"completionMode": "NonIndexed Indexed"},
    "policy.v1.PodDisruptionBudgetSpec": {"unhealthyPodEvictionPolicy": "IfHealthyBudget AlwaysAllow"},
    "autoscaling.v2.MetricSpec": {"type": "Resource ContainerResource Pods Object External"},
    "autoscaling.v2.MetricTarget": {"type": "Utilization Value AverageValue"},
    "autoscaling.v2.HPAScalingPolicy": {"type": "Pods Percent"},
    "autoscaling.v2.HPAScalingRules": {"selectPolicy": "Max Min Disabled"},
    "admissionregistration.v1.ValidatingWebhook": _WEBHOOK,
    "admissionregistration.v1.MutatingWebhook": {**_WEBHOOK, "reinvocationPolicy": "Never IfNeeded"},
}
_LABEL_SELECTOR = "io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelectorRequirement"


def add_enums(definitions: JsonObject) -> None:
    """Add the allowed values to the definitions that have these fields."""
    _add(mapping(definitions.get(_LABEL_SELECTOR)), {"operator": "In NotIn Exists DoesNotExist"})
    for name, fields in _ENUMS.items():
        _add(mapping(definitions.get(f"io.k8s.api.{name}")), fields)


def _add(definition: JsonObject, fields: dict[str, str]) -> None:
    properties = mapping(definition.get("properties"))
    for field, words in fields.items():
        schema = properties.get(field)
        if isinstance(schema, dict):
            target = mapping(schema.get("items")) if "items" in schema else schema
            target["enum"] = [*words.split(), "", None]
