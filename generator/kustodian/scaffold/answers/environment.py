"""One environment of a repository: its answers, and the defaults that its class and other answers give it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from kustodian.scaffold.answers.formats import Cpu, DomainName, LabelValue, Memory, Size
from kustodian.scaffold.answers.questions import AskUnless, OneOf
from kustodian_template.answers.formats import MAX_REPLICAS
from kustodian_template.answers.questions import default_environments

DEFAULT_ENVIRONMENTS: Final = tuple(default_environments())

# The defaults by class: cookiecutter.json has one environment of each.
_OF_THE_ENVIRONMENT: Final = ("class", "domain", "gpu_pool")
CLASS_DEFAULTS: Final[Mapping[str, Mapping[str, object]]] = {
    str(settings["class"]): {key: value for key, value in settings.items() if key not in _OF_THE_ENVIRONMENT}
    for settings in default_environments().values()
}

# The defaults where the runtime needs more, whatever the class.
_RUNTIME_SIZES: Final[Mapping[str, Mapping[str, object]]] = {
    # vLLM's image runs on GPUs only, and the weights pass through the server's memory.
    "vllm": {
        "cpu": "4",
        "memory": "24Gi",
        "ephemeral_storage": "8Gi",
        "gpu": True,
        "model_storage_size": "50Gi",
    },
    "triton": {"cpu": "1", "memory": "4Gi", "ephemeral_storage": "2Gi"},
}


def _nothing_required(schema: dict[str, JsonValue]) -> None:
    """Make every answer of an environment optional in an answers file: `filled` adds the defaults."""
    schema.pop("required", None)


class Environment(BaseModel):
    """One environment: a namespace, an overlay and its size."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra=_nothing_required)

    environment_class: Annotated[
        str,
        OneOf(
            {
                "dev": "people try things here; rules are mild",
                "staging": "a rehearsal of prod",
                "prod": "users depend on it; rules are strict",
            }
        ),
    ] = Field(alias="class", description="How strictly the environment is checked")
    domain: Annotated[DomainName, AskUnless("exposure", "cluster-only")] = Field(
        description="Domain of the environment; the model answers at MODEL_NAME.DOMAIN"
    )
    replicas_min: int = Field(ge=1, le=MAX_REPLICAS, description="Replicas that always run")
    replicas_max: Annotated[int, AskUnless("autoscaling", "none")] = Field(
        ge=1, le=MAX_REPLICAS, description="Replicas that the autoscaler may reach"
    )
    cpu: Cpu = Field(description="CPU that each replica requests")
    memory: Memory = Field(description="Memory that each replica requests and may use")
    ephemeral_storage: Size = Field(description="Scratch space on the node that each replica may use")
    gpu: Annotated[bool, AskUnless("accelerator", "none")] = Field(
        description="Whether the model server runs on the accelerator here"
    )
    gpu_pool: Annotated[LabelValue, AskUnless("gpu", False)] = Field(
        "", description="Value of the node label that selects the GPU pool; empty for the platform's own"
    )
    model_storage_size: Annotated[Size, AskUnless("model_storage", "baked-in")] = Field(
        description="Size of the volume that holds the model"
    )


def spelled_out(environments: object) -> object:
    """`dev, prod` and `[dev, prod]` as a mapping of names to empty mappings; any other value as it is."""
    if isinstance(environments, str):
        environments = [name.strip() for name in environments.split(",")]
    if isinstance(environments, list) and all(isinstance(name, str) for name in environments):
        return {name: {} for name in environments}
    return environments


def filled(name: str, given: object, answers: Mapping[str, object]) -> object:
    """One environment's answers, with defaults for those not given."""
    if given is None:
        given = {}
    if not isinstance(given, Mapping):
        return given
    environment_class = given.get("class", name if name in CLASS_DEFAULTS else "staging")
    size = dict(CLASS_DEFAULTS.get(str(environment_class), CLASS_DEFAULTS["staging"]))
    size |= _RUNTIME_SIZES.get(str(answers.get("runtime")), {})
    if answers.get("accelerator") == "none":
        size["gpu"] = False
    if answers.get("autoscaling") == "none":
        size["replicas_max"] = given.get("replicas_min", size["replicas_min"])
    else:
        size["replicas_max"] = _at_least(size["replicas_max"], given.get("replicas_min"))
    domain = str(answers.get("domain"))
    host = domain if name == "prod" else f"{name}.{domain}"
    return {"class": environment_class, **size, "domain": host, **given}


def _at_least(default: object, minimum: object) -> object:
    """The default maximum, raised to the minimum where that is larger."""
    try:
        return max(int(str(default)), int(str(minimum)))
    except ValueError:
        return default
