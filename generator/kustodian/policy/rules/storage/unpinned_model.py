"""Model is loaded from a place whose content can change.

Why: The weights can be a different file tomorrow: a restarted pod then serves another model than its
    neighbour, and no pull request shows the change.

Fix: Name a version: a path with a version (`s3://models/iris/1.4.2`), `--revision <commit>`,
    `hf://org/model:<commit>`, or an image digest.

Wrong:
    storageUri: s3://models/iris/latest

Right:
    storageUri: s3://models/iris/1.4.2

Options:
    movingRevisions: words that name whatever is newest, as a folder, tag or branch.

Notes: Checks KServe's storageUri, storageUris, storage.path and the URIs of LLMInferenceService, TrainedModel
    and LocalModelCache; image volumes; variables (of containers and ConfigMaps) whose name says that a model
    is read from them, such as MODEL_URI, and revisions such as MODEL_REVISION; the model flags of known
    engines (--model, --model-id, --model-path, --model-repository, the argument of `vllm serve`) and their
    --revision; `hf download`; and any argument that is the URI of a model and ends in a moving word. A path
    is pinned if its last significant part is a version: a number, v3, 1.4.2, a date, a commit, a UUID, run-…,
    iris-v3.joblib. Local paths are not checked; the source that fills them is.

Source: Hugging Face Hub documentation, "Download files" (revision),
    https://huggingface.co/docs/huggingface_hub/guides/download; KServe, "Model storage",
    https://kserve.github.io/website/docs/model-serving/storage/overview; vLLM, "Engine arguments"
    (--revision), https://docs.vllm.ai/en/latest/configuration/engine_args.html
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.pods.template import Container, PodTemplate
from kustodian.kubernetes.pods.workload import pods_of
from kustodian.kubernetes.serving.model_servers import HUB_ENGINES, command_words, engine_of, flag_value
from kustodian.kubernetes.serving.model_source import (
    MOVING_REVISIONS,
    image_problem,
    is_hub_id,
    names_model,
    names_revision,
    path_problem,
    revision_problem,
    uri_problem,
)
from kustodian.model.json_value import FieldPath, dig, mapping, mappings, sequence, string_map, text
from kustodian.model.manifest import Manifest
from kustodian.model.measure import Exactly, Measure
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, ObjectRule, Option, Worse

#: Fields of custom resources that hold a model's URI.
_URI_FIELDS: dict[tuple[str, str], tuple[FieldPath, ...]] = {
    ("serving.kserve.io", "LLMInferenceService"): (("spec", "model", "uri"),),
    ("serving.kserve.io", "TrainedModel"): (("spec", "model", "storageUri"),),
    ("serving.kserve.io", "LocalModelCache"): (("spec", "sourceModelUri"),),
    ("mlops.seldon.io", "Model"): (("spec", "storageUri"),),
}
_MODEL_FLAGS = (
    "--model", "--model-id", "--model_id", "--model-path", "--model_path", "--model_name_or_path",
    "--model-name-or-path", "--model-repository", "--model-store", "--model_repository", "--model_base_path",
    "--hf-repo", "-hf",
)  # fmt: skip
_REVISION_FLAGS = ("--revision", "--model-revision", "--model_revision", "--hf-revision")
_SERVE = (("vllm", "serve"), ("trtllm-serve",), ("lmdeploy", "serve", "api_server"))


def check(manifest: Manifest, context: Context) -> Iterator[Violation]:
    """One violation for each place that names a model without a version."""
    moving: tuple[str, ...] = context.options["movingRevisions"]
    for path in _URI_FIELDS.get((manifest.group, manifest.kind), ()):
        yield from _check_uri(path, manifest.get(*path), moving)
    if manifest.is_a("", "ConfigMap"):
        variables = string_map(manifest.data.get("data"))
        for name, value in variables.items():
            yield from _check_variable(("data", name), name, value, variables, None, moving)
    for pod in pods_of(manifest):
        yield from _check_pod(pod, moving)
        for container in pod.containers:
            yield from _check_container(container, moving)


def _check_pod(pod: PodTemplate, moving: tuple[str, ...]) -> Iterator[Violation]:
    for path, volume in pod.volumes:
        reference = text(mapping(volume.get("image")).get("reference"))
        problem = image_problem(reference, moving) if reference else None
        if problem is not None:
            message = f"image volume {reference}: {problem}"
            yield Violation((*path, "image", "reference"), message, measure=_place(reference))
    if pod.owner.kind == "InferenceService":
        for index, entry in mappings(pod.spec.get("storageUris")):
            yield from _check_uri(pod.path_of("storageUris", index, "uri"), entry.get("uri"), moving)


def _check_container(container: Container, moving: tuple[str, ...]) -> Iterator[Violation]:
    yield from _check_uri((*container.path, "storageUri"), container.data.get("storageUri"), moving)
    stored = dig(container.data, ("storage", "path"))
    problem = path_problem(stored.strip("/").split("/"), moving) if isinstance(stored, str) else None
    if problem is not None:
        message = f"model path {stored}: {problem}"
        yield Violation((*container.path, "storage", "path"), message, measure=_place(str(stored)))
    engine = _engine(container)
    entries = mappings(container.data.get("env"))
    variables = {
        text(e.get("name")): text(e.get("value")) for _, e in entries if isinstance(e.get("value"), str)
    }
    for index, entry in entries:
        name = text(entry.get("name"))
        if name in variables:
            path = (*container.path, "env", index, "value")
            yield from _check_variable(path, name, variables[name], variables, engine, moving)
    yield from _check_arguments(container, engine, variables, moving)


def _engine(container: Container) -> str | None:
    """The serving engine; "kserve" for the model entry of an InferenceService, served by a runtime."""
    return "kserve" if container.image_optional and not container.image else engine_of(container)


def _check_uri(path: FieldPath, value: object, moving: tuple[str, ...]) -> Iterator[Violation]:
    problem = uri_problem(value, moving) if isinstance(value, str) else None
    if problem is not None:
        yield Violation(path, f"model {value}: {problem}", measure=_place(str(value)))


def _check_variable(
    path: FieldPath,
    name: str,
    value: str,
    variables: dict[str, str],
    engine: str | None,
    moving: tuple[str, ...],
) -> Iterator[Violation]:
    if names_revision(name) or (name == "REVISION" and engine):
        problem = revision_problem(value, moving)
    elif not names_model(name):
        return
    elif is_hub_id(value):
        from_hub = name.startswith(("HF_", "HUGGINGFACE_")) or engine in HUB_ENGINES
        pinned = any(names_revision(other) or other == "REVISION" for other in variables)
        problem = "it has no revision" if from_hub and not pinned else None
    else:
        problem = uri_problem(value, moving)
    if problem is not None:
        yield Violation(path, f"{name}={value}: {problem}", measure=_place(value))


def _check_arguments(
    container: Container, engine: str | None, variables: dict[str, str], moving: tuple[str, ...]
) -> Iterator[Violation]:
    words = command_words(container)
    revision = flag_value(words, *_REVISION_FLAGS)
    problem = revision_problem(revision, moving) if revision else None
    if problem is not None and revision:
        message = f"{container} loads a model whose {problem}"
        yield Violation(_argument_path(container, revision), message, measure=_place(revision))
    model = _model_argument(container, words, engine)
    if model and is_hub_id(model):
        pinned = bool(revision) or any(names_revision(n) or n == "REVISION" for n in variables)
        if not pinned:
            message = f"{container} loads {model} without a revision"
            yield Violation(_argument_path(container, model), message, measure=_place(model))
    elif model and (problem := uri_problem(model, moving)) is not None:
        message = f"{container} loads {model}: {problem}"
        yield Violation(_argument_path(container, model), message, measure=_place(model))
    for word in words:
        value = word.partition("=")[2] if word.startswith("-") else word
        if value != model and "model" in value.lower():
            problem = uri_problem(value, moving)
            if problem is not None and problem.endswith("moves"):
                message = f"{container} loads {value}: {problem}"
                yield Violation(_argument_path(container, value), message, measure=_place(value))


def _model_argument(container: Container, words: list[str], engine: str | None) -> str | None:
    """The model that a known engine or a Hugging Face download command loads."""
    for start in range(len(words)):
        for command in (("hf", "download"), ("huggingface-cli", "download"), *_SERVE):
            following = words[start + len(command) : start + len(command) + 1]
            matches = tuple(words[start : start + len(command)]) == command
            if matches and following and not following[0].startswith("-"):
                return following[0]
    if engine is None:
        return None
    value = flag_value(words, *_MODEL_FLAGS)
    if value is None and engine == "vllm" and not container.data.get("command"):
        # The image's entry point is `vllm serve`: the first argument may be the model.
        return words[0] if words and not words[0].startswith("-") else None
    return value


def _place(model: str) -> Measure:
    """Where the model comes from: another place is worse, another word for the newest version is not."""
    return Exactly("the newest version" if model.lower() in MOVING_REVISIONS else model)


def _argument_path(container: Container, value: str) -> FieldPath:
    for field in ("args", "command"):
        for index, word in enumerate(sequence(container.data.get(field))):
            if isinstance(word, str) and value in word:
                return (*container.path, field, index)
    return (*container.path, "args")


RULE = ObjectRule(
    id="unpinned-model",
    topic="storage",
    severity="W/E/E",
    check=check,
    doc=__doc__,
    worse=Worse.BY_MEASURE,
    tags=("ml", "drift"),
    options={"movingRevisions": Option(MOVING_REVISIONS, "words that name whatever is newest")},
)
