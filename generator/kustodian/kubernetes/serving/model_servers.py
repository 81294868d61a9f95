"""Containers that serve models, recognised by image, by command, or else by a GPU and a port.

Sources: the images and start commands that each project documents (vLLM, SGLang, Text Generation Inference,
Text Embeddings Inference, Triton, NIM, TensorRT-LLM, TensorFlow Serving, TorchServe, KServe and MLServer
runtimes, LMDeploy, Ollama, llama.cpp, OpenVINO Model Server, DJL Serving, LoRAX, Infinity, MLflow, BentoML).
"""

from __future__ import annotations

import re
import shlex
from functools import lru_cache

from kustodian.kubernetes.accelerators import container_accelerators
from kustodian.kubernetes.pods.template import Container, PodTemplate
from kustodian.kubernetes.syntax.image_reference import parse_image
from kustodian.model.json_value import mappings, sequence

#: Engine, and a pattern of the repository of its images (without host and tag).
_IMAGES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("vllm", re.compile(r"(^|/)vllm(-(openai|cpu|tpu|rocm|gaudi|neuron|server|xpu)[^/]*)?$")),
    ("sglang", re.compile(r"(^|/)sglang$")),
    ("tgi", re.compile(r"(^|/)text-generation-inference$|(^|/)lorax$")),
    ("tei", re.compile(r"(^|/)text-embeddings-inference$")),
    ("triton", re.compile(r"(^|/)tritonserver[^/]*$")),
    ("nim", re.compile(r"^nim/[^/]+/")),
    ("tensorrt-llm", re.compile(r"(^|/)(tensorrt-llm|trtllm)[^/]*$")),
    ("tensorflow-serving", re.compile(r"(^|/)tensorflow/serving$|(^|/)tensorflow-serving$")),
    ("torchserve", re.compile(r"(^|/)torchserve[^/]*$")),
    ("kserve", re.compile(r"(^|/)kserve/[a-z0-9-]*server$|(^|/)huggingfaceserver$")),
    ("mlserver", re.compile(r"(^|/)mlserver[^/]*$")),
    ("lmdeploy", re.compile(r"(^|/)lmdeploy$")),
    ("ollama", re.compile(r"(^|/)ollama$")),
    ("llama.cpp", re.compile(r"(^|/)llama\.cpp$")),
    ("openvino", re.compile(r"(^|/)openvino/model_server[^/]*$")),
    ("djl", re.compile(r"(^|/)djl-(serving|inference)$")),
    ("infinity", re.compile(r"(^|/)michaelf34/infinity$")),
)

#: Engine, and a pattern of its start command, searched for in the joined command and arguments.
_COMMANDS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("vllm", re.compile(r"\bvllm\s+serve\b|vllm\.entrypoints\.(openai\.)?api_server")),
    ("sglang", re.compile(r"sglang\.launch_server")),
    ("tgi", re.compile(r"\btext-generation-launcher\b")),
    ("tei", re.compile(r"\btext-embeddings-router\b")),
    ("triton", re.compile(r"\btritonserver\b")),
    ("tensorrt-llm", re.compile(r"\btrtllm-serve\b")),
    ("tensorflow-serving", re.compile(r"\btensorflow_model_server\b")),
    ("torchserve", re.compile(r"\btorchserve\b.*--start\b")),
    ("kserve", re.compile(r"\bhuggingfaceserver\b")),
    ("mlserver", re.compile(r"\bmlserver\s+start\b")),
    ("lmdeploy", re.compile(r"\blmdeploy\s+serve\b")),
    ("ollama", re.compile(r"\bollama\s+serve\b")),
    ("llama.cpp", re.compile(r"\bllama-server\b")),
    ("mlflow", re.compile(r"\bmlflow\s+models\s+serve\b")),
    ("bentoml", re.compile(r"\bbentoml\s+serve\b")),
)

#: Engines made of several processes that hand tensors to each other through /dev/shm, even with one GPU.
MULTI_PROCESS_ENGINES = frozenset({"vllm", "sglang"})
#: Engines that take a Hugging Face model id and a revision on their command line.
HUB_ENGINES = frozenset({"vllm", "sglang", "tgi", "tei", "kserve", "lmdeploy", "tensorrt-llm", "infinity"})
#: Kinds whose pods are the session of a person.
_NO_SERVER = frozenset({"Notebook"})


def command_words(container: Container) -> list[str]:
    """The words of a container's command and arguments; shell scripts in them are split into words."""
    words: list[str] = []
    for field_name in ("command", "args"):
        for word in sequence(container.data.get(field_name)):
            if not isinstance(word, str):
                continue
            if not any(c.isspace() for c in word):
                words.append(word)
                continue
            try:
                words.extend(shlex.split(word.replace("\\\n", " "), comments=True))
            except ValueError:
                words.extend(word.split())
    return words


def flag_value(words: list[str], *flags: str) -> str | None:
    """The value of the first of these flags, `--flag value` or `--flag=value`; None if absent."""
    for index, word in enumerate(words):
        name, equals, value = word.partition("=")
        if name not in flags:
            continue
        if equals:
            return value
        return words[index + 1] if index + 1 < len(words) else ""
    return None


def engine_of(container: Container) -> str | None:
    """The serving engine of a long-running container, such as `vllm`; None if image and command name none."""
    return container.memoized(_engine_of)


def _engine_of(container: Container) -> str | None:
    if not container.long_running:
        return None
    repository = parse_image(container.image).repository if container.image else ""
    return _engine_in(repository, " ".join(command_words(container)))


@lru_cache(maxsize=1024)
def _engine_in(repository: str, command: str) -> str | None:
    for engine, pattern in _IMAGES:
        if pattern.search(repository):
            return engine
    return next((engine for engine, pattern in _COMMANDS if pattern.search(command)), None)


def is_model_server(pod: PodTemplate, container: Container) -> bool:
    """Whether a container serves a model: it runs a known engine, or has an accelerator and a port.

    A pod that runs to completion has none: a Job that starts an engine does offline inference.
    """
    if pod.batch or not container.long_running or pod.owner.kind in _NO_SERVER:
        return False
    if engine_of(container) is not None:
        return True
    has_port = bool(mappings(container.data.get("ports")))
    return container.role == "container" and has_port and bool(container_accelerators(container))


def model_servers(pod: PodTemplate) -> list[Container]:
    """The containers of the pod that serve a model."""
    return [container for container in pod.containers if is_model_server(pod, container)]
