"""`kustodian.yaml`: its values, and errors at the line that is wrong.

It is read in every run, so that its shape is checked by the same fast validator as manifests are, against the
published JSON Schema.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from kustodian.model.environment import Environment, EnvironmentClass, Severity
from kustodian.model.errors import UserError, nearest
from kustodian.model.finding import FOREIGN_RULES
from kustodian.model.json_value import FieldPath, JsonObject
from kustodian.policy.catalogue import by_id
from kustodian.policy.rule import Option
from kustodian.policy.settings import DEFAULT_VERSION, RuleSettings, Settings

if TYPE_CHECKING:
    from jsonschema_rs import ValidationError

CONFIG_NAME = "kustodian.yaml"


@dataclass(frozen=True, slots=True)
class EnvironmentConfig:
    """One environment: globs of its overlay folders, and how strict it is (a severity, "off" for none)."""

    paths: list[str]
    environment_class: EnvironmentClass
    gpu_budget: int | None
    severity: dict[str, str]


@dataclass(frozen=True, slots=True)
class RegoConfig:
    """Organisation policies in Rego, evaluated by conftest's own code; paths relative to the root."""

    policy: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ("main",)
    data: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WaiverConfig:
    """A finding that is accepted, by whom, why and until when (the last day on which it holds)."""

    rule: str
    object: str
    reason: str
    owner: str
    expires: date
    environments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PodTemplateConfig:
    """A custom resource that owns a pod template, and the template's path."""

    group: str
    kind: str
    field_path: FieldPath


@dataclass(frozen=True, slots=True)
class Config:
    """The whole file; `rules` are its settings and options by rule id, lists as they were written."""

    kubernetes_version: str = DEFAULT_VERSION
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
        """The environment of that name as a value."""
        given = self.environments[name]
        severities = {
            key: None if level == "off" else Severity.parse(level) for key, level in given.severity.items()
        }
        return Environment(name, given.environment_class, given.gpu_budget, severities)

    def settings(self) -> Settings:
        """What the evaluator needs, without schemas."""
        return Settings(
            version=self.kubernetes_version,
            profile=self.profile,
            registries=self.registries,
            cpu_limits=self.cpu_limits,
            rules={rule: _rule_settings(values) for rule, values in self.rules.items()},
        )


def class_of(name: str) -> EnvironmentClass:
    """The severity column an environment's name suggests; anything unknown is held to prod's."""
    word = name.lower()
    if re.search(r"(^|[-_])(dev|development|sandbox|test|local)([-_]|$)", word):
        return EnvironmentClass.DEV
    if re.search(r"(^|[-_])(staging|stage|stg|qa|uat|preprod)([-_]|$)", word):
        return EnvironmentClass.STAGING
    return EnvironmentClass.PROD


Locate = Callable[[FieldPath], tuple[int, int] | None]


def load_config(data: object, shown: str, locate: Locate = lambda _: None) -> Config:
    """Validate the parsed content of kustodian.yaml.

    `locate` gives line and column of a path (asked only where something is wrong). Raises UserError with
    the place, what is wrong and the nearest known word.
    """
    meant = _as_meant(data)
    if problem := _first_problem(meant, locate):
        raise _explained(problem, shown, locate)
    config = _read(meant)
    _check_words(config, shown, locate)
    return config


def _as_meant(data: object) -> JsonObject:
    """The file with what YAML 1.1 reads as something else: `off` is no boolean here, 1.34 no number."""
    if not isinstance(data, dict):
        return {"": data} if data is not None else {}
    meant = dict(data)
    if isinstance(meant.get("kubernetesVersion"), float):
        meant["kubernetesVersion"] = str(meant["kubernetesVersion"])
    if isinstance(meant.get("environments"), dict):
        meant["environments"] = {name: _with_off(given) for name, given in meant["environments"].items()}
    return meant


def _with_off(environment: Any) -> Any:
    if not isinstance(environment, dict) or not isinstance(environment.get("severity"), dict):
        return environment
    levels = {word: "off" if level is False else level for word, level in environment["severity"].items()}
    return {**environment, "severity": levels}


def _read(data: JsonObject) -> Config:
    """The values of a file that is as the schema says."""
    given: dict[str, Any] = {
        "kubernetes_version": data.get("kubernetesVersion"), "profile": data.get("profile"),
        "fail_on": data.get("failOn"), "cpu_limits": data.get("cpuLimits"), "rules": data.get("rules"),
    }  # fmt: skip
    given |= {key: tuple(data[key]) for key in ("registries", "schemas", "exclude") if key in data}
    rego = {key: tuple(values) for key, values in data.get("rego", {}).items()}
    return Config(
        environments={name: _environment(name, each) for name, each in data.get("environments", {}).items()},
        pod_templates=tuple(
            PodTemplateConfig(each["group"], each["kind"], tuple(each["path"].split(".")))
            for each in data.get("podTemplates", ())
        ),
        rego=RegoConfig(**rego),
        waivers=tuple(_waiver(each) for each in data.get("waivers", ())),
        **{key: value for key, value in given.items() if value is not None},
    )


def _environment(name: str, data: JsonObject) -> EnvironmentConfig:
    given = data.get("class")
    return EnvironmentConfig(
        data["paths"],
        EnvironmentClass(given) if given is not None else class_of(name),
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


def _first_problem(data: JsonObject, locate: Locate) -> ValidationError | None:
    """What is wrong first in the file."""
    from jsonschema_rs import validator_for

    from kustodian.policy.config_schema import config_schema

    problems = validator_for(config_schema(), validate_formats=True).iter_errors(data)
    return min(problems, key=lambda problem: _place(_path(problem), locate) or (0, 0), default=None)


def _path(problem: ValidationError) -> FieldPath:
    """The field that is wrong; of a key that nobody knows, the key."""
    path = tuple(problem.instance_path)
    if problem.kind.name == "additionalProperties":
        return (*path, problem.kind.as_dict()["unexpected"][0])
    return path


def _explained(problem: ValidationError, shown: str, locate: Locate) -> UserError:
    from kustodian.policy.config_schema import known_keys

    path, kind = _path(problem), problem.kind.name
    if kind == "additionalProperties":
        word = str(path[-1])
        if not word:
            return _at("it is no mapping", (), shown, locate, "see docs/configuration.md for the keys")
        close = nearest(word, known_keys(path[:-1]))
        help_ = f"did you mean `{close}`?" if close else "see docs/configuration.md for the keys"
        return _at(f"unknown key `{word}`", path, shown, locate, help_)
    if kind == "required":
        return _at(f"`{problem.kind.as_dict()['property']}` is missing", path, shown, locate, None)
    dotted, said = ".".join(str(part) for part in path), problem.message
    hint: str | None = None
    if kind == "enum":
        options = [option for option in problem.kind.as_dict()["options"] if option is not None]
        close = nearest(str(problem.instance), options)
        said, hint = f"none of {', '.join(options)}", f"did you mean `{close}`?" if close else None
    elif kind == "pattern":
        said = f"`{problem.instance}` is no version such as {DEFAULT_VERSION}"
    return _at(f"`{dotted}`: {said}", path, shown, locate, hint)


def _at(message: str, path: FieldPath, shown: str, locate: Locate, hint: str | None) -> UserError:
    line, column = _place(path, locate) or (None, None)
    return UserError(message, shown, line, column, hint)


def _place(path: FieldPath, locate: Locate) -> tuple[int, int] | None:
    """Where a field stands, or what is above it."""
    place = locate(path)
    while place is None and path:
        path = path[:-1]
        place = locate(path)
    return place


def _check_words(config: Config, shown: str, locate: Locate) -> None:
    """Rule ids, tags and options are words too: a typo in one must not switch anything off in silence."""
    severities = any(environment.severity for environment in config.environments.values())
    if not (config.rules or config.waivers or severities):
        return  # no rule has to be known: they are loaded while overlays are rendered
    rules = by_id()
    tags = {tag for rule in rules.values() for tag in (*rule.tags, rule.topic)}
    for rule_id, values in config.rules.items():
        if rule_id not in rules:
            raise _unknown("rule", rule_id, set(rules), ("rules", rule_id), shown, locate)
        options = rules[rule_id].options
        for name, value in values.items():
            path: FieldPath = ("rules", rule_id, name)
            if name == "severity":
                if value not in ("error", "warning", "info", "off", False):
                    raise _at(
                        f"severity `{value}` is none of error, warning, info, off", path, shown, locate, None
                    )
            elif name not in options:
                known = {"severity", *options}
                raise _unknown(f"option of {rule_id}", name, known, path, shown, locate)
            else:
                _check_option(options[name], value, path, shown, locate)
    for name, environment in config.environments.items():
        for word in environment.severity:
            if word not in rules and word not in tags and not word.startswith(FOREIGN_RULES):
                path = ("environments", name, "severity", word)
                raise _unknown("rule, tag or topic", word, set(rules) | tags, path, shown, locate)
    for index, waiver in enumerate(config.waivers):
        if waiver.rule not in rules and not waiver.rule.startswith(FOREIGN_RULES):
            raise _unknown("rule", waiver.rule, set(rules), ("waivers", index, "rule"), shown, locate)
        for position, name in enumerate(waiver.environments):
            if name not in config.environments:
                path = ("waivers", index, "environments", position)
                raise _unknown("environment", name, set(config.environments), path, shown, locate)


def _check_option(option: Option, value: object, path: FieldPath, shown: str, locate: Locate) -> None:
    default = option.default
    wanted: tuple[type, ...]
    if isinstance(default, bool):
        wanted, word = (bool,), "true or false"
    elif isinstance(default, int):
        wanted, word = (int,), "a whole number"
    elif isinstance(default, float):
        wanted, word = (int, float), "a number"
    elif isinstance(default, tuple):
        wanted, word = (list,), "a list"
    else:
        wanted, word = (str,), "text"
    if not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted):
        raise _at(f"option `{path[-1]}` wants {word}", path, shown, locate, option.help)
    if option.choices and value not in option.choices:
        choices = ", ".join(option.choices)
        raise _at(f"option `{path[-1]}` is none of {choices}", path, shown, locate, option.help)


def _unknown(what: str, word: str, known: set[str], path: FieldPath, shown: str, locate: Locate) -> UserError:
    close = nearest(word, known)
    hint = f"did you mean `{close}`?" if close else f"known: {', '.join(sorted(known)[:12])}"
    return _at(f"unknown {what} `{word}`", path, shown, locate, hint)
