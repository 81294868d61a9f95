"""The answers that describe a repository; every field is one question of `kustodian new`.

The template's cookiecutter.json has each question's help, its choices and its default.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from kustodian.scaffold.answers.environment import DEFAULT_ENVIRONMENTS, Environment, filled, spelled_out
from kustodian.scaffold.answers.formats import (
    DnsLabel,
    DomainName,
    Email,
    GitBranch,
    GitUrl,
    KubernetesVersion,
    ModelName,
    Registry,
    Text,
)
from kustodian.scaffold.answers.questions import AskUnless, asked, one_of
from kustodian_template.answers.formats import MAX_ENVIRONMENTS
from kustodian_template.environments import CLASSES


class Answers(BaseModel):
    """The answers of `kustodian new`, in the order of its questions."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    repo_name: DnsLabel = asked("repo_name")
    model_name: ModelName = asked("model_name")
    team: DnsLabel = asked("team")
    owner: Email = asked("owner")
    description: Text = asked("description")
    registry: Registry = asked("registry")
    domain: Annotated[DomainName, AskUnless("exposure", "cluster-only")] = asked("domain")
    repo_url: GitUrl = asked("repo_url")
    git_branch: GitBranch = asked("git_branch")
    kubernetes_version: KubernetesVersion = asked("kubernetes_version")

    runtime: Annotated[str, one_of("runtime")] = asked("runtime")
    package_env: Annotated[str, one_of("package_env")] = asked("package_env")
    accelerator: Annotated[str, one_of("accelerator")] = asked("accelerator")
    platform: Annotated[str, one_of("platform")] = asked("platform")
    exposure: Annotated[str, one_of("exposure")] = asked("exposure")
    model_storage: Annotated[str, one_of("model_storage")] = asked("model_storage")
    autoscaling: Annotated[str, one_of("autoscaling")] = asked("autoscaling")
    rollout: Annotated[str, one_of("rollout")] = asked("rollout")
    mesh: Annotated[str, one_of("mesh")] = asked("mesh")
    monitoring: Annotated[str, one_of("monitoring")] = asked("monitoring")
    tracing: Annotated[str, one_of("tracing")] = asked("tracing")
    logging: Annotated[str, one_of("logging")] = asked("logging")
    pipeline: Annotated[str, one_of("pipeline")] = asked("pipeline")
    model_registry: Annotated[str, one_of("model_registry")] = asked("model_registry")
    cache: Annotated[str, one_of("cache")] = asked("cache")
    helm_chart: Annotated[str, one_of("helm_chart")] = asked("helm_chart")
    secrets: Annotated[str, one_of("secrets")] = asked("secrets")
    image_scan: Annotated[str, one_of("image_scan")] = asked("image_scan")
    ci: Annotated[str, one_of("ci")] = asked("ci")
    backup: Annotated[str, one_of("backup")] = asked("backup")
    clusters: Annotated[str, one_of("clusters")] = asked("clusters")
    batch_quota: Annotated[str, one_of("batch_quota")] = asked("batch_quota")
    vpa: Annotated[str, one_of("vpa")] = asked("vpa")

    environments: dict[DnsLabel, Environment] = Field(
        default_factory=lambda: {name: {} for name in DEFAULT_ENVIRONMENTS},
        validate_default=True,
        min_length=1,
        max_length=MAX_ENVIRONMENTS,
        description="Environments; a list of names takes the defaults of each",
    )

    def values(self) -> dict[str, Any]:
        """The answers with the keys of an answers file."""
        return self.model_dump(by_alias=True)

    @field_validator("environments", mode="before")
    @classmethod
    def _fill_environments(cls, value: object, info: ValidationInfo) -> object:
        """Fill in the defaults of each environment, from its class and the answers before it."""
        value = spelled_out(value)
        if not isinstance(value, Mapping):
            return value
        return {name: filled(str(name), given, info.data) for name, given in value.items()}

    @field_validator("environments")
    @classmethod
    def _in_order_of_promotion(cls, value: dict[str, Environment]) -> dict[str, Environment]:
        """Sort by class (dev, staging, prod); keep the order within a class."""
        return dict(sorted(value.items(), key=lambda item: CLASSES.index(item[1].environment_class)))
