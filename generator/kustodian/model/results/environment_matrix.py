"""The facts about an application in each environment."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Mark(StrEnum):
    """The judgement on a row."""

    SAME = "same"
    #: Differs by design: sizes, hosts, quotas.
    VARIES = "varies"
    #: Differs, so that one environment does not test what another runs: images, models, policies, secrets.
    DRIFT = "drift"
    #: Missing in an environment.
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Row:
    """A fact with its value in each environment, in the order of the columns; "" if it is missing there.

    `by_design` says that environments may differ in it.
    """

    subject: str
    fact: str
    values: tuple[str, ...]
    by_design: bool = False

    @property
    def differs(self) -> bool:
        """Whether the values differ."""
        return len(set(self.values)) > 1

    @property
    def mark(self) -> Mark:
        """The judgement on the row."""
        if not self.differs:
            return Mark.SAME
        if self.by_design:
            return Mark.VARIES
        return Mark.MISSING if "" in self.values else Mark.DRIFT

    @property
    def is_drift(self) -> bool:
        """Whether the difference is unintended."""
        return self.mark in (Mark.DRIFT, Mark.MISSING)


@dataclass(frozen=True, slots=True)
class EnvironmentMatrix:
    """An application with its overlays as columns; `errors` are (overlay, reason) where rendering failed."""

    application: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    errors: tuple[tuple[str, str], ...] = ()
