"""What the environments of one application have in common and where they differ."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One fact with its value in each environment, in the order of the columns; "" where it is not there."""

    subject: str
    fact: str
    values: tuple[str, ...]

    @property
    def differs(self) -> bool:
        """Whether the environments do not agree."""
        return len(set(self.values)) > 1

    @property
    def missing(self) -> bool:
        """Whether some environment does not have what another has."""
        return "" in self.values and any(self.values)


@dataclass(frozen=True, slots=True)
class EnvironmentMatrix:
    """One application, its overlays as columns; `errors` are (overlay, reason) where one does not render."""

    application: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    errors: tuple[tuple[str, str], ...] = ()
