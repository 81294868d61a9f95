"""Environments and what they ask for."""

from __future__ import annotations

import fnmatch
import posixpath
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from functools import cache


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


def environment_of(folder: str, paths: Mapping[str, Iterable[str]]) -> str | None:
    """The environment of an overlay's folder: the first whose path globs match it."""
    return next((name for name, globs in paths.items() if matches_any(folder, globs)), None)


def matches_any(folder: str, globs: Iterable[str]) -> bool:
    """Whether one of the globs matches a folder; `*` also matches `/`."""
    return any(_pattern(glob).match(folder) for glob in globs)


@cache
def _pattern(glob: str) -> re.Pattern[str]:
    return re.compile(fnmatch.translate(posixpath.normpath(glob)))
