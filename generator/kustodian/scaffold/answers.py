"""The answers that describe a repository; every field is one question of `kustodian new`.

A field's description is the question's help, its default is what `--defaults` takes, and its annotation
holds the choices or the format. Keys and defaults equal those of `template/cookiecutter.json`;
a test compares them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from kustodian.scaffold.environment import (
    CLASS_DEFAULTS,
    DEFAULT_ENVIRONMENTS,
    Environment,
    filled,
    spelled_out,
)
from kustodian.scaffold.formats import (
    DnsLabel,
    DomainName,
    Email,
    GitBranch,
    GitUrl,
    KubernetesVersion,
    ModelName,
    Registry,
    Text,
)
from kustodian.scaffold.questions import AskUnless, OneOf


class Answers(BaseModel):
    """Everything that `kustodian new` can be told, in the order in which it asks."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    repo_name: DnsLabel = Field("iris-model", description="Name of the repository")
    model_name: ModelName = Field(
        "iris", description="Name of the model; names the objects and the namespaces"
    )
    team: DnsLabel = Field("ml-platform", description="Team that owns the model")
    owner: Email = Field("ml-platform@example.com", description="E-mail address of the owning team")
    description: Text = Field(
        "Serves the iris classifier: POST /predict answers with the species of a flower.",
        description="What the model is for, in one line",
    )
    registry: Registry = Field(
        "registry.example.com/ml", description="Container registry, with its path, that holds the images"
    )
    domain: Annotated[DomainName, AskUnless("exposure", "cluster-only")] = Field(
        "example.com", description="Domain of prod; the other environments get one below it"
    )
    repo_url: GitUrl = Field(
        default_factory=lambda data: f"https://git.example.com/{data['team']}/{data['repo_name']}.git",
        description="URL from which Argo CD reads the repository",
    )
    git_branch: GitBranch = Field("main", description="Branch that Argo CD follows")
    kubernetes_version: KubernetesVersion = Field(
        "1.34", description="Kubernetes minor version of the clusters"
    )

    runtime: Annotated[
        str,
        OneOf(
            {
                "python": "Flask behind gunicorn; the scikit-learn iris example to start from",
                "vllm": "vLLM: a large language model behind the OpenAI API",
                "triton": "NVIDIA Triton: one or many models of any framework",
                "kserve": "a KServe InferenceService in Standard mode",
                "custom": "an image of your own that listens on port 8080",
            }
        ),
    ] = Field("python", description="What serves the model")
    package_env: Annotated[
        str,
        OneOf({"pip": "requirements locked with hashes", "conda": "a conda environment file"}),
    ] = Field("pip", description="How Python packages get into the image")
    accelerator: Annotated[
        str,
        OneOf(
            {
                "nvidia": "whole NVIDIA GPUs through the device plugin",
                "none": "CPUs only",
                "nvidia-mig": "slices of NVIDIA GPUs, each with its own memory",
                "nvidia-time-slicing": "NVIDIA GPUs in turns; nothing separates their memory",
                "nvidia-dra": "NVIDIA GPUs through Dynamic Resource Allocation",
                "amd": "whole AMD GPUs through the device plugin",
            }
        ),
    ] = Field("nvidia", description="What models are computed on")
    platform: Annotated[
        str,
        OneOf(
            {
                "generic": "any cluster; node labels of the NVIDIA GPU operator",
                "gke": "Google Kubernetes Engine node labels and taints",
                "eks-karpenter": "Amazon EKS with Karpenter node labels",
                "aks": "Azure Kubernetes Service node labels and taints",
            }
        ),
    ] = Field("generic", description="Where the clusters run")
    exposure: Annotated[
        str,
        OneOf(
            {
                "gateway-api": "an HTTPRoute on a shared Gateway, with TLS",
                "ingress-nginx": "an Ingress of the nginx controller, with TLS",
                "cluster-only": "reachable inside the cluster only",
                "node-port": "a port on every node, without TLS; not in prod",
                "load-balancer": "a load balancer of the private network, without TLS",
            }
        ),
    ] = Field("gateway-api", description="How clients reach the model")
    model_storage: Annotated[
        str,
        OneOf(
            {
                "pvc": "a volume that many nodes mount",
                "s3": "an S3 bucket, read when a server starts",
                "gcs": "a Google Cloud Storage bucket, read when a server starts",
                "oci-image-volume": "an image of its own, mounted as a volume",
                "baked-in": "the model is part of the server's image",
            }
        ),
    ] = Field("pvc", description="Where the model file is kept")
    autoscaling: Annotated[
        str,
        OneOf(
            {
                "hpa": "a HorizontalPodAutoscaler on memory and CPU",
                "hpa-custom": "a HorizontalPodAutoscaler on each server's load, by the Prometheus adapter",
                "keda": "a KEDA ScaledObject on the load that Prometheus sees",
                "none": "a fixed number of replicas",
            }
        ),
    ] = Field("hpa", description="How the number of replicas follows the load")
    rollout: Annotated[
        str,
        OneOf(
            {
                "rolling": "one server after the other",
                "canary": "Argo Rollouts: a share of the traffic first, watched, rolled back by itself",
                "blue-green": "Argo Rollouts: all new servers beside the old ones, then the switch",
            }
        ),
    ] = Field("rolling", description="How a new version replaces the old one")
    mesh: Annotated[
        str,
        OneOf(
            {
                "none": "no service mesh",
                "istio": "Istio: mTLS, who may call, shares of traffic and A/B by header",
                "linkerd": "Linkerd: mTLS, who may call, shares of traffic",
                "consul": "Consul: mTLS, who may call, versions of a service",
            }
        ),
    ] = Field("none", description="Service mesh")
    monitoring: Annotated[
        str,
        OneOf(
            {
                "prometheus": "ServiceMonitor, alerts on error budgets, Grafana dashboard",
                "none": "no metrics are scraped",
            }
        ),
    ] = Field("prometheus", description="What collects metrics and raises alerts")
    tracing: Annotated[
        str,
        OneOf(
            {
                "none": "no traces",
                "jaeger": "an OpenTelemetry collector in front of Jaeger",
                "zipkin": "an OpenTelemetry collector in front of Zipkin",
            }
        ),
    ] = Field("none", description="Where traces go")
    logging: Annotated[
        str,
        OneOf(
            {
                "none": "logs stay with the cluster",
                "elastic": "Fluent Bit ships them to Elasticsearch, Kibana shows them",
                "splunk": "Fluent Bit ships them to a Splunk HTTP Event Collector",
            }
        ),
    ] = Field("none", description="Where logs are shipped")
    pipeline: Annotated[
        str,
        OneOf(
            {
                "none": "a new model comes with a new version of the application",
                "cronjob": "a CronJob trains a candidate every night",
                "argo-workflows": "Argo Workflows: ingest, transform, train, register",
                "kubeflow-pipelines": "Kubeflow Pipelines: ingest, transform, train, register",
                "spark": "Spark prepares the data, then a candidate is trained",
            }
        ),
    ] = Field("none", description="What trains the model")
    model_registry: Annotated[
        str,
        OneOf(
            {
                "none": "no model registry",
                "mlflow": "MLflow; its database and artifact store by reference",
                "kubeflow": "Kubeflow Model Registry; its database by reference",
            }
        ),
    ] = Field("none", description="What keeps track of model versions")
    cache: Annotated[
        str,
        OneOf({"none": "no cache", "redis": "Redis from its Helm chart, pinned, deployed by Argo CD"}),
    ] = Field("none", description="Cache for predictions")
    helm_chart: Annotated[
        str,
        OneOf({"no": "Kustomize only", "yes": "a chart of the model server for those who install by Helm"}),
    ] = Field("no", description="Whether a Helm chart of the model server is generated as well")
    secrets: Annotated[
        str,
        OneOf(
            {
                "external-secrets": "ExternalSecrets that name a key in a secret store",
                "sealed-secrets": "SealedSecrets that only the cluster can decrypt",
                "sops": "files that SOPS encrypts and Argo CD decrypts through KSOPS",
                "csi": "the Secrets Store CSI driver mounts them from the store",
                "kubernetes": "Secrets that somebody creates in the cluster",
            }
        ),
    ] = Field("external-secrets", description="Where secrets come from; no value is ever kept in git")
    image_scan: Annotated[
        str,
        OneOf(
            {
                "trivy": "Trivy fails the build on critical findings that have a fix",
                "clair": "Clair fails the build on critical findings that have a fix",
                "none": "no scan",
            }
        ),
    ] = Field("trivy", description="What scans images in CI")
    ci: Annotated[
        str,
        OneOf({"github": "GitHub Actions", "gitlab": "GitLab CI/CD", "jenkins": "a Jenkins pipeline"}),
    ] = Field("github", description="CI system")
    backup: Annotated[
        str,
        OneOf(
            {
                "none": "nothing to restore",
                "velero": "Velero keeps a copy of the namespaces and their volumes every night",
                "snapshots": "the storage system keeps snapshots of the model volume",
            }
        ),
    ] = Field("none", description="How volumes are backed up")
    clusters: Annotated[
        str,
        OneOf(
            {
                "single": "one cluster holds every environment",
                "multi": "every environment in each of the clusters primary and secondary",
            }
        ),
    ] = Field("single", description="How many clusters Argo CD deploys to")
    batch_quota: Annotated[
        str, OneOf({"none": "no queue", "kueue": "Kueue admits jobs as the team's share allows"})
    ] = Field("none", description="What queues batch jobs")
    vpa: Annotated[
        str,
        OneOf(
            {
                "off": "no VerticalPodAutoscaler",
                "recommend": "a VerticalPodAutoscaler that recommends sizes and changes nothing",
            }
        ),
    ] = Field("off", description="Vertical pod autoscaling")

    environments: dict[DnsLabel, Environment] = Field(
        default_factory=lambda: {name: {} for name in DEFAULT_ENVIRONMENTS},
        validate_default=True,
        min_length=1,
        max_length=20,
        description="Environments; a list of names takes the defaults of each",
    )

    @field_validator("environments", mode="before")
    @classmethod
    def _fill_environments(cls, value: object, info: ValidationInfo) -> object:
        """Give every environment what it leaves open, from its class and the answers before it."""
        value = spelled_out(value)
        if not isinstance(value, Mapping):
            return value
        return {name: filled(str(name), given, info.data) for name, given in value.items()}

    @field_validator("environments")
    @classmethod
    def _in_order_of_promotion(cls, value: dict[str, Environment]) -> dict[str, Environment]:
        """dev, staging, prod; as written within a class."""
        order = list(CLASS_DEFAULTS)
        return dict(sorted(value.items(), key=lambda item: order.index(item[1].environment_class)))
