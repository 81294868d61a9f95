"""Answers that do not go together, for whoever runs plain cookiecutter.

`kustodian new` refuses the same at the question (generator/kustodian/scaffold/conditions.py has more to
say); a test holds the two against each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Answers = Mapping[str, Any]

_OPEN = ("gateway-api", "ingress-nginx", "node-port", "load-balancer")
_NOT_PYTHON = ("vllm", "triton", "kserve", "custom")
_PIPELINES = ("cronjob", "argo-workflows", "kubeflow-pipelines", "spark")
_NO_VOLUME = ("s3", "gcs", "oci-image-volume", "baked-in")

#: Choices that are refused where every answer of a row has one of them, and what to choose instead.
_TOGETHER: tuple[tuple[Mapping[str, tuple[str, ...]], str], ...] = (
    ({"pipeline": _PIPELINES, "runtime": _NOT_PYTHON}, "choose runtime python, or pipeline none"),
    ({"pipeline": _PIPELINES, "model_storage": _NO_VOLUME}, "choose model_storage pvc, or pipeline none"),
    ({"cache": ("redis",), "runtime": ("vllm", "triton", "kserve")}, "choose cache none, or runtime python"),
    ({"backup": ("snapshots",), "model_storage": _NO_VOLUME}, "choose model_storage pvc, or backup none"),
    (
        {
            "backup": ("velero",),
            "model_storage": _NO_VOLUME,
            "secrets": ("external-secrets", "sops", "csi"),
        },
        "choose backup none, or model_storage pvc",
    ),
    (
        {
            "secrets": ("sops",),
            "runtime": ("triton", "kserve"),
            "logging": ("none", "elastic"),
            "model_registry": ("none",),
            "cache": ("none",),
        },
        "no secret is there to encrypt: choose secrets kubernetes, or runtime python",
    ),
    ({"helm_chart": ("yes",), "runtime": ("kserve",)}, "choose helm_chart no, or runtime custom"),
    (
        {"accelerator": ("nvidia-dra",), "kubernetes_version": ("1.31", "1.32", "1.33")},
        "choose a kubernetes_version of 1.34 or later, or accelerator nvidia",
    ),
    ({"accelerator": ("amd",), "platform": ("gke",)}, "choose accelerator nvidia, or another platform"),
    (
        {"runtime": ("triton", "kserve"), "exposure": _OPEN, "mesh": ("none", "linkerd", "consul")},
        "nobody would ask who calls: choose exposure cluster-only, or mesh istio",
    ),
    (
        {"runtime": ("kserve",), "model_storage": ("oci-image-volume", "baked-in")},
        "choose model_storage pvc, s3 or gcs",
    ),
    ({"runtime": ("kserve",), "autoscaling": ("hpa-custom", "keda")}, "choose autoscaling hpa or none"),
    (
        {"runtime": ("kserve",), "rollout": ("canary", "blue-green")},
        "choose rollout rolling, or runtime custom",
    ),
    ({"runtime": ("kserve",), "mesh": ("consul",)}, "choose mesh istio or none"),
    ({"runtime": ("kserve",), "tracing": ("jaeger", "zipkin")}, "choose tracing none, or runtime custom"),
    ({"runtime": ("kserve",), "vpa": ("recommend",)}, "choose vpa off"),
    (
        {
            "model_storage": ("oci-image-volume",),
            "kubernetes_version": ("1.31", "1.32", "1.33", "1.34", "1.35"),
        },
        "choose a kubernetes_version of 1.36 or later, or model_storage pvc",
    ),
    (
        {
            "rollout": ("canary",),
            "exposure": ("cluster-only", "node-port", "load-balancer"),
            "mesh": ("none", "consul"),
        },
        "a canary needs a traffic router: choose exposure gateway-api or ingress-nginx, mesh istio or "
        "linkerd, or rollout blue-green",
    ),
    (
        {"rollout": ("canary",), "monitoring": ("none",)},
        "choose monitoring prometheus, or rollout blue-green",
    ),
    (
        {"exposure": ("node-port", "load-balancer"), "mesh": ("istio", "linkerd", "consul")},
        "choose exposure gateway-api, or mesh none",
    ),
    (
        {"autoscaling": ("hpa-custom", "keda"), "monitoring": ("none",)},
        "choose monitoring prometheus, or autoscaling hpa",
    ),
    (
        {"batch_quota": ("kueue",), "model_storage": _NO_VOLUME},
        "choose batch_quota none, or model_storage pvc",
    ),
    ({"batch_quota": ("kueue",), "runtime": _NOT_PYTHON}, "choose batch_quota none, or runtime python"),
)


def conflict(answers: Answers, environments: Mapping[str, Mapping[str, Any]]) -> str | None:
    """The first thing that does not go together, with what to choose instead; None where all does."""
    for choices, instead in _TOGETHER:
        if all(answers[question] in refused for question, refused in choices.items()):
            said = " and ".join(f"{question} {answers[question]}" for question in choices)
            return f"{said} do not go together: {instead}."
    domains = [settings["domain"] for settings in environments.values()]
    if answers["exposure"] != "cluster-only" and len(set(domains)) < len(domains):
        return "two environments have the same domain: give each its own."
    for name, settings in environments.items():
        if settings["class"] == "prod" and settings["replicas_min"] < 2:
            return f"{name} is of class prod and has one replica: choose a replicas_min of 2 or more."
        if answers["exposure"] == "node-port" and settings["class"] == "prod":
            return f"{name} is of class prod and a node port has no TLS: choose exposure gateway-api."
        if answers["runtime"] == "vllm" and not (settings["gpu"] and answers["accelerator"] != "none"):
            return f"vLLM runs on GPUs only and {name} has none: give it an accelerator and gpu true."
    return None
