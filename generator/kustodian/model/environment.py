"""Environments and what they ask for."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum


class Severity(IntEnum):
    """How bad a finding is; comparable."""

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
    """Which column of the severity table an environment uses."""

    DEV = "dev"
    STAGING = "staging"
    PROD = "prod"


@dataclass(frozen=True, slots=True)
class Environment:
    """A named environment; `name` is None for an overlay outside every environment (checked as prod).

    `gpu_budget` is the most GPUs that its overlays may ask for together, None for no limit.
    """

    name: str | None = None
    environment_class: EnvironmentClass = EnvironmentClass.PROD
    gpu_budget: int | None = None
    severities: dict[str, Severity | None] = field(default_factory=dict)
