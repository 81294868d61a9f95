"""Accelerator names, shares of devices, claims, and recognising model servers and model sources."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from kustodian.kubernetes.accelerators import (
    accelerator_class,
    claim_devices,
    claims_accelerator,
    device_share,
    is_accelerator,
    is_mig_resource,
    node_label_keys,
)
from kustodian.kubernetes.pods.workload import pods_of
from kustodian.kubernetes.serving.model_servers import command_words, engine_of, flag_value, is_model_server
from kustodian.kubernetes.serving.model_source import is_hub_id, names_model, names_revision, uri_problem
from kustodian.model.manifest import Manifest


@pytest.mark.parametrize(
    "name",
    [
        "nvidia.com/gpu", "nvidia.com/gpu.shared", "nvidia.com/mig-1g.5gb", "amd.com/gpu", "amd.com/cpx_nps4",
        "gpu.intel.com/i915", "gpu.intel.com/xe", "aws.amazon.com/neuron", "aws.amazon.com/neuroncore",
        "google.com/tpu", "habana.ai/gaudi",
    ],
)  # fmt: skip
def test_accelerators(name: str) -> None:
    assert is_accelerator(name)


@pytest.mark.parametrize(
    "name",
    [
        "cpu", "memory", "nvidia.com/gpumem", "nvidia.com/gpucores", "gpu.intel.com/i915_monitoring",
        "gpu.intel.com/millicores", "example.com/gpu", "rdma/hca", 3, None,
    ],
)  # fmt: skip
def test_no_accelerators(name: object) -> None:
    assert not is_accelerator(name)


@pytest.mark.parametrize(
    ("resource", "share"),
    [
        ("nvidia.com/gpu", Fraction(1)),
        ("nvidia.com/mig-1g.10gb", Fraction(1, 7)),
        ("nvidia.com/mig-3g.40gb", Fraction(3, 7)),
        ("nvidia.com/mig-7g.80gb", Fraction(1)),
        ("nvidia.com/mig-2g.12gb", Fraction(1, 2)),
        ("nvidia.com/mig-1g.12gb", Fraction(1, 7)),
        ("nvidia.com/mig-1g.10gb.me", Fraction(1, 7)),
        ("nvidia.com/gpu.shared", Fraction(0)),
        ("amd.com/cpx_nps4", Fraction(1, 8)),
        ("aws.amazon.com/neuroncore", Fraction(1, 2)),
    ],
)
def test_device_share(resource: str, share: Fraction) -> None:
    assert device_share(resource) == share


def test_mig_names() -> None:
    assert is_mig_resource("nvidia.com/mig-1c.2g.10gb")
    assert not is_mig_resource("nvidia.com/mig-1g10gb")


@pytest.mark.parametrize(
    ("requests", "expected"),
    [
        ([{"name": "a", "exactly": {"deviceClassName": "gpu.nvidia.com"}}], Fraction(1)),
        ([{"name": "a", "exactly": {"deviceClassName": "gpu.nvidia.com", "count": 4}}], Fraction(4)),
        ([{"name": "a", "deviceClassName": "gpu.amd.com", "count": 2}], Fraction(2)),
        ([{"name": "a", "exactly": {"deviceClassName": "nic.example.com", "count": 8}}], Fraction(0)),
        (
            [
                {
                    "name": "a",
                    "exactly": {
                        "deviceClassName": "mig.nvidia.com",
                        "selectors": [
                            {
                                "cel": {
                                    "expression": "device.attributes['gpu.nvidia.com'].profile == '3g.40gb'"
                                }
                            }
                        ],
                    },
                }
            ],
            Fraction(3, 7),
        ),
        (
            [
                {
                    "name": "a",
                    "firstAvailable": [
                        {"name": "x", "deviceClassName": "gpu.nvidia.com", "count": 1},
                        {"name": "y", "deviceClassName": "gpu.nvidia.com", "count": 2},
                    ],
                }
            ],
            Fraction(2),
        ),
    ],
)
def test_claim_devices(requests: list[dict[str, Any]], expected: Fraction) -> None:
    assert claim_devices({"devices": {"requests": requests}}) == expected


def test_device_classes() -> None:
    assert accelerator_class("mig.nvidia.com")
    assert not accelerator_class("dranet.example.com")


def workload(spec: dict[str, Any], kind: str = "Deployment") -> Manifest:
    group = "batch/v1" if kind == "Job" else "apps/v1"
    return Manifest(
        {"apiVersion": group, "kind": kind, "metadata": {"name": "m"}, "spec": {"template": {"spec": spec}}}
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [("gpu", True), ("gpus", True), ("mig-slice", True), ("migration", False), ("nic", False)],
)
def test_claim_names(name: str, expected: bool) -> None:
    spec = {"resourceClaims": [{"name": name, "resourceClaimName": "x"}], "containers": [{"name": "c"}]}
    assert claims_accelerator(pods_of(workload(spec))[0]) is expected


def test_alternatives_of_an_affinity_must_all_ask_for_a_label() -> None:
    def term(*keys: str) -> dict[str, Any]:
        return {"matchExpressions": [{"key": key, "operator": "Exists"} for key in keys]}

    required = {"nodeSelectorTerms": [term("a", "b"), term("b", "c")]}
    affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}
    spec = {"nodeSelector": {"d": "1"}, "affinity": affinity, "containers": [{"name": "c"}]}
    assert node_label_keys(pods_of(workload(spec))[0]) == {"b", "d"}


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


def test_command_words_read_shell_scripts_and_survive_bad_quotes() -> None:
    script = "set -e\nvllm serve 'org/name' \\\n  --revision=v1 # it's a comment"
    pod = pods_of(workload({"containers": [{"name": "c", "command": ["sh", "-c", script]}]}))[0]
    words = command_words(pod.containers[0])
    assert "org/name" in words
    assert flag_value(words, "--revision") == "v1"
    broken = pods_of(workload({"containers": [{"name": "c", "args": ["echo 'open --port 80"]}]}))[0]
    assert flag_value(command_words(broken.containers[0]), "--port") == "80"


@pytest.mark.parametrize(
    "uri",
    [
        "s3://m/iris/1.4.2", "s3://m/iris/v3/model.joblib", "gs://m/2025-01-31/model", "s3://m/iris/42",
        "s3://m/iris/iris-v3.joblib", "s3://m/0f1e2d3/model", "abfss://c@a/iris/run-12/model",
        "s3://m/iris?versionId=abc", "hf://org/name:v1.0", "oci://r.example.com/iris:1.0", "models:/iris/3",
        "oci://r.example.com/iris@sha256:" + "0" * 64, "pvc://claim/iris/3", "https://example.com/a/latest-news/x",
        "https://huggingface.co/o/n/resolve/0f1e2d3/x.onnx", "file:///models/latest", "/models/latest",
        "s3://$(BUCKET)/latest", "s3://m/main/iris/v3", "http://vllm:8000/v1",
    ],
)  # fmt: skip
def test_pinned(uri: str) -> None:
    assert uri_problem(uri) is None


@pytest.mark.parametrize(
    "uri",
    [
        "s3://m/iris/latest", "s3://m/iris/1.0/latest/model.bin", "s3://m/iris", "s3://m/iris-latest.tar.gz",
        "s3://m/llama-3.1-8b", "s3://m/revenue/model", "gs://m/defaced", "hf://org/name", "hf://org/name:main",
        "oci://r.example.com/iris", "oci://r.example.com/iris:latest", "models:/iris/Production",
        "models:/iris@champion", "pvc://claim", "https://example.com/models/iris.onnx",
        "https://huggingface.co/o/n/resolve/main/x.onnx",
    ],
)  # fmt: skip
def test_moving(uri: str) -> None:
    assert uri_problem(uri) is not None


def test_names() -> None:
    assert names_model("MODEL_URI")
    assert names_model("STORAGE_URI")
    assert not names_model("MODEL_SERVER_URL")
    assert not names_model("TOKENIZER")
    assert names_revision("HF_MODEL_REVISION")
    assert names_revision("MODEL_VERSION")
    assert not names_revision("GIT_REVISION")
    assert not names_revision("APP_VERSION")
    assert is_hub_id("org/name")
    assert not is_hub_id("/models/name")
    assert not is_hub_id("a/b/c")
