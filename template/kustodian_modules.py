"""modules.yaml: which answers bring which components and files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from kustodian_environments import Answers, Settings, environments
from kustodian_server import canary_routes

TEMPLATE_ROOT = Path(__file__).resolve().parent


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
