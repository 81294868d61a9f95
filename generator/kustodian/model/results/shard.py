"""A part of a check that is split into several runs."""

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
        # int() also accepts "+1", " 1" and digits of other scripts.
        if separator and all(part.isascii() and part.isdigit() for part in (index, total)):
            shard = cls(int(index), int(total))
            if 1 <= shard.index <= shard.total:
                return shard
        raise UserError(
            f"`{text}` is not a shard", hint="write --shard INDEX/TOTAL with 1 <= INDEX <= TOTAL, such as 2/5"
        )

    @property
    def is_first(self) -> bool:
        """Whether this part also runs what cannot be split: the rules about the whole repository."""
        return self.index == 1

    def of(self, items: list[_T]) -> list[_T]:
        """The items of this part: each is in exactly one part, and the sizes differ by at most one."""
        return items[self.index - 1 :: self.total]

    def __str__(self) -> str:
        """`2/5`."""
        return f"{self.index}/{self.total}"


@dataclass(frozen=True, slots=True)
class ShardReport:
    """The fields of a part's report from which the parts are merged.

    `run` is the same for all parts of one run: same overlays, rules, version and commit. `fail_on` is the
    configured failing severity. `used_waivers` are the locations (file, line, column; relative to the
    repository root) of the waivers that covered a finding in this part: a waiver is unused only if no part
    used it.
    """

    shard: Shard
    run: str
    fail_on: str
    used_waivers: tuple[tuple[str, int, int], ...] = ()
