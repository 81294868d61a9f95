"""`kustodian.yaml`: the model, its JSON Schema, and errors at the line that is wrong."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError
from pydantic.alias_generators import to_camel

from kustodian.model.environment import Environment, EnvironmentClass, Severity
from kustodian.model.errors import UserError, nearest
from kustodian.model.field_path import FieldPath
from kustodian.model.finding import FOREIGN_RULES
from kustodian.policy.catalogue import by_id
from kustodian.policy.rule import Option
from kustodian.policy.settings import DEFAULT_VERSION, RuleSettings, Settings

CONFIG_NAME = "kustodian.yaml"
Level = Annotated[
    Literal["error", "warning", "info", "off"],
    # YAML 1.1 reads a bare `off` as false; people mean the word.
    BeforeValidator(lambda value: "off" if value is False else value),
]
Version = Annotated[
    str,
    BeforeValidator(lambda value: str(value) if isinstance(value, float) else value),
    StringConstraints(pattern=r"^1\.\d{1,2}$"),
]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, populate_by_name=True, frozen=True)


class EnvironmentConfig(_Model):
    """One environment: which overlays belong to it and how strict it is."""

    paths: list[str] = Field(description="Globs of overlay folders, relative to the repository root.")
    class_: EnvironmentClass | None = Field(
        None, alias="class", description="Severity column: dev, staging or prod. Default: by name, else prod."
    )
    gpu_budget: int | None = Field(None, ge=0, description="Most GPUs the overlays may ask for together.")
    severity: dict[str, Level] = Field(
        default_factory=dict, description="Severity by rule id, tag or topic, for this environment."
    )


class RegoConfig(_Model):
    """Organisation policies in Rego, evaluated by conftest's own code."""

    policy: list[str] = Field(default_factory=list, description="Files or folders with Rego policies.")
    namespaces: list[str] = Field(
        default_factory=lambda: ["main"], description="Rego namespaces to evaluate."
    )
    data: list[str] = Field(default_factory=list, description="Files or folders with data for the policies.")


class WaiverConfig(_Model):
    """A finding that is accepted, by whom, why and until when."""

    rule: str = Field(description="Rule id.")
    object: str = Field(description="`Kind/name` or `Kind/namespace/name`; `*` matches any part.")
    reason: str = Field(min_length=1, description="Why it is accepted.")
    owner: str = Field(min_length=1, description="Who answers for it.")
    expires: date = Field(description="Last day on which it holds, ISO date.")
    environments: list[str] = Field(default_factory=list, description="Only in these environments.")


class PodTemplateConfig(_Model):
    """A custom resource that owns a pod template."""

    group: str = Field(description="API group of the custom resource.")
    kind: str = Field(description="Its kind.")
    path: str = Field(description="Path of the pod template, `spec.template`.")

    @property
    def field_path(self) -> FieldPath:
        """The path as a tuple."""
        return tuple(self.path.split("."))


class Config(_Model):
    """The whole file."""

    kubernetes_version: Version = Field(DEFAULT_VERSION, description="Kubernetes version of the clusters.")
    profile: Literal["production", "baseline"] = Field(
        "production", description="`baseline` makes every finding milder except what is broken anywhere."
    )
    fail_on: Literal["error", "warning", "info"] = Field(
        "error", description="The mildest severity that makes `check` exit with 1."
    )
    environments: dict[str, EnvironmentConfig] = Field(
        default_factory=dict, description="Environments by name."
    )
    registries: list[str] = Field(
        default_factory=list, description="Hosts (or host/path) that images may come from; empty: any."
    )
    cpu_limits: Literal["ignore", "require", "forbid"] = Field("ignore", description="Policy on CPU limits.")
    rules: dict[str, dict[str, Any]] = Field(
        default_factory=dict, description="Per rule id: `severity` and the rule's own options."
    )
    schemas: list[str] = Field(default_factory=list, description="Files or folders with further CRDs.")
    pod_templates: list[PodTemplateConfig] = Field(
        default_factory=list, description="Custom resources that own pod templates."
    )
    exclude: list[str] = Field(default_factory=list, description="Globs of folders that are not looked at.")
    rego: RegoConfig = Field(default_factory=RegoConfig, description="Organisation policies.")
    waivers: list[WaiverConfig] = Field(default_factory=list, description="Accepted findings.")

    def environment(self, name: str) -> Environment:
        """The environment of that name as a value."""
        given = self.environments[name]
        severities = {
            key: None if level == "off" else Severity.parse(level) for key, level in given.severity.items()
        }
        return Environment(name, given.class_ or class_of(name), given.gpu_budget, severities)

    def settings(self) -> Settings:
        """What the evaluator needs, without schemas."""
        return Settings(
            version=self.kubernetes_version,
            profile=self.profile,
            registries=tuple(self.registries),
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
    try:
        config = Config.model_validate(data if data is not None else {})
    except ValidationError as error:
        raise _first_problem(error, shown, locate) from None
    _check_words(config, shown, locate)
    return config


def _rule_settings(values: dict[str, Any]) -> RuleSettings:
    level = values.get("severity")
    off = level in ("off", False)
    severity = Severity.parse(level) if isinstance(level, str) and not off else None
    options = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items() if k != "severity"}
    return RuleSettings(severity, off, options)


def _first_problem(error: ValidationError, shown: str, locate: Locate) -> UserError:
    problem = error.errors()[0]
    path: FieldPath = tuple(part for part in problem["loc"] if part != "[key]")
    hint = None
    if problem["type"] == "extra_forbidden":
        word = str(path[-1])
        message = f"unknown key `{word}`"
        close = nearest(word, _known_keys(path[:-1]))
        hint = f"did you mean `{close}`?" if close else "see docs/configuration.md for the keys"
    elif problem["type"] == "missing":
        message, path = f"`{path[-1]}` is missing", path[:-1]
    else:
        dotted = ".".join(str(part) for part in path) or "the file"
        message = f"`{dotted}`: {problem['msg'][:1].lower()}{problem['msg'][1:]}"
    return _at(message, path, shown, locate, hint)


def _known_keys(path: Sequence[str | int]) -> list[str]:
    """The keys that the model knows at a path."""
    models: dict[str, type[_Model]] = {
        "environments": EnvironmentConfig,
        "rego": RegoConfig,
        "waivers": WaiverConfig,
        "podTemplates": PodTemplateConfig,
    }
    model = models.get(str(path[0]), Config) if path else Config
    return [f.alias or name for name, f in model.model_fields.items()]


def _at(message: str, path: FieldPath, shown: str, locate: Locate, hint: str | None) -> UserError:
    place = None
    while place is None:
        place = locate(path)
        if not path:
            break
        path = path[:-1]
    line, column = place or (None, None)
    return UserError(message, shown, line, column, hint)


def _check_words(config: Config, shown: str, locate: Locate) -> None:
    """Rule ids, tags and options are words too: a typo in one must not switch anything off in silence."""
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
