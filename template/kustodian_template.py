"""What the templates can call: the room that servers take, where they are deployed, what is not rendered.

The rest of what they call is in the files that are imported here.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from jinja2 import Environment
from jinja2.ext import Extension

from kustodian_environments import AnswerError, Answers, environments, scalar, total_cpu, total_size
from kustodian_modules import TEMPLATE_ROOT, catalogue, components, has, kinds, patches
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

def uses_gpu(answers: Answers, name: str) -> bool:
    """Whether an environment's servers ask for a GPU: it has a pool, and the repository an accelerator."""
    return answers["accelerator"] != "none" and bool(environments(answers)[name]["gpu"])


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
    """The clusters of Argo CD: how each is named there, and what ends the names of its applications."""
    if answers["clusters"] != "multi":
        return [{"cluster": "server: https://kubernetes.default.svc", "suffix": ""}]
    return [{"cluster": f"name: {name}", "suffix": f"-{name}"} for name in CLUSTERS]


def applications(answers: Answers, environment: str | None = None) -> list[str]:
    """The names of the Argo CD applications of one environment, or of all."""
    names = [environment] if environment else list(environments(answers))
    ends = [destination["suffix"] for destination in destinations(answers)]
    return [f"{answers['model_name']}-{name}{end}" for name in names for end in ends]


def as_python(value: object) -> str:
    """JSON of a value as a Python string literal, for the hooks; keys keep their order (tojson sorts)."""
    return repr(json.dumps(value))


#: Files that are removed after they were rendered, by their path or a folder's with a slash: they are rendered
#: to nothing, because compiling a template takes longer than all else.
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
