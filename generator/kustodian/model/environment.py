"""Environments and severities."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum


class Severity(IntEnum):
    """The severity of a finding; INFO < WARNING < ERROR."""

    INFO = 1
    WARNING = 2
    ERROR = 3

    def __str__(self) -> str:
        """Lower case, as in the JSON contract."""
        return self.name.lower()

    @classmethod
    def parse(cls, word: str) -> Severity:
        """Read `error`, `warning` or `info`. Raises KeyError for another word."""
        return cls[word.upper()]


class EnvironmentClass(StrEnum):
    """The class of an environment, which selects the default severities of rules."""

    DEV = "dev"
    STAGING = "staging"
    PROD = "prod"


@dataclass(frozen=True, slots=True)
class Environment:
    """An environment; `name` is None for overlays outside of every environment, which are checked as prod.

    `gpu_budget` is the maximum number of GPUs that its overlays may request together, None for no limit.
    """

    name: str | None = None
    environment_class: EnvironmentClass = EnvironmentClass.PROD
    gpu_budget: int | None = None
    severities: dict[str, Severity | None] = field(default_factory=dict)
