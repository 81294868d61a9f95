"""Which containers serve a model, and with which engine."""

from __future__ import annotations

from typing import Any

import pytest

from kustodian.kubernetes.pods.workload import pods_of
from kustodian.kubernetes.serving.model_servers import (
    command_words,
    engine_of,
    flag_value,
    is_model_server,
    model_servers,
)
from kustodian.model.manifest import Manifest


def workload(spec: dict[str, Any], kind: str = "Deployment") -> Manifest:
    group = {"Job": "batch/v1", "Notebook": "kubeflow.org/v1"}.get(kind, "apps/v1")
    return Manifest(
        {"apiVersion": group, "kind": kind, "metadata": {"name": "m"}, "spec": {"template": {"spec": spec}}}
    )


GPU = {"resources": {"limits": {"nvidia.com/gpu": 1}}}
PORT = {"ports": [{"containerPort": 8080}]}


@pytest.mark.parametrize(
    ("container", "engine"),
    [
        ({"image": "vllm/vllm-openai:v0.10.2"}, "vllm"),
        ({"image": "registry.example.com:5000/mirror/vllm/vllm-openai@sha256:" + "0" * 64}, "vllm"),
        ({"image": "public.example.com/team/vllm-router:1"}, None),
        ({"image": "nvcr.io/nim/meta/llama-3.1-8b-instruct:1.3"}, "nim"),
        ({"image": "nvcr.io/nvidia/tritonserver:24.10-py3"}, "triton"),
        ({"image": "ghcr.io/huggingface/text-generation-inference:3.3.4"}, "tgi"),
        ({"image": "tensorflow/serving:2.17.0"}, "tensorflow-serving"),
        ({"image": "kserve/huggingfaceserver:v0.15.0"}, "kserve"),
        ({"image": "kserve/kserve-controller:v0.15.0"}, None),
        ({"command": ["python", "-m", "vllm.entrypoints.openai.api_server"]}, "vllm"),
        ({"command": ["/bin/sh", "-c", "exec tritonserver --model-repository=/models"]}, "triton"),
        ({"args": ["echo vllm serves"]}, None),
        ({"image": "lmsysorg/sglang:v0.5"}, "sglang"),
        ({"image": "ghcr.io/huggingface/text-embeddings-inference:1.8"}, "tei"),
        ({"image": "pytorch/torchserve-kfs:0.12"}, "torchserve"),
        ({"image": "seldonio/mlserver:1.6.1-sklearn"}, "mlserver"),
        ({"image": "openmmlab/lmdeploy:v0.9"}, "lmdeploy"),
        ({"image": "ollama/ollama:0.5"}, "ollama"),
        ({"image": "ghcr.io/ggml-org/llama.cpp:server"}, "llama.cpp"),
        ({"image": "openvino/model_server:2025.0"}, "openvino"),
        ({"image": "deepjavalibrary/djl-serving:0.30"}, "djl"),
        ({"image": "michaelf34/infinity:0.0.70"}, "infinity"),
        ({"image": "nvcr.io/nvidia/tensorrt-llm/release:1.0"}, None),
        ({"image": "team/server:1", "command": ["trtllm-serve", "org/name"]}, "tensorrt-llm"),
        ({"command": ["python", "-m", "sglang.launch_server"]}, "sglang"),
        ({"command": ["text-generation-launcher"]}, "tgi"),
        ({"command": ["text-embeddings-router"]}, "tei"),
        ({"command": ["tensorflow_model_server"]}, "tensorflow-serving"),
        ({"command": ["torchserve", "--start"]}, "torchserve"),
        ({"command": ["torchserve", "--stop"]}, None),
        ({"command": ["mlserver", "start", "."]}, "mlserver"),
        ({"command": ["lmdeploy", "serve", "api_server"]}, "lmdeploy"),
        ({"command": ["ollama", "serve"]}, "ollama"),
        ({"command": ["ollama", "pull"]}, None),
        ({"command": ["llama-server"]}, "llama.cpp"),
        ({"command": ["mlflow", "models", "serve"]}, "mlflow"),
        ({"command": ["bentoml", "serve"]}, "bentoml"),
        ({"image": None, "command": "vllm serve", "args": [3, None]}, None),
        ({}, None),
    ],
)
def test_engine(container: dict[str, Any], engine: str | None) -> None:
    found = pods_of(workload({"containers": [{"name": "c", **container}]}))[0].containers[0]
    assert engine_of(found) == engine


@pytest.mark.parametrize(
    ("container", "kind", "expected"),
    [
        ({**GPU, **PORT}, "Deployment", True),
        (GPU, "Deployment", False),
        (PORT, "Deployment", False),
        ({"image": "vllm/vllm-openai:v0.10.2"}, "Job", False),
    ],
)
def test_model_server(container: dict[str, Any], kind: str, expected: bool) -> None:
    pod = pods_of(workload({"containers": [{"name": "c", **container}]}, kind))[0]
    assert is_model_server(pod, pod.containers[0]) is expected


def test_an_engine_that_starts_before_the_pod_serves_nothing() -> None:
    containers = {
        "containers": [{"name": "c"}],
        "initContainers": [{"name": "i", "image": "vllm/vllm-openai:v1"}],
    }
    assert engine_of(pods_of(workload(containers))[0].containers[0]) is None


def test_model_servers_of_a_pod() -> None:
    spec = {
        "initContainers": [{"name": "sidecar", "restartPolicy": "Always", "image": "vllm/vllm-openai:v1"}],
        "containers": [{"name": "gpu", **GPU, **PORT}, {"name": "proxy", **PORT}],
    }
    (pod,) = pods_of(workload(spec))
    assert [container.name for container in model_servers(pod)] == ["sidecar", "gpu"]
    assert model_servers(pods_of(workload(spec, "Notebook"))[0]) == []
    assert model_servers(pods_of(workload(spec, "Job"))[0]) == []


@pytest.mark.parametrize(
    ("words", "value"),
    [
        (["--port", "80"], "80"),
        (["--port=80"], "80"),
        (["--port="], ""),
        (["--port"], ""),
        (["-p", "1", "--port", "2"], "1"),
        (["--ports", "80"], None),
        (["--other=--port"], None),
        ([], None),
    ],
)
def test_flag_value(words: list[str], value: str | None) -> None:
    assert flag_value(words, "--port", "-p") == value


def test_an_argument_without_spaces_is_one_word_as_written() -> None:
    (pod,) = pods_of(workload({"containers": [{"name": "c", "args": ['{"a":1}', "a#b", "", None, 3]}]}))
    assert command_words(pod.containers[0]) == ['{"a":1}', "a#b", ""]


def test_command_words_read_shell_scripts_and_survive_bad_quotes() -> None:
    script = "set -e\nvllm serve 'org/name' \\\n  --revision=v1 # it's a comment"
    pod = pods_of(workload({"containers": [{"name": "c", "command": ["sh", "-c", script]}]}))[0]
    words = command_words(pod.containers[0])
    assert "org/name" in words
    assert flag_value(words, "--revision") == "v1"
    broken = pods_of(workload({"containers": [{"name": "c", "args": ["echo 'open --port 80"]}]}))[0]
    assert flag_value(command_words(broken.containers[0]), "--port") == "80"
