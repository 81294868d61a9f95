"""Environments and severities."""

from __future__ import annotations

import fnmatch
import posixpath
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from functools import cache


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
    `severities` are by rule id; None turns the rule off.
    """

    name: str | None = None
    environment_class: EnvironmentClass = EnvironmentClass.PROD
    gpu_budget: int | None = None
    severities: dict[str, Severity | None] = field(default_factory=dict)


def environment_of(folder: str, paths: Mapping[str, Iterable[str]]) -> str | None:
    """The first environment with a path glob that matches the overlay's folder; None if there is none.

    `paths` maps names of environments to globs.
    """
    return next((name for name, globs in paths.items() if matches_any(folder, globs)), None)


def matches_any(folder: str, globs: Iterable[str]) -> bool:
    """Whether one of the globs matches the whole folder path; `*` also matches `/`."""
    return any(_pattern(glob).match(folder) for glob in globs)


@cache
def _pattern(glob: str) -> re.Pattern[str]:
    return re.compile(fnmatch.translate(posixpath.normpath(glob)))
