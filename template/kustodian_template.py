"""What the hooks and the templates share: which modules the answers choose, and the sums of an environment.

Needs only what cookiecutter brings (Jinja2, PyYAML), so that plain `cookiecutter template/` works without
Kustodian. The answers arrive from cookiecutter as a dict; see cookiecutter.json for the keys.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment
from jinja2.ext import Extension

from kustodian_conflicts import conflict
from kustodian_server import (
    CANARY_WEIGHTS,
    MIG_PROFILE,
    canary_routes,
    endpoint,
    fetches_model,
    gpu_quota_key,
    gpu_resource,
    has_api_keys,
    promises,
    range_file,
    signals,
    workload,
)

TEMPLATE_ROOT = Path(__file__).resolve().parent

#: In promotion order.
CLASSES = ("dev", "staging", "prod")

Answers = Mapping[str, Any]
Settings = dict[str, Any]


class AnswerError(ValueError):
    """An answer that no repository can be made from; the text is one sentence that says what to change."""


@dataclass(frozen=True)
class Patch:
    """A file of an overlay's patches/.

    `target` is the kind of a JSON patch's object (empty for a merge patch, which names its own) and `name`
    its name after the model's, where there may be several;
    `needs` is a setting of the environment without which there is nothing to patch, `unless` a word of
    modules.yaml for when there is nothing to say.
    """

    file: str
    target: str = ""
    name: str = ""
    needs: str = ""
    unless: str = ""


@dataclass(frozen=True)
class Module:
    """An entry of modules.yaml; `paths` are relative to the repository."""

    name: str
    when: Mapping[str, tuple[str, ...]]
    environments: str = "all"
    paths: tuple[str, ...] = ()
    patches: tuple[Patch, ...] = ()
    kinds: tuple[str, ...] = ()
    chart: Mapping[str, str] | None = None

    def matches(self, answers: Answers) -> bool:
        """Whether the answers bring this module."""
        return all(answers[question] in choices for question, choices in self.when.items())


@cache
def catalogue() -> tuple[tuple[Module, ...], tuple[Module, ...], tuple[str, ...]]:
    """modules.yaml as (components, other files, kinds of the base)."""
    data = yaml.safe_load((TEMPLATE_ROOT / "modules.yaml").read_text(encoding="utf-8"))

    def module(entry: dict[str, Any], name: str, paths: Iterable[str]) -> Module:
        return Module(
            name=name,
            when={question: tuple(choices) for question, choices in entry.get("when", {}).items()},
            environments=entry.get("in", "all"),
            paths=tuple(paths),
            patches=tuple(Patch(**patch) for patch in entry.get("patches", ())),
            kinds=tuple(entry.get("kinds", ())),
            chart=entry.get("chart"),
        )

    components = tuple(
        module(entry, entry["name"], [f"components/{entry['name']}"]) for entry in data["components"]
    )
    files = tuple(module(entry, entry["paths"][0], entry["paths"]) for entry in data["files"])
    return components, files, tuple(data["base"]["kinds"])


# --- environments --------------------------------------------------------------------------------------

#: The folders of platform/; each has a namespace of its own, so no environment may have the name.
ADDON_NAMES = frozenset({"cache", "logging", "registry", "tracing", "velero"})
_NAME = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_DOMAIN = re.compile(r"([a-z0-9]([-a-z0-9]*[a-z0-9])?\.)+[a-z]([-a-z0-9]*[a-z0-9])?")
_LABEL_VALUE = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_CPU = re.compile(r"([0-9]+)m|([0-9]+)")
_BYTES = re.compile(r"([0-9]+)(Ki|Mi|Gi|Ti)")
_KIBIBYTES = {"Ki": 1, "Mi": 1024, "Gi": 1024**2, "Ti": 1024**3}
_KEYS = (
    "class", "domain", "replicas_min", "replicas_max", "cpu", "memory", "ephemeral_storage", "gpu",
    "gpu_pool", "model_storage_size",
)  # fmt: skip


def environments(answers: Answers) -> dict[str, Settings]:
    """The environments in promotion order (dev, staging, prod; as written within a class), values typed.

    An environment that is null or empty does not exist: it is how one of the defaults is left out, because
    cookiecutter merges dictionaries. Raises AnswerError.
    """
    found: dict[str, Settings] = {}
    for name, raw in answers["environments"].items():
        if raw:
            found[name] = _settings(name, raw)
    if not found:
        raise AnswerError("environments is empty: name at least one environment.")
    return dict(sorted(found.items(), key=lambda item: CLASSES.index(item[1]["class"])))


def _settings(name: str, raw: Any) -> Settings:
    where = f"environments.{name}"
    if not _NAME.fullmatch(name) or scalar(name) != name:
        raise AnswerError(f"{where}: an environment's name is lower case letters, digits and dashes.")
    if name in ADDON_NAMES or name.startswith("platform-"):
        raise AnswerError(f"{where}: an add-on has a namespace of this name; choose another.")
    if name == "cluster":
        raise AnswerError(
            f"{where}: kustodian.yaml uses this name for the Argo CD manifests; choose another."
        )
    if not isinstance(raw, Mapping):
        raise AnswerError(f"{where} has to be a mapping with the keys {', '.join(_KEYS)}.")
    for key in _KEYS:
        if key not in raw:
            raise AnswerError(f"{where} lacks {key}.")
    for key in raw:
        if key not in _KEYS:
            raise AnswerError(f"{where} has an unknown key {key}; known are {', '.join(_KEYS)}.")
    settings: Settings = {key: str(raw[key]) for key in _KEYS}
    if settings["class"] not in CLASSES:
        raise AnswerError(f"{where}.class is {settings['class']!r}: choose dev, staging or prod.")
    if not _DOMAIN.fullmatch(settings["domain"]):
        raise AnswerError(f"{where}.domain is {settings['domain']!r}: give a domain such as dev.example.com.")
    for key in ("replicas_min", "replicas_max"):
        if not settings[key].isdecimal() or int(settings[key]) < 1:
            raise AnswerError(f"{where}.{key} is {settings[key]!r}: give a number of at least 1.")
        settings[key] = int(settings[key])
    if settings["replicas_max"] < settings["replicas_min"]:
        raise AnswerError(f"{where}: replicas_max is below replicas_min.")
    if settings["gpu"].lower() not in {"true", "false"}:
        raise AnswerError(f"{where}.gpu is {settings['gpu']!r}: say true or false.")
    settings["gpu"] = settings["gpu"].lower() == "true"
    if not _CPU.fullmatch(settings["cpu"]):
        raise AnswerError(f"{where}.cpu is {settings['cpu']!r}: give cores (2) or millicores (250m).")
    if settings["gpu_pool"] and not _LABEL_VALUE.fullmatch(settings["gpu_pool"]):
        raise AnswerError(f"{where}.gpu_pool is {settings['gpu_pool']!r}: give the value of a node label.")
    for key in ("memory", "ephemeral_storage", "model_storage_size"):
        if not _BYTES.fullmatch(settings[key]):
            raise AnswerError(f"{where}.{key} is {settings[key]!r}: give a size such as 512Mi or 2Gi.")
    if kibibytes(settings["memory"]) < kibibytes("256Mi"):
        raise AnswerError(f"{where}.memory is {settings['memory']}: the server needs 256Mi at least.")
    return settings


def kibibytes(quantity: str) -> int:
    """A size with a binary suffix in KiB."""
    number, suffix = _BYTES.fullmatch(quantity).groups()  # type: ignore[union-attr]
    return int(number) * _KIBIBYTES[suffix]


def uses_gpu(answers: Answers, name: str) -> bool:
    """Whether an environment's servers ask for a GPU: it has a pool, and the repository an accelerator."""
    return answers["accelerator"] != "none" and bool(environments(answers)[name]["gpu"])


# --- accelerators --------------------------------------------------------------------------------------

_MIG_SLICES_PER_GPU = 7


def gpu_budget(answers: Answers, name: str) -> int:
    """The GPUs, whole ones, that an environment may take while a new version rolls out."""
    if not uses_gpu(answers, name):
        return 0
    count = most_servers(answers, name)
    if "mig-" in gpu_resource(answers):
        return -(-count // _MIG_SLICES_PER_GPU)
    return count


def gpu_words(answers: Answers) -> str:
    """What a server gets of a GPU, in words; empty where no environment has a pool."""
    if not any(uses_gpu(answers, name) for name in environments(answers)):
        return ""
    words = {
        "nvidia-mig": "1 slice of an NVIDIA GPU",
        "nvidia-time-slicing": "turns on an NVIDIA GPU",
        "amd": "1 AMD GPU",
    }
    return words.get(answers["accelerator"], "1 NVIDIA GPU")


# --- the server ----------------------------------------------------------------------------------------

def surge(answers: Answers, name: str) -> int:
    """How many servers more than replicas_max run at most while a new version replaces the old one."""
    count = int(environments(answers)[name]["replicas_max"])
    match answers["rollout"]:
        case "blue-green":
            return count
        case "canary":
            weights = (0, *CANARY_WEIGHTS, 100)
            # Old servers leave as the share grows (dynamicStableScale), once the new ones are there.
            steps = zip(weights, weights[1:], strict=False)
            return max(-(-count * new // 100) - (-count * (100 - old) // 100) - count for old, new in steps)
    # On GPUs one server leaves before the next one comes.
    return 0 if uses_gpu(answers, name) else 1


def most_servers(answers: Answers, name: str) -> int:
    """The most servers that an environment ever runs."""
    return int(environments(answers)[name]["replicas_max"]) + surge(answers, name)


def scratch(answers: Answers, name: str) -> str:
    """The ephemeral storage of one server: its own, and the copy of the model where it makes one."""
    settings = environments(answers)[name]
    extra = settings["model_storage_size"] if fetches_model(answers) else "0Mi"
    return total_size(settings["ephemeral_storage"], 1, extra)


#: Names under which the clusters are known to Argo CD, the one that answers first.
CLUSTERS = ("primary", "secondary")


def destinations(answers: Answers) -> list[dict[str, str]]:
    """The clusters that Argo CD deploys to: how each is named there, and what ends its applications' names."""
    if answers["clusters"] != "multi":
        return [{"cluster": "server: https://kubernetes.default.svc", "suffix": ""}]
    return [{"cluster": f"name: {name}", "suffix": f"-{name}"} for name in CLUSTERS]


def applications(answers: Answers, environment: str | None = None) -> list[str]:
    """The names of the Argo CD applications of one environment, or of all."""
    names = [environment] if environment else list(environments(answers))
    ends = [destination["suffix"] for destination in destinations(answers)]
    return [f"{answers['model_name']}-{name}{end}" for name in names for end in ends]


# --- sums ----------------------------------------------------------------------------------------------


def millicores(quantity: str) -> int:
    """Cores or millicores in millicores."""
    milli, cores = _CPU.fullmatch(quantity).groups()  # type: ignore[union-attr]
    return int(milli) if milli else int(cores) * 1000


def total_cpu(each: str, count: int, extra: str) -> str:
    """`count` times `each` plus `extra`, as the API server writes it (whole cores without a suffix)."""
    milli = millicores(each) * count + millicores(extra)
    return f"{milli}m" if milli % 1000 else str(milli // 1000)


def total_size(each: str, count: int, extra: str) -> str:
    """`count` times `each` plus `extra`, with the largest suffix that is exact."""
    size = kibibytes(each) * count + kibibytes(extra)
    for suffix in ("Ti", "Gi", "Mi"):
        if size % _KIBIBYTES[suffix] == 0:
            return f"{size // _KIBIBYTES[suffix]}{suffix}"
    return f"{size}Ki"


# --- modules -------------------------------------------------------------------------------------------


def _listed_in(module: Module, name: str, all_settings: Mapping[str, Settings]) -> bool:
    settings = all_settings[name]
    match module.environments:
        case "all":
            return True
        case "gpu":
            return bool(settings["gpu"])  # `when` has asked for an accelerator
        case "replicated":
            return bool(settings["replicas_min"] > 1)
        case "first":
            return name == next(iter(all_settings))
        case "last":
            return name == list(all_settings)[-1]
    raise ValueError(f"modules.yaml: {module.name}: unknown environments {module.environments!r}")


def components(answers: Answers, environment: str | None = None) -> list[Module]:
    """The components that one environment's overlay lists, or that any does."""
    found = environments(answers)
    names = [environment] if environment else list(found)
    chosen = (module for module in catalogue()[0] if module.matches(answers))
    return [module for module in chosen if any(_listed_in(module, name, found) for name in names)]


def patches(answers: Answers, environment: str) -> list[Patch]:
    """The patches that one environment's overlay lists for its components."""
    settings = environments(answers)[environment]
    listed = (patch for module in components(answers, environment) for patch in module.patches)
    nothing_to_say = {
        "kserve": answers["runtime"] == "kserve",
        "rollout-complete": answers["autoscaling"] != "none" and not canary_routes(answers),
    }
    return [
        patch
        for patch in listed
        if (not patch.needs or settings[patch.needs]) and not nothing_to_say.get(patch.unless, False)
    ]


def has(answers: Answers, component: str, environment: str | None = None) -> bool:
    """Whether a component is used (in that environment, or in any)."""
    return any(module.name == component for module in components(answers, environment))


def kinds(answers: Answers) -> list[tuple[str, str]]:
    """(API group, kind) of everything that the repository deploys into its namespaces, sorted."""
    names = {*catalogue()[2], *(kind for module in components(answers) for kind in module.kinds)}
    if answers["runtime"] == "kserve":
        names = (names - {"apps/Deployment"}) | {"serving.kserve.io/InferenceService"}
    pairs = (name.split("/") for name in names)
    return sorted(("" if group == "core" else group, kind) for group, kind in pairs)


def scalar(value: str) -> str:
    """A string as YAML: plain where YAML reads it as that string, else in quotes ("1", "on", "a: b")."""
    try:
        plain = yaml.safe_load(value) == value
    except yaml.YAMLError:
        plain = False
    return value if plain else json.dumps(value)


def as_python(value: object) -> str:
    """JSON of a value as a Python string literal, for the hooks; keys keep their order (tojson sorts)."""
    return repr(json.dumps(value))


#: Files that are removed after they were rendered, by their path or a folder's with a slash: they are rendered to
#: nothing, because compiling a template takes longer than all else.
_skipped: set[str] = set()


@contextmanager
def skipping(paths: Iterable[str]) -> Iterator[None]:
    """Spend no time on these files for a while."""
    added = set(paths) - _skipped
    _skipped.update(added)
    try:
        yield
    finally:
        _skipped.difference_update(added)


def skip_unused(answers: Answers) -> None:
    """Spend no time on the components and files that the answers do not bring."""
    used = {module.name for module in components(answers)}
    all_components, files, _ = catalogue()
    unwanted = [module for module in all_components if module.name not in used]
    unwanted += [module for module in files if not module.matches(answers)]
    _skipped.update(name for module in unwanted for path in module.paths for name in (path, f"{path}/"))


class TemplateExtension(Extension):
    """Makes the functions above usable in the templates; cookiecutter.json names it."""

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        """Nothing for a file that is removed afterwards."""
        folders = name.split("/") if name and _skipped else []
        starts = ("/".join(folders[:end]) + "/" for end in range(1, len(folders)))
        return "" if name in _skipped or any(start in _skipped for start in starts) else source

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        environment.globals.update(
            template_root=str(TEMPLATE_ROOT),
            as_python=as_python,
            uses_gpu=uses_gpu,
            environments=environments,
            components=components,
            patches=patches,
            has=has,
            kinds=kinds,
            gpu_resource=gpu_resource,
            gpu_quota_key=gpu_quota_key,
            gpu_budget=gpu_budget,
            mig_profile=MIG_PROFILE,
            canary_weights=CANARY_WEIGHTS,
            applications=applications,
            destinations=destinations,
            gpu_words=gpu_words,
            range_file=range_file,
            canary_routes=canary_routes,
            workload=workload,
            most_servers=most_servers,
            fetches_model=fetches_model,
            scratch=scratch,
            endpoint=endpoint,
            has_api_keys=has_api_keys,
            signals=signals,
            promises=promises,
            total_cpu=total_cpu,
            total_size=total_size,
        )
        environment.filters["scalar"] = scalar


# `kustodian new` says where the answers are before cookiecutter renders the first file.
if "KUSTODIAN_REPLAY" in os.environ:
    skip_unused(json.loads(Path(os.environ["KUSTODIAN_REPLAY"]).read_text(encoding="utf-8"))["cookiecutter"])


# --- validation ----------------------------------------------------------------------------------------

_REGISTRY = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?(:[0-9]+)?(/[a-z0-9]+([._-][a-z0-9]+)*)*")
_EMAIL = re.compile(r"[^@\s\"'<>]+@[^@\s\"'<>]+\.[^@\s\"'<>]+")
#: A disruption budget's unhealthyPodEvictionPolicy is stable since 1.31; the schemas that ship end at 1.37.
_VERSIONS = [f"1.{minor}" for minor in range(31, 38)]


def validate(answers: Answers) -> None:
    """Raise AnswerError for the first answer that would make a repository nobody can deploy."""
    # Namespaces are named model-environment, other objects model-something; a name has 63 characters.
    longest = min(40, 62 - max((len(name) for name in answers["environments"]), default=0))
    checks: list[tuple[bool, str]] = [
        (
            bool(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", answers["repo_name"])),
            f"repo_name is {answers['repo_name']!r}: use letters, digits, dots, dashes and underscores.",
        ),
        (
            bool(_NAME.fullmatch(answers["model_name"]))
            and scalar(answers["model_name"]) == answers["model_name"]
            and len(answers["model_name"]) <= longest,
            f"model_name is {answers['model_name']!r}: it names Kubernetes objects, so use at most {longest} "
            "lower case letters, digits and dashes, beginning with a letter (and no YAML word such as null).",
        ),
        (
            bool(re.fullmatch(r"[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?", answers["team"])),
            f"team is {answers['team']!r}: it names objects, so use at most 40 lower case letters, digits "
            "and dashes.",
        ),
        (bool(_EMAIL.fullmatch(answers["owner"])), f"owner is {answers['owner']!r}: give an e-mail address."),
        (
            bool(answers["description"].strip()) and "\n" not in answers["description"],
            "description has to be one line of text.",
        ),
        (
            bool(_REGISTRY.fullmatch(answers["registry"])) and "." in answers["registry"].split("/")[0],
            f"registry is {answers['registry']!r}: give a host and optionally a path, as in "
            "registry.example.com/ml, without https:// and without a tag.",
        ),
        (
            bool(_DOMAIN.fullmatch(answers["domain"])),
            f"domain is {answers['domain']!r}: give a domain such as example.com.",
        ),
        (
            bool(re.fullmatch(r"(https://|ssh://|file:///|git@)[^\s\"'*]+", answers["repo_url"])),
            f"repo_url is {answers['repo_url']!r}: give the address that Argo CD clones, https://, ssh:// or "
            "git@.",
        ),
        (
            bool(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._/-]*", answers["git_branch"])),
            f"git_branch is {answers['git_branch']!r}: give the name of a branch.",
        ),
        (
            answers["kubernetes_version"] in _VERSIONS,
            f"kubernetes_version is {answers['kubernetes_version']!r}: choose one of {', '.join(_VERSIONS)}.",
        ),
    ]
    for valid, message in checks:
        if not valid:
            raise AnswerError(message)
    found = environments(answers)
    if answers["accelerator"] != "none" and not any(settings["gpu"] for settings in found.values()):
        raise AnswerError(
            f"accelerator is {answers['accelerator']} but no environment has gpu: true; "
            "set it in one of them or choose accelerator none."
        )
    refused = conflict(answers, found)
    if refused is not None:
        raise AnswerError(refused)


def run(step: Callable[[Answers], None], cookiecutter_json: str) -> int:
    """Run a hook's step on the answers; what it refuses becomes one line on stderr and exit status 1."""
    context = json.loads(cookiecutter_json)
    answers = {key: value for key, value in context.items() if not key.startswith("_")}
    try:
        step(answers)
    except AnswerError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0
