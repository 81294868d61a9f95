"""Pairs the findings of two revisions, so that a finding that grew worse is not taken for an old one."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Iterable, Sequence

from kustodian.model.finding import Finding, Worsening
from kustodian.model.measure import Exactly, Measure, was_and_now

#: Of more findings in one place, only the equal ones are paired, so that time stays linear.
_MOST_COMPARED = 200
_NO_DEGREES = Exactly("no such value")


def match(
    now: Sequence[Finding], before: Sequence[Finding]
) -> tuple[list[tuple[Finding, Finding | None]], list[Finding]]:
    """Each finding with the one that it was, or None; and the earlier ones that nothing continues.

    A finding continues one with its fingerprint, or one elsewhere in the same list if it is no worse: items
    may have changed places. Equal measures are paired first, then those that are no worse, then the rest.
    """
    pairs = _Pairs(now, before)
    pairs.join(lambda finding: (finding.fingerprint, finding.measure))
    pairs.join(lambda finding: (finding.list_place, finding.measure) if _moved(finding) else None)
    pairs.join(lambda finding: finding.fingerprint, no_worse=True)
    pairs.join(lambda finding: finding.list_place if _moved(finding) else None, no_worse=True)
    pairs.join(lambda finding: finding.fingerprint)
    return [(finding, pairs.earlier.get(id(finding))) for finding in now], pairs.unmatched


def is_worse(now: Finding, before: Finding) -> bool:
    """Whether a finding is worse than the one that it was."""
    if now.measure is None:
        return before.measure is not None
    return before.measure is None or now.measure.is_worse_than(before.measure)


def worsening(now: Finding, before: Finding) -> Worsening:
    """What both were."""
    return Worsening(*was_and_now(_measure(before), _measure(now)))


def _measure(finding: Finding) -> Measure:
    return finding.measure or _NO_DEGREES


def _no_worse_at(finding: Finding, candidates: deque[Finding]) -> int | None:
    """The position of the least bad candidate that the finding is no worse than."""
    if len(candidates) > _MOST_COMPARED:
        return None
    best: int | None = None
    for at, each in enumerate(candidates):
        if not is_worse(finding, each) and (best is None or is_worse(candidates[best], each)):
            best = at
    return best


def _moved(finding: Finding) -> bool:
    """Whether a finding is known by its measure wherever in a list it is."""
    return finding.measure is not None and bool(finding.list_place)


class _Pairs:
    """The pairs so far: `earlier` by the id of the later finding."""

    def __init__(self, now: Iterable[Finding], before: Iterable[Finding]) -> None:
        self.earlier: dict[int, Finding] = {}
        self.unmatched = list(before)
        self._left = list(now)

    def join(self, key: Callable[[Finding], Hashable | None], *, no_worse: bool = False) -> None:
        """Pair findings with an equal key, in order; None is no key."""
        if not self._left or not self.unmatched:
            return
        waiting: dict[Hashable, deque[Finding]] = defaultdict(deque)
        for finding in self.unmatched:
            if (value := key(finding)) is not None:
                waiting[value].append(finding)
        left, taken = [], set[int]()
        for finding in self._left:
            candidates = waiting.get(key(finding), deque())
            position = _no_worse_at(finding, candidates) if no_worse else 0
            if position is None or not candidates:
                left.append(finding)
                continue
            chosen = candidates[position]
            del candidates[position]
            taken.add(id(chosen))
            self.earlier[id(finding)] = chosen
        self._left = left
        self.unmatched = [finding for finding in self.unmatched if id(finding) not in taken]
