"""Which answers do not go together, and what to choose instead.

One row a rule. A row is tried once every answer it reads is known, so that a prompt can refuse at once; an
answers file is held against all of them. The sentences are shown to people: each says what to choose instead.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from kustodian.scaffold.answers import Answers
from kustodian.scaffold.environment import Environment
from kustodian.scaffold.formats import MAX_LABEL


@dataclass(frozen=True)
class Condition:
    """Answers that are refused together.

    `reads` are the answers that it looks at, the one to blame first. `sentence` may use any answer in braces.
    """

    id: str
    reads: tuple[str, ...]
    refused: Callable[[Answers], bool]
    sentence: str


@dataclass(frozen=True)
class EnvironmentCondition:
    """The same for one environment; `sentence` may also use `{name}` and the environment's own answers."""

    id: str
    reads: tuple[str, ...]
    blames: str
    refused: Callable[[Answers, str, Environment], bool]
    sentence: str


@dataclass(frozen=True)
class Refusal:
    """A row that did not hold: which, the path of the answer to change, the sentence, and what it read."""

    id: str
    path: tuple[str, ...]
    sentence: str
    reads: tuple[str, ...]


# An environment of the generated kustodian.yaml beside those of the answers.
_ARGO_CD_NAME: Final = "cluster"
_OPEN_TO_THE_OUTSIDE: Final = ("gateway-api", "ingress-nginx", "node-port", "load-balancer")
_METRICS_AUTOSCALERS: Final = ("hpa-custom", "keda")
# The folders of the template's platform/: each has a namespace of its own.
ADD_ONS: Final = ("cache", "logging", "registry", "tracing", "velero")

CONDITIONS: Final[tuple[Condition, ...]] = (
    Condition(
        id="accelerator-unused",
        reads=("accelerator", "environments"),
        refused=lambda a: a.accelerator != "none" and not any(e.gpu for e in a.environments.values()),
        sentence="no environment runs on the accelerator: choose accelerator none, "
        "or give one environment gpu true",
    ),
    # --- pipeline, cache, backup, chart
    Condition(
        id="pipeline-without-training",
        reads=("pipeline", "runtime"),
        refused=lambda a: a.pipeline != "none" and a.runtime != "python",
        sentence="a pipeline runs the steps of the sample application: choose runtime python, "
        "or pipeline none",
    ),
    Condition(
        id="pipeline-without-volume",
        reads=("pipeline", "model_storage"),
        refused=lambda a: a.pipeline != "none" and a.model_storage != "pvc",
        sentence="a pipeline writes its candidates to the model volume: choose model_storage pvc, "
        "or pipeline none",
    ),
    Condition(
        id="cache-unused",
        reads=("cache", "runtime"),
        refused=lambda a: a.cache != "none" and a.runtime not in ("python", "custom"),
        sentence="{runtime} does not look into a cache: choose cache none, or runtime python",
    ),
    Condition(
        id="snapshots-without-volume",
        reads=("backup", "model_storage"),
        refused=lambda a: a.backup == "snapshots" and a.model_storage != "pvc",
        sentence="snapshots are taken of the model volume: choose model_storage pvc, or backup none",
    ),
    Condition(
        id="nothing-to-back-up",
        reads=("backup", "model_storage", "secrets"),
        refused=lambda a: (
            a.backup == "velero"
            and a.model_storage != "pvc"
            and a.secrets not in ("kubernetes", "sealed-secrets")
        ),
        sentence="the cluster holds nothing that git or a store does not have: choose backup none, "
        "or model_storage pvc",
    ),
    Condition(
        id="nothing-to-encrypt",
        reads=("secrets", "runtime", "logging", "model_registry", "cache"),
        refused=lambda a: a.secrets == "sops" and not _needs_secrets(a),
        sentence="there is no secret that SOPS could encrypt: choose secrets kubernetes, or runtime python",
    ),
    Condition(
        id="chart-without-deployment",
        reads=("helm_chart", "runtime"),
        refused=lambda a: a.helm_chart == "yes" and a.runtime == "kserve",
        sentence="the chart installs a Deployment and KServe makes its own: choose helm_chart no, "
        "or runtime custom",
    ),
    Condition(
        id="shared-domain",
        reads=("environments", "exposure"),
        refused=lambda a: a.exposure != "cluster-only" and _domain_twice(a),
        sentence="two environments have the same domain: give each its own, such as staging.iris.example.com",
    ),
    # --- accelerators
    Condition(
        id="dra-too-new",
        reads=("accelerator", "kubernetes_version"),
        refused=lambda a: a.accelerator == "nvidia-dra" and _minor(a) < 34,
        sentence="Dynamic Resource Allocation is stable since Kubernetes 1.34, not in {kubernetes_version}: "
        "choose a kubernetes_version of 1.34 or later, or accelerator nvidia",
    ),
    Condition(
        id="amd-on-gke",
        reads=("accelerator", "platform"),
        refused=lambda a: a.accelerator == "amd" and a.platform == "gke",
        sentence="Google Kubernetes Engine has no nodes with AMD GPUs: choose accelerator nvidia, "
        "or another platform",
    ),
    Condition(
        id="vllm-without-accelerator",
        reads=("accelerator", "runtime"),
        refused=lambda a: a.runtime == "vllm" and a.accelerator == "none",
        sentence="vLLM's image runs on GPUs only: choose accelerator nvidia, or runtime custom",
    ),
    # --- runtimes
    Condition(
        id="nobody-asks-who-calls",
        reads=("exposure", "runtime", "mesh"),
        refused=lambda a: (
            a.runtime in ("triton", "kserve") and a.exposure in _OPEN_TO_THE_OUTSIDE and a.mesh != "istio"
        ),
        sentence="{runtime} asks no caller for a key, so exposure {exposure} would be open to everyone: "
        "choose exposure cluster-only, or mesh istio, which asks for a token",
    ),
    Condition(
        id="kserve-brings-the-model",
        reads=("model_storage", "runtime"),
        refused=lambda a: a.runtime == "kserve" and a.model_storage in ("oci-image-volume", "baked-in"),
        sentence="KServe brings the model to the server itself: choose model_storage pvc, s3 or gcs",
    ),
    Condition(
        id="kserve-scales-itself",
        reads=("autoscaling", "runtime"),
        refused=lambda a: a.runtime == "kserve" and a.autoscaling in _METRICS_AUTOSCALERS,
        sentence="KServe makes the autoscaler of its servers itself: choose autoscaling hpa or none",
    ),
    Condition(
        id="kserve-rolls-out-itself",
        reads=("rollout", "runtime"),
        refused=lambda a: a.runtime == "kserve" and a.rollout != "rolling",
        sentence="KServe in Standard mode replaces one server after the other: choose rollout rolling, "
        "or runtime custom with the same image",
    ),
    Condition(
        id="kserve-in-a-mesh",
        reads=("mesh", "runtime"),
        refused=lambda a: a.runtime == "kserve" and a.mesh == "consul",
        sentence="Consul finds no Deployment of KServe's to put its proxies into: choose mesh istio or none",
    ),
    Condition(
        id="kserve-traces-nothing",
        reads=("tracing", "runtime"),
        refused=lambda a: a.runtime == "kserve" and a.tracing != "none",
        sentence="KServe's servers send no traces: choose tracing none, or runtime custom",
    ),
    Condition(
        id="kserve-sizes-itself",
        reads=("vpa", "runtime"),
        refused=lambda a: a.runtime == "kserve" and a.vpa != "off",
        sentence="KServe owns the Deployment that a VerticalPodAutoscaler would look at: choose vpa off",
    ),
    # --- models
    Condition(
        id="image-volume-too-new",
        reads=("model_storage", "kubernetes_version"),
        refused=lambda a: a.model_storage == "oci-image-volume" and _minor(a) < 36,
        sentence="image volumes are stable since Kubernetes 1.36, not in {kubernetes_version}: choose a "
        "kubernetes_version of 1.36 or later, or model_storage pvc",
    ),
    # --- traffic
    Condition(
        id="canary-without-router",
        reads=("rollout", "exposure", "mesh"),
        refused=lambda a: (
            a.rollout == "canary"
            and a.exposure not in ("gateway-api", "ingress-nginx")
            and a.mesh not in ("istio", "linkerd")
        ),
        sentence="a canary needs a traffic router: choose exposure gateway-api or ingress-nginx, "
        "mesh istio or linkerd, or rollout blue-green",
    ),
    Condition(
        id="canary-without-metrics",
        reads=("rollout", "monitoring"),
        refused=lambda a: a.rollout == "canary" and a.monitoring == "none",
        sentence="a canary is judged by what Prometheus sees: choose monitoring prometheus, "
        "or rollout blue-green",
    ),
    Condition(
        id="outside-the-mesh",
        reads=("exposure", "mesh"),
        refused=lambda a: a.exposure in ("node-port", "load-balancer") and a.mesh != "none",
        sentence="mesh {mesh} turns away callers that come through a {exposure} past its proxies: "
        "choose exposure gateway-api, or mesh none",
    ),
    # --- autoscaling and batch
    Condition(
        id="autoscaler-without-metrics",
        reads=("autoscaling", "monitoring"),
        refused=lambda a: a.autoscaling in _METRICS_AUTOSCALERS and a.monitoring == "none",
        sentence="autoscaling {autoscaling} follows what Prometheus sees: choose monitoring prometheus, "
        "or autoscaling hpa",
    ),
    Condition(
        id="queue-without-jobs",
        reads=("batch_quota", "model_storage", "runtime"),
        refused=lambda a: a.batch_quota != "none" and (a.model_storage != "pvc" or a.runtime != "python"),
        sentence="there are no jobs to queue: choose batch_quota none, or runtime python with "
        "model_storage pvc",
    ),
)

ENVIRONMENT_CONDITIONS: Final[tuple[EnvironmentCondition, ...]] = (
    EnvironmentCondition(
        id="gpu-without-accelerator",
        reads=("environments", "accelerator"),
        blames="gpu",
        refused=lambda a, _, e: e.gpu and a.accelerator == "none",
        sentence="{name} has gpu true but accelerator is none: choose accelerator nvidia, or gpu false",
    ),
    EnvironmentCondition(
        id="vllm-without-gpu",
        reads=("environments", "runtime"),
        blames="gpu",
        refused=lambda a, _, e: a.runtime == "vllm" and not e.gpu,
        sentence="vLLM's image runs on GPUs only and {name} has none: choose gpu true, or runtime custom",
    ),
    EnvironmentCondition(
        id="node-port-in-prod",
        reads=("environments", "exposure"),
        blames="class",
        refused=lambda a, _, e: a.exposure == "node-port" and e.environment_class == "prod",
        sentence="a node port has no TLS and {name} is of class prod: choose exposure gateway-api, "
        "or class staging",
    ),
    EnvironmentCondition(
        id="replicas-upside-down",
        reads=("environments",),
        blames="replicas_max",
        refused=lambda _, __, e: e.replicas_max < e.replicas_min,
        sentence="{name} may reach {replicas_max} replicas but always runs {replicas_min}: "
        "choose a replicas_max of {replicas_min} or more",
    ),
    EnvironmentCondition(
        id="replicas-range-without-autoscaler",
        reads=("environments", "autoscaling"),
        blames="replicas_max",
        refused=lambda a, _, e: a.autoscaling == "none" and e.replicas_max > e.replicas_min,
        sentence="{name} has a range of replicas but autoscaling is none: choose autoscaling hpa, "
        "or a replicas_max of {replicas_min}",
    ),
    EnvironmentCondition(
        id="single-replica-in-prod",
        reads=("environments",),
        blames="replicas_min",
        refused=lambda _, __, e: e.environment_class == "prod" and e.replicas_min < 2,
        sentence="{name} is of class prod and would be down whenever its one replica moves: "
        "choose a replicas_min of 2 or more, or class staging",
    ),
    EnvironmentCondition(
        id="namespace-too-long",
        reads=("environments", "model_name"),
        blames="",
        refused=lambda a, name, _: len(f"{a.model_name}-{name}") > MAX_LABEL,
        sentence="the namespace {model_name}-{name} would be longer than 63 characters: "
        "choose a shorter model_name or environment name",
    ),
    EnvironmentCondition(
        id="name-of-an-add-on",
        reads=("environments", "model_name"),
        blames="",
        refused=lambda _, name, __: name in ADD_ONS or name.startswith("platform-"),
        sentence="{model_name}-{name} is where an add-on lives: choose another name for the environment",
    ),
    EnvironmentCondition(
        id="reserved-name",
        reads=("environments",),
        blames="",
        refused=lambda _, name, __: name == _ARGO_CD_NAME,
        sentence="kustodian.yaml keeps the name {name} for the Argo CD manifests: choose another name",
    ),
)


def refusals(answers: Answers, known: frozenset[str] | None = None) -> Iterator[Refusal]:
    """Every row that refuses these answers; with `known`, only rows that read nothing else."""
    values = answers.model_dump(by_alias=True)
    for row in CONDITIONS:
        if (known is None or known.issuperset(row.reads)) and row.refused(answers):
            yield Refusal(row.id, row.reads[:1], row.sentence.format(**values), row.reads)
    for name, environment in answers.environments.items():
        own = {**values, **environment.model_dump(by_alias=True), "name": name}
        for rule in ENVIRONMENT_CONDITIONS:
            if (known is None or known.issuperset(rule.reads)) and rule.refused(answers, name, environment):
                path = ("environments", name, rule.blames) if rule.blames else ("environments", name)
                yield Refusal(rule.id, path, rule.sentence.format(**own), rule.reads)


def _minor(answers: Answers) -> int:
    return int(answers.kubernetes_version.partition(".")[2])


def _domain_twice(answers: Answers) -> bool:
    return any(count > 1 for count in Counter(e.domain for e in answers.environments.values()).values())


def _needs_secrets(answers: Answers) -> bool:
    """Whether the servers or an add-on read a Secret; the template's `needed_secrets` says which."""
    return (
        answers.runtime not in ("triton", "kserve")
        or answers.logging == "splunk"
        or answers.model_registry != "none"
        or answers.cache != "none"
    )
