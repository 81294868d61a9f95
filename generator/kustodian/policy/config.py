"""The configuration file, `kustodian.yaml`, validated against its JSON Schema."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

from kustodian.kubernetes.api_lifecycle import DEFAULT_KUBERNETES_VERSION
from kustodian.model.environment import Environment, EnvironmentClass, Severity
from kustodian.model.errors import UserError, nearest
from kustodian.model.finding import FOREIGN_RULES
from kustodian.model.json_value import FieldPath, JsonObject
from kustodian.policy.catalogue import by_id
from kustodian.policy.rule import Option
from kustodian.policy.settings import RuleSettings, Settings

if TYPE_CHECKING:
    from jsonschema_rs import ValidationError

CONFIG_NAME = "kustodian.yaml"


@dataclass(frozen=True, slots=True)
class EnvironmentConfig:
    """One environment; `paths` are globs of its overlay folders.

    `severity` maps rule ids, tags and topics to a severity or "off".
    """

    paths: list[str]
    environment_class: EnvironmentClass
    gpu_budget: int | None
    severity: dict[str, str]


@dataclass(frozen=True, slots=True)
class RegoConfig:
    """Policies in Rego and their data; paths are relative to the repository root."""

    policy: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ("main",)
    data: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WaiverConfig:
    """A waiver of findings; `expires` is its last day."""

    rule: str
    object: str
    reason: str
    owner: str
    expires: date
    environments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PodTemplateConfig:
    """The path of the pod template in a custom resource."""

    group: str
    kind: str
    field_path: FieldPath


@dataclass(frozen=True, slots=True)
class Config:
    """The whole file; `rules` holds the severity and the options of rules, by rule id."""

    kubernetes_version: str = DEFAULT_KUBERNETES_VERSION
    profile: str = "production"
    fail_on: str = "error"
    environments: dict[str, EnvironmentConfig] = field(default_factory=dict)
    registries: tuple[str, ...] = ()
    cpu_limits: str = "ignore"
    rules: dict[str, JsonObject] = field(default_factory=dict)
    schemas: tuple[str, ...] = ()
    pod_templates: tuple[PodTemplateConfig, ...] = ()
    exclude: tuple[str, ...] = ()
    rego: RegoConfig = field(default_factory=RegoConfig)
    waivers: tuple[WaiverConfig, ...] = ()

    def environment(self, name: str) -> Environment:
        """The environment of that name. Raises KeyError if it is not configured."""
        configured = self.environments[name]
        severities = {
            key: None if level == "off" else Severity.parse(level)
            for key, level in configured.severity.items()
        }
        return Environment(name, configured.environment_class, configured.gpu_budget, severities)

    def settings(self) -> Settings:
        """The settings of the rules, without schemas."""
        return Settings(
            version=self.kubernetes_version,
            profile=self.profile,
            registries=self.registries,
            cpu_limits=self.cpu_limits,
            rules={rule: _rule_settings(values) for rule, values in self.rules.items()},
        )


def class_of(name: str) -> EnvironmentClass:
    """The class that an environment's name suggests; prod if it suggests none."""
    word = name.lower()
    if re.search(r"(^|[-_])(dev|development|sandbox|test|local)([-_]|$)", word):
        return EnvironmentClass.DEV
    if re.search(r"(^|[-_])(staging|stage|stg|qa|uat|preprod)([-_]|$)", word):
        return EnvironmentClass.STAGING
    return EnvironmentClass.PROD


Locate = Callable[[FieldPath], tuple[int, int] | None]


def load_config(data: object, shown: str, locate: Locate = lambda _: None) -> Config:
    """Validate the parsed content of kustodian.yaml.

    `shown` names the file in errors; `locate` returns the line and column of a field. Raises UserError with
    the place, the problem and the closest allowed word.
    """
    source = _Source(shown, locate)
    normalized = _normalized(data)
    problem = _first_problem(normalized, source)
    if problem is not None:
        raise _schema_error(problem, source)
    config = _read(normalized)
    _check_words(config, source)
    return config


class _Source(NamedTuple):
    """The file that is read, for errors at the line of a field."""

    shown: str
    locate: Locate

    def place(self, path: FieldPath) -> tuple[int, int] | None:
        """Line and column of a field, or of its nearest ancestor in the file."""
        place = self.locate(path)
        while place is None and path:
            path = path[:-1]
            place = self.locate(path)
        return place

    def error(self, message: str, path: FieldPath, hint: str | None = None) -> UserError:
        """An error at a field."""
        line, column = self.place(path) or (None, None)
        return UserError(message, self.shown, line, column, hint)

    def unknown(self, what: str, word: str, known: set[str], path: FieldPath) -> UserError:
        """An error for a word that is not among the known ones."""
        close = nearest(word, known)
        hint = f"did you mean `{close}`?" if close else f"known: {', '.join(sorted(known)[:12])}"
        return self.error(f"unknown {what} `{word}`", path, hint)


def _normalized(data: object) -> JsonObject:
    """The data with `off` and 1.34 as text, which YAML 1.1 reads as a boolean and a number."""
    if not isinstance(data, dict):
        return {"": data} if data is not None else {}
    normalized = dict(data)
    if isinstance(data.get("kubernetesVersion"), float):
        normalized["kubernetesVersion"] = str(data["kubernetesVersion"])
    if isinstance(data.get("environments"), dict):
        normalized["environments"] = {name: _with_off(entry) for name, entry in data["environments"].items()}
    return normalized


def _with_off(environment: Any) -> Any:
    if not isinstance(environment, dict) or not isinstance(environment.get("severity"), dict):
        return environment
    levels = {word: "off" if level is False else level for word, level in environment["severity"].items()}
    return {**environment, "severity": levels}


def _read(data: JsonObject) -> Config:
    """The configuration in data that the schema accepts."""
    values: dict[str, Any] = {
        "kubernetes_version": data.get("kubernetesVersion"), "profile": data.get("profile"),
        "fail_on": data.get("failOn"), "cpu_limits": data.get("cpuLimits"), "rules": data.get("rules"),
    }  # fmt: skip
    values |= {key: tuple(data[key]) for key in ("registries", "schemas", "exclude") if key in data}
    rego = {key: tuple(paths) for key, paths in data.get("rego", {}).items()}
    return Config(
        environments={
            name: _environment(name, entry) for name, entry in data.get("environments", {}).items()
        },
        pod_templates=tuple(
            PodTemplateConfig(entry["group"], entry["kind"], tuple(entry["path"].split(".")))
            for entry in data.get("podTemplates", ())
        ),
        rego=RegoConfig(**rego),
        waivers=tuple(_waiver(entry) for entry in data.get("waivers", ())),
        **{key: value for key, value in values.items() if value is not None},
    )


def _environment(name: str, data: JsonObject) -> EnvironmentConfig:
    class_name = data.get("class")
    return EnvironmentConfig(
        data["paths"],
        EnvironmentClass(class_name) if class_name is not None else class_of(name),
        int(data["gpuBudget"]) if data.get("gpuBudget") is not None else None,
        data.get("severity", {}),
    )


def _waiver(data: JsonObject) -> WaiverConfig:
    return WaiverConfig(
        data["rule"], data["object"], data["reason"], data["owner"], date.fromisoformat(data["expires"]),
        tuple(data.get("environments", ())),
    )  # fmt: skip


def _rule_settings(values: dict[str, Any]) -> RuleSettings:
    level = values.get("severity")
    off = level in ("off", False)
    severity = Severity.parse(level) if isinstance(level, str) and not off else None
    options = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items() if k != "severity"}
    return RuleSettings(severity, off, options)


def _first_problem(data: JsonObject, source: _Source) -> ValidationError | None:
    """The violation of the schema that comes first in the file."""
    from jsonschema_rs import validator_for

    from kustodian.policy.config_schema import config_schema

    problems = validator_for(config_schema(), validate_formats=True).iter_errors(data)
    return min(problems, key=lambda problem: source.place(_path(problem)) or (0, 0), default=None)


def _path(problem: ValidationError) -> FieldPath:
    """The path of the invalid field, or of the unknown key."""
    path = tuple(problem.instance_path)
    if problem.kind.name == "additionalProperties":
        return (*path, problem.kind.as_dict()["unexpected"][0])
    return path


def _schema_error(problem: ValidationError, source: _Source) -> UserError:
    """The error for a violation of the schema."""
    from kustodian.policy.config_schema import known_keys

    path, kind = _path(problem), problem.kind.name
    see_docs = "see docs/configuration.md for the keys"
    if path == ("",):
        return source.error("expected a mapping", (), see_docs)
    if kind == "additionalProperties":
        close = nearest(str(path[-1]), known_keys(path[:-1]))
        hint = f"did you mean `{close}`?" if close else see_docs
        return source.error(f"unknown key `{path[-1]}`", path, hint)
    if kind == "required":
        return source.error(f"`{problem.kind.as_dict()['property']}` is missing", path)
    dotted = ".".join(str(part) for part in path)
    if kind == "enum":
        options = [option for option in problem.kind.as_dict()["options"] if option is not None]
        close = nearest(str(problem.instance), options)
        message = f"`{problem.instance}` is not one of {', '.join(options)}"
        return source.error(f"`{dotted}`: {message}", path, f"did you mean `{close}`?" if close else None)
    message = problem.message
    if kind == "pattern":
        example = DEFAULT_KUBERNETES_VERSION
        message = f"`{problem.instance}` is not a Kubernetes version (want {example}, for example)"
    elif kind == "format":
        message = f"`{problem.instance}` is not a date (want YYYY-MM-DD)"
    return source.error(f"`{dotted}`: {message}", path)


def _check_words(config: Config, source: _Source) -> None:
    """Check the names of rules, options and environments: a typo must not switch a check off silently."""
    severities = any(environment.severity for environment in config.environments.values())
    if not (config.rules or config.waivers or severities):
        return  # without importing the rules, which happens while overlays are rendered
    rules = by_id()
    tags = {tag for rule in rules.values() for tag in (*rule.tags, rule.topic)}
    for rule_id, values in config.rules.items():
        if rule_id not in rules:
            raise source.unknown("rule", rule_id, set(rules), ("rules", rule_id))
        _check_rule_settings(rule_id, rules[rule_id].options, values, source)
    for name, environment in config.environments.items():
        for word in environment.severity:
            if word not in rules and word not in tags and not word.startswith(FOREIGN_RULES):
                path: FieldPath = ("environments", name, "severity", word)
                raise source.unknown("rule, tag or topic", word, set(rules) | tags, path)
    for index, waiver in enumerate(config.waivers):
        if waiver.rule not in rules and not waiver.rule.startswith(FOREIGN_RULES):
            raise source.unknown("rule", waiver.rule, set(rules), ("waivers", index, "rule"))
        for position, name in enumerate(waiver.environments):
            if name not in config.environments:
                path = ("waivers", index, "environments", position)
                raise source.unknown("environment", name, set(config.environments), path)


def _check_rule_settings(
    rule_id: str, options: Mapping[str, Option], values: JsonObject, source: _Source
) -> None:
    for name, value in values.items():
        path = ("rules", rule_id, name)
        if name == "severity":
            if value not in ("error", "warning", "info", "off", False):
                raise source.error(f"severity `{value}` is not one of error, warning, info, off", path)
        elif name not in options:
            raise source.unknown(f"option of {rule_id}", name, {"severity", *options}, path)
        else:
            _check_option(options[name], value, path, source)


def _check_option(option: Option, value: object, path: FieldPath, source: _Source) -> None:
    default = option.default
    types: tuple[type, ...]
    if isinstance(default, bool):
        types, noun = (bool,), "true or false"
    elif isinstance(default, int):
        types, noun = (int,), "a whole number"
    elif isinstance(default, float):
        types, noun = (int, float), "a number"
    elif isinstance(default, tuple):
        types, noun = (list,), "a list"
    else:
        types, noun = (str,), "text"
    if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
        raise source.error(f"option `{path[-1]}` must be {noun}", path, option.help)
    if option.choices and value not in option.choices:
        choices = ", ".join(option.choices)
        raise source.error(f"option `{path[-1]}` must be one of {choices}", path, option.help)
