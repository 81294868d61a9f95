"""The JSON Schema of `kustodian.yaml`, published as docs/schemas/kustodian.yaml.schema.json.

Editors and `load_config` validate the file with it. `load_config` also checks what a schema cannot express:
rule ids, options of rules, and names of environments.
"""

from __future__ import annotations

from kustodian.kubernetes.api_lifecycle import DEFAULT_KUBERNETES_VERSION
from kustodian.model.environment import EnvironmentClass
from kustodian.model.json_value import JsonObject
from kustodian.model.schema_parts import DIALECT, TEXT, list_of

_LEVELS: JsonObject = {"enum": ["error", "warning", "info", "off"]}
_TEXTS = list_of(TEXT)
_WORD: JsonObject = {"type": "string", "minLength": 1}


def config_schema() -> JsonObject:
    """The schema, as JSON Schema 2020-12. Defaults are those of `policy.config.Config`."""
    return {
        "$schema": DIALECT,
        "title": "kustodian.yaml",
        **_closed(
            "Configuration of `kustodian check` for a repository.",
            {
                "kubernetesVersion": _field(
                    "Kubernetes version of the clusters.",
                    {"type": "string", "pattern": r"^1\.\d{1,2}$", "default": DEFAULT_KUBERNETES_VERSION},
                ),
                "profile": _field(
                    "`baseline` makes findings one step milder, unless they are errors in every environment.",
                    {"enum": ["production", "baseline"], "default": "production"},
                ),
                "failOn": _field(
                    "The mildest severity that makes `check` exit with 1.",
                    {"enum": ["error", "warning", "info"], "default": "error"},
                ),
                "environments": _map_of("Environments by name.", _environment()),
                "registries": _field(
                    "Registries (host or host/path) that images may come from; empty for any.", _TEXTS
                ),
                "cpuLimits": _field(
                    "Policy on CPU limits.", {"enum": ["ignore", "require", "forbid"], "default": "ignore"}
                ),
                "rules": _map_of(
                    "Settings by rule id: `severity` and the options of the rule.", {"type": "object"}
                ),
                "schemas": _field("Files or folders with further CRDs.", _TEXTS),
                "podTemplates": _field("Custom resources that own pod templates.", list_of(_pod_template())),
                "exclude": _field("Globs of folders to leave out.", _TEXTS),
                "rego": _rego(),
                "waivers": _field("Accepted findings.", list_of(_waiver())),
            },
        ),
    }


def known_keys(path: tuple[str | int, ...]) -> list[str]:
    """The keys allowed in the mapping at a path; empty if any key is, or if the path leads to no mapping."""
    schema = config_schema()
    for step in path:
        if isinstance(step, int):
            schema = schema.get("items", {})
        else:
            properties = schema.get("properties", {})
            schema = properties.get(step) or schema.get("additionalProperties") or {}
    return list(schema.get("properties", {}))


def _environment() -> JsonObject:
    return _closed(
        "An environment: its overlays and its severities.",
        {
            "paths": _field("Globs of overlay folders, relative to the repository root.", _TEXTS),
            "class": _field(
                "Class, which selects the default severities. Default: suggested by the name, else prod.",
                {"enum": [*(str(each) for each in EnvironmentClass), None]},
            ),
            "gpuBudget": _field(
                "Maximum number of GPUs that the overlays may request together.",
                {"type": ["integer", "null"], "minimum": 0},
            ),
            "severity": _map_of("Severity by rule id, tag or topic, for this environment.", _LEVELS),
        },
        "paths",
    )


def _rego() -> JsonObject:
    return _closed(
        "Policies in Rego, evaluated as conftest does.",
        {
            "policy": _field("Files or folders with Rego policies.", _TEXTS),
            "namespaces": _field("Rego namespaces to evaluate.", {**_TEXTS, "default": ["main"]}),
            "data": _field("Files or folders with data for the policies.", _TEXTS),
        },
    )


def _waiver() -> JsonObject:
    return _closed(
        "An accepted finding.",
        {
            "rule": _field("Rule id.", TEXT),
            "object": _field("`Kind/name` or `Kind/namespace/name`; `*` matches any part.", TEXT),
            "reason": _field("Reason for the waiver.", _WORD),
            "owner": _field("Who is responsible for the waiver.", _WORD),
            "expires": _field("Last day of the waiver, as YYYY-MM-DD.", {"type": "string", "format": "date"}),
            "environments": _field("Only in these environments.", _TEXTS),
        },
        *("rule", "object", "reason", "owner", "expires"),
    )


def _pod_template() -> JsonObject:
    return _closed(
        "A custom resource that owns a pod template.",
        {
            "group": _field("API group of the custom resource.", TEXT),
            "kind": _field("Its kind.", TEXT),
            "path": _field("Path of the pod template, `spec.template`.", TEXT),
        },
        *("group", "kind", "path"),
    )


def _field(description: str, schema: JsonObject) -> JsonObject:
    return {"description": description, **schema}


def _map_of(description: str, values: JsonObject) -> JsonObject:
    return {"description": description, "type": "object", "additionalProperties": values}


def _closed(description: str, properties: JsonObject, *required: str) -> JsonObject:
    """A mapping with these keys and no others."""
    closed = {"description": description, "type": "object", "properties": properties}
    return {**closed, "required": list(required), "additionalProperties": False}
