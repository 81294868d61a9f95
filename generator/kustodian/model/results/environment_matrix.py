"""What the environments of one application have in common and where they differ."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Mark(StrEnum):
    """What a row says to somebody who looks for drift."""

    SAME = "same"
    #: Environments differ in it by design: sizes, hosts, quotas.
    VARIES = "varies"
    #: What is tried in one environment is not what runs in another: images, models, policies, secrets.
    DRIFT = "drift"
    #: Some environment lacks what should be everywhere.
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Row:
    """One fact with its value in each environment, in the order of the columns; "" where it is not there.

    `by_design` says that environments may differ in it.
    """

    subject: str
    fact: str
    values: tuple[str, ...]
    by_design: bool = False

    @property
    def differs(self) -> bool:
        """Whether the environments do not agree."""
        return len(set(self.values)) > 1

    @property
    def mark(self) -> Mark:
        """Whether they agree, and if not, how bad that is."""
        if not self.differs:
            return Mark.SAME
        if self.by_design:
            return Mark.VARIES
        return Mark.MISSING if "" in self.values else Mark.DRIFT

    @property
    def is_drift(self) -> bool:
        """Whether somebody should look at it."""
        return self.mark in (Mark.DRIFT, Mark.MISSING)


@dataclass(frozen=True, slots=True)
class EnvironmentMatrix:
    """One application, its overlays as columns; `errors` are (overlay, reason) where one does not render."""

    application: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    errors: tuple[tuple[str, str], ...] = ()
