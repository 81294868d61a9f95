"""One part of a check that is split over several runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from kustodian.model.errors import UserError

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Shard:
    """Part `index` (1-based) of `total`."""

    index: int
    total: int

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Read `2/5`. Raises UserError for anything else."""
        index, separator, total = text.partition("/")
        # int() would take "+1", " 1" and digits of other scripts, too.
        if separator and all(part.isascii() and part.isdigit() for part in (index, total)):
            shard = cls(int(index), int(total))
            if 1 <= shard.index <= shard.total:
                return shard
        raise UserError(
            f"`{text}` is no shard", hint="write --shard INDEX/TOTAL with 1 <= INDEX <= TOTAL: 2/5"
        )

    @property
    def is_first(self) -> bool:
        """Whether this part also does what cannot be split: the rules about the whole repository."""
        return self.index == 1

    def of(self, items: list[_T]) -> list[_T]:
        """This part's share: every item is in exactly one part, and the parts differ by one at most."""
        return items[self.index - 1 :: self.total]

    def __str__(self) -> str:
        """`2/5`."""
        return f"{self.index}/{self.total}"


@dataclass(frozen=True, slots=True)
class ShardReport:
    """What a part's report says so that the parts can be merged.

    `run` is the same in all parts of one run: same overlays, rules, version and commit. `fail_on` is the
    configured failing severity. `used_waivers` are the places (file, line, column; relative to the
    repository root) of the waivers that covered something here: a waiver is unused only where no part
    used it.
    """

    shard: Shard
    run: str
    fail_on: str
    used_waivers: tuple[tuple[str, int, int], ...] = ()
