"""modules.yaml: which answers bring which components, add-ons and files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from kustodian_template.data import read_yaml
from kustodian_template.environments import Answers, Settings, environments
from kustodian_template.server import canary_routes


@dataclass(frozen=True)
class Patch:
    """A file of an overlay's patches/.

    `target` is the kind of a JSON patch's object (empty for a merge patch, which names its own) and `name`
    its name after the model's, if there may be several. `needs` is the setting of the environment that the
    patch writes; without a value there is no patch. `unless` is a condition that modules.yaml explains.
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
    environments: str
    paths: tuple[str, ...]
    patches: tuple[Patch, ...]
    kinds: tuple[str, ...]
    chart: Mapping[str, str] | None

    def matches(self, answers: Answers) -> bool:
        """Whether the answers bring this module."""
        return all(answers[question] in choices for question, choices in self.when.items())


@dataclass(frozen=True)
class Catalogue:
    """The whole of modules.yaml; `base_kinds` are the kinds that every repository deploys."""

    components: tuple[Module, ...]
    addons: tuple[Module, ...]
    files: tuple[Module, ...]
    base_kinds: tuple[str, ...]


@cache
def catalogue() -> Catalogue:
    """modules.yaml, read once."""
    data = read_yaml("modules.yaml")
    return Catalogue(
        components=tuple(_module(entry, [f"components/{entry['name']}"]) for entry in data["components"]),
        addons=tuple(_module(entry, [f"platform/{entry['name']}"]) for entry in data["addons"]),
        files=tuple(_module(entry, entry["paths"]) for entry in data["files"]),
        base_kinds=tuple(data["base"]["kinds"]),
    )


def _module(entry: Mapping[str, Any], paths: Sequence[str]) -> Module:
    return Module(
        name=entry.get("name", paths[0]),
        when={question: tuple(choices) for question, choices in entry.get("when", {}).items()},
        environments=entry.get("in", "all"),
        paths=tuple(paths),
        patches=tuple(Patch(**patch) for patch in entry.get("patches", ())),
        kinds=tuple(entry.get("kinds", ())),
        chart=entry.get("chart"),
    )


def _lists(name: str, module: Module, all_settings: Mapping[str, Settings]) -> bool:
    """Whether the overlay of the environment `name` lists the component."""
    settings = all_settings[name]
    match module.environments:
        case "all":
            return True
        case "gpu":
            return settings["gpu"]  # `when` has asked for an accelerator
        case "replicated":
            return settings["replicas_min"] > 1
        case "first":
            return name == next(iter(all_settings))
        case "last":
            return name == list(all_settings)[-1]
    raise ValueError(f"modules.yaml: {module.name}: unknown environments {module.environments!r}")


def components(answers: Answers, environment: str | None = None) -> list[Module]:
    """The components that the overlay of an environment lists; without one, those of all overlays."""
    found = environments(answers)
    names = [environment] if environment else list(found)
    chosen = (module for module in catalogue().components if module.matches(answers))
    return [module for module in chosen if any(_lists(name, module, found) for name in names)]


def addons(answers: Answers) -> list[Module]:
    """The add-ons that the answers bring, in the order of modules.yaml."""
    return [module for module in catalogue().addons if module.matches(answers)]


def patches(answers: Answers, environment: str) -> list[Patch]:
    """The patches that one environment's overlay lists for its components."""
    settings: Mapping[str, Any] = environments(answers)[environment]
    listed = (patch for module in components(answers, environment) for patch in module.patches)
    superfluous = {
        "kserve": answers["runtime"] == "kserve",
        "rollout-complete": answers["autoscaling"] != "none" and not canary_routes(answers),
    }
    return [
        patch
        for patch in listed
        if (not patch.needs or settings[patch.needs]) and not superfluous.get(patch.unless, False)
    ]


def has(answers: Answers, component: str, environment: str | None = None) -> bool:
    """Whether a component is used (in that environment, or in any)."""
    return any(module.name == component for module in components(answers, environment))


def kinds(answers: Answers) -> list[tuple[str, str]]:
    """(API group, kind) of everything that the repository deploys into its namespaces, sorted."""
    names = {*catalogue().base_kinds, *(kind for module in components(answers) for kind in module.kinds)}
    if answers["runtime"] == "kserve":
        names = (names - {"apps/Deployment"}) | {"serving.kserve.io/InferenceService"}
    pairs = (name.split("/") for name in names)
    return sorted(("" if group == "core" else group, kind) for group, kind in pairs)
