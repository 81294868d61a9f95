"""One difference between the rules of a change and those of its base."""

from __future__ import annotations

from typing import NamedTuple

from kustodian.model.finding import Location
from kustodian.model.json_value import FieldPath


class GateChange(NamedTuple):
    """A difference, named by the rule `gate-changed-<kind>`; the message is a sentence without a full stop.

    `path` is a field of the change's configuration, unless `place` is given. A change that `tightens` the
    rules is information. `subject` tells changes of a kind apart.
    """

    kind: str
    message: str
    path: FieldPath = ()
    place: Location | None = None
    tightens: bool = False
    subject: str = ""


def shown(value: object) -> str:
    """A value of the configuration in a message."""
    if isinstance(value, list | tuple):
        return "[" + ", ".join(str(entry) for entry in value) + "]"
    return "nothing" if value is None else str(value)
