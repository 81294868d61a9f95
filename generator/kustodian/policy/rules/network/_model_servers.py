"""Recognises model servers and dashboards that do not authenticate their clients.

Source: the documentation of each project; none of those listed requires credentials by default.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from kustodian.kubernetes.pods.template import Container, PodTemplate
from kustodian.kubernetes.syntax.image_reference import parse_image
from kustodian.model.json_value import mappings, sequence, text

#: Parts of image names; the rule's option `images` adds to them.
MODEL_SERVERS = (
    "vllm", "tritonserver", "text-generation-inference", "text-embeddings-inference", "torchserve",
    "tensorflow/serving", "ollama", "sglang", "llama.cpp", "llama-cpp", "localai", "mlserver",
    "sklearnserver",
    "xgbserver", "lgbserver", "huggingfaceserver", "lmdeploy", "openvino/model_server", "djl-serving",
    "bentoml", "xinference", "nvcr.io/nim", "rayproject/ray",
)  # fmt: skip
DASHBOARDS = (
    "mlflow", "tensorboard", "jaegertracing/all-in-one", "jaegertracing/jaeger", "openzipkin/zipkin",
    "prom/prometheus", "prometheus/prometheus", "prom/alertmanager", "prometheus/alertmanager", "katib-ui",
    "ml-pipeline/frontend", "mher/flower", "redis-commander", "mongo-express", "qdrant/qdrant",
    "chromadb/chroma",
)  # fmt: skip
_PROXIES = ("oauth2-proxy", "kube-rbac-proxy", "authelia", "pomerium", "vouch-proxy", "traefik-forward-auth")
_PROGRAMS = re.compile(
    r"(^|[\s/])(vllm (serve|chat)|vllm\.entrypoints\S*|tritonserver|tensorflow_model_server|torchserve|"
    r"text-generation-launcher|sglang\.launch_server|llama-server|ollama serve|mlserver start|"
    r"mlflow (server|ui)|tensorboard)(\s|$)"
)
#: Flags and variables that make a server require a key or a password.
_KEY_FLAGS = re.compile(r"(^|\s)(--api[-_]keys?|--app-name[= ]basic-auth|--web\.config\.file)([= ]|$)")
_KEY_VARIABLES = ("VLLM_API_KEY", "API_KEY", "LLAMA_API_KEY", "SGLANG_API_KEY", "QDRANT__SERVICE__API_KEY")


def unauthenticated_server(pod: PodTemplate, extra_images: Iterable[str]) -> Container | None:
    """The pod's first model server or dashboard without authentication; None if a proxy guards the pod."""
    containers = [container for container in pod.containers if container.long_running]
    if any(_matches(container, _PROXIES) for container in containers):
        return None
    names = (*MODEL_SERVERS, *DASHBOARDS, *extra_images)
    for container in containers:
        line = _command_line(container)
        if (_matches(container, names) or _PROGRAMS.search(line)) and not _authenticates(container, line):
            return container
    return None


def _matches(container: Container, parts: Iterable[str]) -> bool:
    reference = parse_image(container.image)
    name = f"{reference.host}/{reference.repository}".lower()
    return bool(container.image) and any(part in name for part in parts)


def _command_line(container: Container) -> str:
    words = [*sequence(container.data.get("command")), *sequence(container.data.get("args"))]
    return " ".join(word for word in words if isinstance(word, str))


def _authenticates(container: Container, line: str) -> bool:
    names = {text(variable.get("name")) for _, variable in mappings(container.data.get("env"))}
    return bool(_KEY_FLAGS.search(line)) or any(name in names for name in _KEY_VARIABLES)
