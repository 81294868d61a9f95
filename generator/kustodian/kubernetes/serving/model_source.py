"""The sources of models, and whether their content can change without a pull request.

Sources: KServe "Storage containers" (s3://, gs://, hf://org/model:revision, oci://, pvc://claim/path),
Hugging Face Hub "Download files" (revision: a branch, tag or commit), MLflow Model Registry
(models:/name/version, models:/name@alias).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from kustodian.kubernetes.syntax.image_reference import parse_image

#: Branches, tags and folders whose content changes.
MOVING_REVISIONS = (
    "latest", "main", "master", "head", "dev", "develop", "stable", "nightly", "edge", "current", "newest",
)  # fmt: skip
#: Further words that move as a revision or an alias; as a folder they may name an environment.
_MOVING_ALIASES = frozenset({"production", "prod", "staging", "champion", "challenger", "candidate"})

#: Words that move at the end of a file's name, as in iris-latest.joblib.
_NEWEST = frozenset({"latest", "newest", "current", "nightly"})

_URI = re.compile(r"(?P<scheme>[a-z][a-z0-9+-]*):(?P<slashes>/{1,2})(?P<rest>[^\s'\"]*)")
_OBJECT_STORES = frozenset({
    "s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "azure", "wasb", "wasbs", "hdfs", "webhdfs", "oss",
    "cos", "minio", "swift",
})  # fmt: skip
_VERSION = re.compile(
    r"""v?\d+([._-]\d+)*([-+._][0-9a-z.]+)*          # 3, v3, 1.4.2, 2025-01-31, 1.0.0-rc.1
      |(?=[a-f]*\d)[0-9a-f]{7,64}|[0-9a-f]{8}-[0-9a-f-]{27}       # a commit, a digest, a UUID
      |(version|ver|rev|revision|run|release|build|commit|sha256|snapshot|checkpoint|step)([-_=:].+|\d.*)
      |.*[-_@](v\d+([._]\d+)*|\d+\.\d+\.\d+)([-_.].*)?                # iris-v3.joblib, iris-1.4.2
    """,
    re.VERBOSE | re.IGNORECASE,
)
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*\Z")
_MODEL_FILE = re.compile(
    r"\.(tar\.gz|tgz|tar|zip|onnx|pt|pth|safetensors|gguf|pkl|joblib|bin|h5|keras|mar|engine|plan|pb|bst|json)\Z"
)
#: Words in a variable's name: the first mean that a model is read from it, the others that it is not.
_MODEL_TOKENS = frozenset({"MODEL", "MODELS", "CHECKPOINT", "CHECKPOINTS", "WEIGHTS"})
_OTHER_TOKENS = frozenset({
    "REGISTRY", "ENDPOINT", "SERVER", "API", "BUCKET", "PREFIX", "ROOT", "BASE", "CACHE", "OUTPUT", "UPLOAD",
    "EXPORT", "TARGET", "DEST", "DESTINATION", "GATEWAY", "HOST", "TRACKING", "LOG", "LOGS", "SERVED",
})  # fmt: skip


def uri_problem(uri: str, moving: Iterable[str] = MOVING_REVISIONS) -> str | None:
    """Why the content of a model URI can change, as a phrase; None if it is pinned or of an unknown kind.

    `moving` are the words that name content which changes.
    """
    match = _URI.match(uri.strip())
    if match is None or "$" in uri or "{{" in uri:
        return None
    scheme, rest, words = match["scheme"], match["rest"], frozenset(moving)
    if scheme == "hf":
        name, _, revision = rest.strip("/").partition(":")
        return revision_problem(revision, words) if revision else f"{name} has no revision"
    if scheme in ("oci", "oci+native", "docker"):
        return image_problem(rest, words)
    if scheme == "models":
        return _registry_problem(rest, words)
    if scheme in ("http", "https"):
        return _web_problem(rest, words)
    if scheme == "pvc" or scheme in _OBJECT_STORES:
        if "versionid=" in rest.lower():
            return None
        return path_problem(rest.partition("?")[0].strip("/").split("/")[1:], words)
    return None


def path_problem(segments: list[str], moving: Iterable[str] = MOVING_REVISIONS) -> str | None:
    """Why a path, without its bucket, is not pinned; None if it is.

    The last segment that is a version or a moving word decides.
    """
    words = frozenset(moving)
    for segment in reversed(segments):
        bare = _MODEL_FILE.sub("", segment.lower())
        if bare in words or re.split(r"[-_.]", bare)[-1] in _NEWEST:
            return f"`{segment}` moves"
        if _VERSION.fullmatch(segment) or _VERSION.fullmatch(bare):
            return None
    return "its path has no version"


def image_problem(reference: str, moving: Iterable[str] = MOVING_REVISIONS) -> str | None:
    """Why an OCI artifact can change: it has no tag, or one that moves; None if it is pinned."""
    image = parse_image(reference)
    if image.digest:
        return None
    if not image.tag:
        return "it has no tag"
    return f"tag `{image.tag}` moves" if image.tag.lower() in frozenset(moving) else None


def revision_problem(revision: str, moving: Iterable[str] = MOVING_REVISIONS) -> str | None:
    """Why a revision is not pinned: it is a branch or an alias; None if it is pinned."""
    word = revision.strip().lower()
    return f"revision `{revision}` moves" if word in frozenset(moving) | _MOVING_ALIASES else None


def is_hub_id(value: str) -> bool:
    """Whether a value has the form of a Hugging Face model id, `org/name`."""
    return _HUB_ID.match(value) is not None


def names_model(variable: str) -> bool:
    """Whether a variable of this name is the source of a model: MODEL_URI is, MODEL_SERVER_URL is not."""
    tokens = set(variable.upper().split("_"))
    return variable == "STORAGE_URI" or bool(tokens & _MODEL_TOKENS and not tokens & _OTHER_TOKENS)


def names_revision(variable: str) -> bool:
    """Whether a variable of this name is the revision of a model, as MODEL_VERSION or HF_REVISION."""
    *tokens, last = variable.upper().split("_")
    of_a_model = bool(_MODEL_TOKENS & set(tokens))
    if last == "REVISION":
        return of_a_model or bool({"HF", "HUGGINGFACE", "HUB"} & set(tokens))
    return of_a_model and last in ("VERSION", "TAG", "ALIAS")


def _registry_problem(rest: str, words: frozenset[str]) -> str | None:
    name, at, alias = rest.strip("/").partition("@")
    if at:
        return f"alias `{alias}` moves"
    version = name.partition("/")[2]
    return None if version.isdecimal() else f"`{version or name}` is not a version number"


def _web_problem(rest: str, words: frozenset[str]) -> str | None:
    host, *segments = rest.partition("?")[0].split("/")
    if host.split(":")[0] in ("huggingface.co", "hf.co"):
        for marker in ("resolve", "blob", "raw", "tree"):
            if marker in segments[:-1]:
                return revision_problem(segments[segments.index(marker) + 1], words)
        return "it has no revision"
    problem = path_problem(segments, words) if segments else None
    # A web address that does not end in a model's file may be anything, so only a moving word counts.
    of_a_model = segments and _MODEL_FILE.search(segments[-1].lower())
    return problem if problem and (of_a_model or problem.endswith("moves")) else None
