"""A few sets of answers that together choose everything of the rows around the server, each more than once."""

from __future__ import annotations

#: By a name for the test's id. What they leave open is as in the preset-free defaults, on CPUs.
AROUND_THE_SERVER: dict[str, dict[str, str]] = {
    "jaeger-elastic-mlflow-argo": {
        "tracing": "jaeger", "logging": "elastic", "model_registry": "mlflow", "pipeline": "argo-workflows",
        "cache": "redis", "secrets": "external-secrets", "backup": "velero", "ci": "github",
        "image_scan": "clair", "helm_chart": "yes", "batch_quota": "kueue",
    },
    "zipkin-splunk-kubeflow": {
        "tracing": "zipkin", "logging": "splunk", "model_registry": "kubeflow",
        "pipeline": "kubeflow-pipelines", "cache": "redis", "secrets": "sealed-secrets",
        "backup": "snapshots", "ci": "gitlab", "image_scan": "trivy",
    },
    "spark-sops-jenkins": {
        "logging": "splunk", "model_registry": "mlflow", "pipeline": "spark", "cache": "redis",
        "secrets": "sops", "backup": "velero", "platform": "gke", "ci": "jenkins", "image_scan": "clair",
        "helm_chart": "yes",
    },
    "csi-vault": {"secrets": "csi", "cache": "redis", "logging": "splunk", "model_registry": "mlflow",
                  "pipeline": "cronjob", "ci": "jenkins", "image_scan": "none"},
    "csi-gke": {"secrets": "csi", "platform": "gke", "cache": "redis", "ci": "gitlab", "image_scan": "clair"},
    "csi-eks": {"secrets": "csi", "platform": "eks-karpenter", "backup": "velero", "ci": "gitlab",
                "image_scan": "none", "model_storage": "pvc"},
    "csi-aks": {"secrets": "csi", "platform": "aks", "backup": "snapshots", "logging": "splunk"},
    "kubernetes-secrets": {"secrets": "kubernetes", "model_storage": "baked-in", "cache": "redis",
                           "model_registry": "kubeflow", "backup": "velero", "ci": "gitlab",
                           "monitoring": "none"},
    "custom-runtime": {"runtime": "custom", "model_storage": "pvc", "tracing": "jaeger", "cache": "redis",
                       "logging": "elastic", "ci": "gitlab", "helm_chart": "yes", "secrets": "sops"},
}  # fmt: skip
