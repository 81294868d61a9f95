"""What has to hold for the kustomizations and Argo CD's objects of every generated repository, as in assertions.py."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

import yaml

from kustodian.model.installed_files import engine_binary
from kustodian.schemas.registry import Schemas
from tests.generator.repositories import Repository, key_of, of

_DEPRECATED: Final = (
    "bases", "commonLabels", "helmChartInflationGenerator", "imageTags", "patchesJson6902", "patchesStrategicMerge", "vars",
)  # fmt: skip
_REMOTE: Final = {"conversionStrategy", "decodingStrategy", "metadataPolicy"}
_KUSTOMIZE_KINDS: Final = {"kustomize.config.k8s.io/Kustomization"}


def no_deprecated_kustomize_field(repository: Repository) -> Iterator[str]:
    """No field that kustomize has replaced."""
    for path, data in repository.kustomizations():
        for field in _DEPRECATED:
            if field in data:
                yield f"{path} has {field}"


def no_url_in_a_kustomization(repository: Repository) -> Iterator[str]:
    """Rendering needs no network."""
    for path, data in repository.kustomizations():
        for text in _texts(data):
            if "//" in text or "?ref=" in text or text.startswith("git@") or text.endswith(".git"):
                yield f"{path}: {text}"
        if data.get("helmCharts") or data.get("helmChartInflationGenerator"):
            yield f"{path} inflates a chart"


def _texts(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        node = list(node.values())
    if isinstance(node, list):
        for value in node:
            yield from _texts(value)
    elif isinstance(node, str):
        yield node


def no_unserved_api_version(repository: Repository) -> Iterator[str]:
    """Every object is of a version that Kubernetes, or the project that defines its kind, still serves."""
    shipped = json.loads((engine_binary().parent / "crds" / "index.json").read_text(encoding="utf-8"))[
        "kinds"
    ]
    own = {
        (definition["spec"]["group"], version["name"], definition["spec"]["names"]["kind"])
        for path in sorted((repository.root / "schemas").glob("*.yaml"))
        for definition in [yaml.safe_load(path.read_text(encoding="utf-8"))]
        for version in definition["spec"]["versions"]
    }
    schemas = Schemas(repository.answers.kubernetes_version)
    argo_cd = [item for _, item in repository.yaml_files()]
    for name, objects in {**repository.everything, "argocd": argo_cd}.items():
        for item in objects:
            group, _, version = item["apiVersion"].rpartition("/")
            custom = shipped.get(f"{group}/{item['kind']}", {"versions": {}})["versions"]
            if not (
                custom.get(version, {}).get("served")
                or (group, version, item["kind"]) in own
                or schemas.is_builtin(item["apiVersion"], item["kind"])
                or f"{group}/{item['kind']}" in _KUSTOMIZE_KINDS
            ):
                yield f"{name}: {item['apiVersion']} {item['kind']} is not served"


def defaults_are_written_out(repository: Repository) -> Iterator[str]:
    """What the API server would fill in stands in git, or Argo CD sees a difference for ever.

    The defaults are those of the CustomResourceDefinitions (external-secrets 1.3, Gateway API 1.6).
    """
    for name, objects in repository.everything.items():
        for item in of(objects, "ExternalSecret"):
            spec = item["spec"]
            parts: list[tuple[set[str], dict[str, Any]]] = [
                ({"refreshInterval", "secretStoreRef", "target"}, spec),
                ({"kind", "name"}, spec.get("secretStoreRef", {})),
                ({"creationPolicy", "deletionPolicy"}, spec.get("target", {})),
                *((_REMOTE, entry["remoteRef"]) for entry in spec["data"]),
            ]
            yield from (
                f"{name}: {key_of(item)}: {fields - set(part)}"
                for fields, part in parts
                if fields - set(part)
            )
        for item in of(objects, "HTTPRoute"):
            parts = [({"group", "kind"}, parent) for parent in item["spec"]["parentRefs"]]
            for rule in item["spec"]["rules"]:
                parts += [({"matches", "backendRefs"}, rule)]
                parts += [({"type", "value"}, match.get("path", {})) for match in rule.get("matches", [])]
                parts += [({"group", "kind", "weight"}, backend) for backend in rule["backendRefs"]]
            yield from (
                f"{name}: {key_of(item)}: {fields - set(part)}"
                for fields, part in parts
                if fields - set(part)
            )


def projects_without_wildcards(repository: Repository) -> Iterator[str]:
    """No AppProject allows a whole class of things."""
    for path, item in repository.yaml_files():
        if item["kind"] == "AppProject" and "*" in json.dumps(
            {key: value for key, value in item["spec"].items() if key != "description"}
        ):
            yield f"{path} has a wildcard"


def applicationsets_are_careful(repository: Repository) -> Iterator[str]:
    """A misspelt field is an error, and no removal takes running servers with it."""
    found = [item["spec"] for _, item in repository.yaml_files() if item["kind"] == "ApplicationSet"]
    if not found:
        yield "there is no ApplicationSet"
    for spec in found:
        if "missingkey=error" not in spec.get("goTemplateOptions", []):
            yield "missingkey=error is missing"
        policy = spec.get("syncPolicy", {})
        if not policy.get("preserveResourcesOnDeletion") or policy.get("applicationsSync") != "create-update":
            yield "there is no deletion policy"
        # The overlays have namespaces and volumes that a person has to confirm; the controller would take the note away.
        preserved = spec.get("preservedFields", {}).get("annotations", [])
        if (
            "overlays/" in json.dumps(spec["generators"])
            and "argocd.argoproj.io/deletion-approved" not in preserved
        ):
            yield "nobody can confirm a deletion"
