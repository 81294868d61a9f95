"""How bad a finding is: what a comparison of two revisions looks at to tell `unchanged` from `worse`.

A measure has a partial order. Where two values cannot be compared, the later one counts as worse: it is
something that nobody has accepted yet.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

#: The set that includes every member.
EVERYTHING = "*"
#: The most characters of a measure that a report shows.
_SHOWN = 200


class Measure(ABC):
    """The offending value of a finding. `str` shows it, and never a secret."""

    __slots__ = ()

    @abstractmethod
    def is_worse_than(self, before: Measure) -> bool:
        """Whether this is worse than before, or not comparable with it."""


@dataclass(frozen=True, slots=True)
class Amount(Measure):
    """A number of which more is worse; `shown` replaces it in reports, for example where less is worse."""

    value: float | Fraction
    shown: str = ""

    def is_worse_than(self, before: Measure) -> bool:
        """Whether the number is larger."""
        return not isinstance(before, Amount) or self.value > before.value

    def __str__(self) -> str:
        """The number with at most three significant digits after a fraction."""
        return self.shown or f"{float(self.value):g}"


@dataclass(frozen=True, slots=True)
class Exactly(Measure):
    """A value without an order: any other is worse."""

    value: str

    def is_worse_than(self, before: Measure) -> bool:
        """Whether the value is another one."""
        return self != before

    def __str__(self) -> str:
        """The value."""
        return self.value


@dataclass(frozen=True, slots=True)
class Ranked(Measure):
    """A name of which some are worse than others: `order` lists names from harmless to worst.

    A name that is not listed cannot be compared.
    """

    name: str
    order: tuple[str, ...]

    def is_worse_than(self, before: Measure) -> bool:
        """Whether the name is another one, unless it is listed before the earlier one."""
        if not isinstance(before, Ranked):
            return True
        if self.name == before.name:
            return False
        if self.name not in self.order or before.name not in self.order:
            return True
        return self.order.index(self.name) > self.order.index(before.name)

    def __str__(self) -> str:
        """The name."""
        return self.name


@dataclass(frozen=True, slots=True)
class Members(Measure):
    """A set that is worse with any member that it did not have; EVERYTHING includes all members."""

    members: frozenset[str]

    def is_worse_than(self, before: Measure) -> bool:
        """Whether there is a member that the earlier set lacks."""
        if not isinstance(before, Members):
            return True
        return EVERYTHING not in before.members and not self.members <= before.members

    def __str__(self) -> str:
        """The members, sorted."""
        return "everything" if EVERYTHING in self.members else ", ".join(sorted(self.members)) or "none"


@dataclass(frozen=True, slots=True)
class Conditions(Measure):
    """Restrictions that still hold: worse without any that held before."""

    held: frozenset[str]

    def is_worse_than(self, before: Measure) -> bool:
        """Whether an earlier restriction is gone."""
        return not isinstance(before, Conditions) or not before.held <= self.held

    def __str__(self) -> str:
        """The restrictions, sorted."""
        return ", ".join(sorted(self.held)) or "no restriction"


@dataclass(frozen=True, slots=True)
class Below(Measure):
    """A folder or file: worse unless it is the earlier one or inside of it."""

    path: str

    def is_worse_than(self, before: Measure) -> bool:
        """Whether the path leads out of the earlier one."""
        if not isinstance(before, Below) or self == before:
            return self != before
        own, earlier = (_steps(path) for path in (self.path, before.path))
        return ".." in own or own[: len(earlier)] != earlier

    def __str__(self) -> str:
        """The path."""
        return self.path or "an empty path"


@dataclass(frozen=True, slots=True)
class Several(Measure):
    """Measures by name, sorted: worse if any of them is worse or new."""

    parts: tuple[tuple[str, Measure], ...]

    def is_worse_than(self, before: Measure) -> bool:
        """Whether any part is worse, or has no counterpart."""
        if not isinstance(before, Several):
            return True
        earlier = dict(before.parts)
        return any(name not in earlier or part.is_worse_than(earlier[name]) for name, part in self.parts)

    def __str__(self) -> str:
        """`name value`, separated by semicolons."""
        return "; ".join(f"{name} {part}" for name, part in self.parts)


def members(values: Iterable[object]) -> Members:
    """The set of the texts of these values."""
    return Members(frozenset(map(str, values)))


def several(**parts: Measure) -> Several:
    """Measures by name."""
    return Several(tuple(sorted(parts.items())))


def fingerprint(value: object) -> str:
    """16 hex digits that tell one JSON value from another without showing it; its depth does not matter."""
    digest = hashlib.sha256()
    queue = [value]
    while queue:
        item = queue.pop()
        if isinstance(item, dict):
            entries = sorted(item.items(), key=lambda entry: str(entry[0]))
            shown = f"{{{[str(key) for key, _ in entries]}"
            queue += [child for _, child in entries]
        elif isinstance(item, list | tuple):
            shown = f"[{len(item)}"
            queue += item
        else:
            shown = f"{type(item).__name__} {item!r}"
        digest.update(f"{shown}\n".encode("utf-8", "backslashreplace"))
    return digest.hexdigest()[:16]


def hidden(value: object) -> Exactly:
    """A value that no report may show."""
    return Exactly(f"a value with the hash {fingerprint(value)}")


def hidden_entry(name: object, value: object) -> str:
    """A member for an entry whose name may be shown and whose value may not."""
    return f"{name} (hash {fingerprint(value)})"


def was_and_now(before: Measure, now: Measure) -> tuple[str, str]:
    """What a report says of both; of several parts, those that grew worse."""
    if isinstance(before, Several) and isinstance(now, Several):
        earlier = dict(before.parts)
        worse = [name for name, part in now.parts if name in earlier and part.is_worse_than(earlier[name])]
        if worse:
            before, now = (
                Several(tuple((name, part) for name, part in each.parts if name in worse))
                for each in (before, now)
            )
    return _short(str(before)), _short(str(now))


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]} ..."


def _steps(path: str) -> list[str]:
    return [step for step in path.split("/") if step not in ("", ".")]
