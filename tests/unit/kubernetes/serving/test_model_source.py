"""Where a model comes from, and whether that can change."""

from __future__ import annotations

import pytest

from kustodian.kubernetes.serving.model_source import (
    image_problem,
    is_hub_id,
    names_model,
    names_revision,
    path_problem,
    revision_problem,
    uri_problem,
)


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


@pytest.mark.parametrize(
    ("uri", "problem"),
    [
        ("hf://org/name", "org/name has no revision"),
        ("hf://org/name:main", "revision `main` moves"),
        ("oci://r.example.com/iris", "it has no tag"),
        ("s3://m/iris/latest", "`latest` moves"),
        ("s3://m/iris", "its path has no version"),
        ("models:/iris@champion", "alias `champion` moves"),
        ("models:/iris/Production", "`Production` is not a version number"),
        ("models:/iris", "`iris` is not a version number"),
        ("https://huggingface.co/org/name", "it has no revision"),
        ("", None),
        ("not a uri", None),
        ("S3://m/iris/latest", None),
    ],
)
def test_the_problem_in_words(uri: str, problem: str | None) -> None:
    assert uri_problem(uri) == problem


def test_the_moving_words_can_be_given() -> None:
    assert uri_problem("s3://m/blue/iris", moving=["blue"]) == "`blue` moves"
    assert uri_problem("s3://m/main/3", moving=[]) is None
    assert uri_problem("hf://org/name:main", moving=[]) is None
    assert uri_problem("oci://r.example.com/iris:blue", moving=["blue"]) == "tag `blue` moves"


@pytest.mark.parametrize(
    ("segments", "problem"),
    [
        (["iris", "1.4.2"], None),
        (["1.4.2", "latest"], "`latest` moves"),
        (["latest", "1.4.2"], None),
        (["iris-latest.joblib"], "`iris-latest.joblib` moves"),
        (["Latest"], "`Latest` moves"),
        (["iris"], "its path has no version"),
        ([""], "its path has no version"),
        ([], "its path has no version"),
    ],
)
def test_path_problem(segments: list[str], problem: str | None) -> None:
    assert path_problem(segments) == problem


@pytest.mark.parametrize(
    ("reference", "problem"),
    [
        ("r.example.com/iris:1.0", None),
        ("r.example.com/iris:LATEST", "tag `LATEST` moves"),
        ("r.example.com:5000/iris", "it has no tag"),
        ("r.example.com/iris:latest@sha256:" + "1" * 64, None),
        ("", "it has no tag"),
    ],
)
def test_image_problem(reference: str, problem: str | None) -> None:
    assert image_problem(reference) == problem


@pytest.mark.parametrize(
    ("revision", "problem"),
    [
        ("v1.0", None),
        ("0f1e2d3", None),
        ("Main", "revision `Main` moves"),
        (" main ", "revision ` main ` moves"),
        ("production", "revision `production` moves"),
        ("", None),
    ],
)
def test_revision_problem(revision: str, problem: str | None) -> None:
    assert revision_problem(revision) == problem


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
