"""What was not chosen leaves nothing behind: no file, no object, no word; and what is named is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

import yaml

from kustodian.model.installed_files import template_dir
from tests.generator.repositories import Repository

#: Words that give a component or an add-on away, where its name alone would not, or would give away something else.
_WORDS: Final = {
    "cache": r"platform/cache|-cache\.svc",
    "hpa": r"(components/|`)hpa\b(?!-)",
    "logging": r"platform/logging|fluent-?bit",
    "prometheus": r"ServiceMonitor|PrometheusRule|PodMonitor|components/prometheus",
    "redis": r"redis",
    "registry": r"platform/registry|-registry\.svc|mlflow",
    "snapshots": r"components/snapshots|VolumeSnapshot(?!Loc)|volumesnapshots?\b",
    "tracing": r"platform/tracing|components/tracing|opentelemetry|jaeger|zipkin",
}
#: What may say them all the same: the application is one for all answers, the chart brings an Ingress and a Redis
#: of its own, and this page says what to choose instead of SOPS.
_EXCUSED: Final = ("app/", "chart/", "secrets/README.md", ".kustodian-answers.yaml")


def no_trace_of_what_was_not_chosen(repository: Repository) -> Iterator[str]:
    """Components are there because an overlay lists them, and the project allows what is deployed and no more."""
    listed = {
        str(entry).rpartition("/")[2]
        for path, data in repository.kustomizations()
        if path.startswith("overlays/")
        for entry in data["components"]
    }
    there = {path.name for path in (repository.root / "components").iterdir()}
    if listed != there:
        yield f"components listed or there, but not both: {sorted(listed ^ there)}"
    deployed = {
        (item["apiVersion"].rpartition("/")[0], item["kind"])
        for objects in repository.objects.values()
        for item in objects
    }
    for path, item in repository.yaml_files():
        if item["kind"] == "AppProject" and item["metadata"]["name"] == repository.answers.model_name:
            kinds = item["spec"]["namespaceResourceWhitelist"] + item["spec"]["clusterResourceWhitelist"]
            allowed = {(entry["group"], entry["kind"]) for entry in kinds}
            if allowed != deployed:
                yield f"{path}: allowed or deployed, but not both: {sorted(allowed ^ deployed)}"


def links_lead_somewhere(repository: Repository) -> Iterator[str]:
    """No page points at a file that these answers do not bring, and none was left half rendered."""
    for path in sorted(repository.root.rglob("*.md")):
        page = path.read_text(encoding="utf-8")
        name = path.relative_to(repository.root).as_posix()
        for link in re.findall(r"\]\(([^)\s#]+)", page):
            if "://" not in link and not (path.parent / link).exists():
                yield f"{name}: {link}"
        for file in re.findall(r"`((?:base|components|argocd|platform|docs)/[^`<>*{\s]+)`", page):
            if not (repository.root / file).exists():
                yield f"{name}: there is no {file}"
        if re.search(r"\{%|cookiecutter|Undefined", page):
            yield f"{name} is half rendered"


def no_word_of_what_was_not_chosen(repository: Repository) -> Iterator[str]:
    """No file names a component or add-on that these answers do not bring."""
    answers = repository.answers.values()
    absent = {
        name: pattern
        for name, (whens, pattern) in _modules().items()
        if not any(all(answers[question] in choices for question, choices in when.items()) for when in whens)
    }
    for path in sorted(repository.root.rglob("*")):
        file = path.relative_to(repository.root).as_posix()
        if path.is_file() and not file.startswith(_EXCUSED):
            text = path.read_text(encoding="utf-8")
            for name, pattern in absent.items():
                found = pattern.search(text)
                if found:
                    line = text.count("\n", 0, found.start()) + 1
                    yield f"{file}:{line} has {found[0]!r}, and there is no {name}"


@cache
def _modules() -> dict[str, tuple[list[dict[str, list[str]]], re.Pattern[str]]]:
    """For each component and add-on that answers bring: which, and the words that give it away."""
    data = yaml.safe_load((template_dir() / "modules.yaml").read_text(encoding="utf-8"))
    found: dict[str, tuple[list[dict[str, list[str]]], re.Pattern[str]]] = {}
    for entry in [*data["components"], *data["addons"]]:
        name = entry["name"]
        words = _WORDS.get(name, rf"(?<![\w.-]){re.escape(name)}(?![\w-])")
        if entry.get("when"):
            whens, _ = found.setdefault(name, ([], re.compile(words, re.IGNORECASE)))
            # Secrets of an add-on come from the same place, whatever the servers ask for.
            place = "secrets" if name in entry["when"].get("secrets", ()) else None
            whens.append({place: entry["when"][place]} if place else entry["when"])
    return found
