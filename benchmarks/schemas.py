"""Self-contained schemas for kubeconform; the references in those of kubernetes-validate need the network."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

_DRAFT = "https://json-schema.org/draft/2020-12/schema"


def standalone(target: Path, version: str) -> Path:
    """Write a file for each kind of a Kubernetes version ("1.34") with the definitions that it uses."""
    source = files("kubernetes_validate") / "kubernetes-json-schema" / f"v{version}.0-local-strict"
    definitions = json.loads((source / "_definitions.json").read_text())["$defs"]
    target.mkdir()
    for definition in definitions.values():
        for kind in definition.get("x-kubernetes-group-version-kind", ()):
            used: dict[str, object] = {}
            schema = _inline(definition, definitions, used)
            assert isinstance(schema, dict)
            group = kind["group"].split(".")[0]
            name = "-".join(part for part in (kind["kind"].lower(), group, kind["version"].lower()) if part)
            (target / f"{name}.json").write_text(json.dumps({"$schema": _DRAFT, **schema, "$defs": used}))
    return target


def _inline(node: object, definitions: dict[str, object], used: dict[str, object]) -> object:
    if isinstance(node, list):
        return [_inline(item, definitions, used) for item in node]
    if not isinstance(node, dict):
        return node
    result = {}
    for key, value in node.items():
        if key == "$ref" and isinstance(value, str):
            name = value.rpartition("/")[2]
            if name not in used:
                used[name] = True  # a definition may refer to itself
                used[name] = _inline(definitions[name], definitions, used)
            result[key] = f"#/$defs/{name}"
        else:
            result[key] = _inline(value, definitions, used)
    return result
