"""Every pair of answers that go together, in as few repositories as it takes.

`python -m tests.generator.pairwise` makes and checks them all (about seventy, some minutes on one core), each with
its components in another order as well; `python -m tests.generator.pairwise 3/10` every tenth of them, from the third.
The test suite takes a few.
"""

from __future__ import annotations

import random
import sys
import tempfile
from collections.abc import Iterator, Mapping
from itertools import combinations, product
from pathlib import Path
from typing import Final, TypeAlias

from kustodian.scaffold.answers.complete import examine
from kustodian.scaffold.answers.model import Answers
from kustodian.scaffold.answers.questions import questions_of
from tests.generator.assertions import problems
from tests.generator.component_order import order_matters
from tests.generator.repositories import answers_of, make

Row: TypeAlias = dict[str, str]
_Pair: TypeAlias = tuple[tuple[str, str], tuple[str, str]]

#: Environments are an answer as well: the usual three, without prod, names and classes of one's own.
_ENVIRONMENTS: Final[Mapping[str, object]] = {
    "usual": ["dev", "staging", "prod"],
    "no prod": ["dev", "staging"],
    "own": {
        "qa": {},
        "live": {
            "class": "prod",
            "replicas_min": 2,
            "gpu_pool": "NVIDIA-L4",
            "cpu": "4500m",
            "memory": "30Gi",
        },
    },
}
CHOICES: Final[Mapping[str, list[str]]] = {
    "environments": list(_ENVIRONMENTS),
    "kubernetes_version": ["1.34", "1.31", "1.37"],
    **{question.key: list(question.choices) for question in questions_of(Answers) if question.choices},
}


def rows() -> list[dict[str, object]]:
    """Answers that cover every pair of choices that go together; the same rows each time.

    Greedy: a row begins with a pair that is still missing, and each further answer is the one that brings most
    missing pairs. (allpairspy gives up pairs that it cannot complete in the order of the questions.)
    """
    chance = random.Random(0)
    missing = {pair for row in combinations(CHOICES, 2) for pair in pairs(*row)}
    found = []
    for pair in sorted(missing):
        if pair not in missing:
            continue
        row = next(filter(None, (_completed(dict(pair), missing, chance) for _ in range(20))), None)
        if row is not None:  # else the two go together with nothing else
            found.append(row)
            missing -= set(combinations(row.items(), 2))
    return [settings(row) for row in found]


def pairs(one: str, other: str) -> Iterator[_Pair]:
    for choices in product(CHOICES[one], CHOICES[other]):
        yield (one, choices[0]), (other, choices[1])


def _completed(row: Row, missing: set[_Pair], chance: random.Random) -> Row | None:
    """A whole row that begins with this one, its answers in the order of the questions; None at a dead end."""
    if not goes_together(row):
        return None
    for key in chance.sample(list(CHOICES), len(CHOICES)):
        if key in row:
            continue
        choices = [choice for choice in CHOICES[key] if goes_together({**row, key: choice})]
        if not choices:
            return None
        chance.shuffle(choices)
        row[key] = max(choices, key=lambda choice: _brings({**row, key: choice}, key, missing))
    return {key: row[key] for key in CHOICES}


def _brings(row: Row, key: str, missing: set[_Pair]) -> int:
    order = list(CHOICES)
    pairs = (sorted((item, (key, row[key])), key=lambda part: order.index(part[0])) for item in row.items())
    return sum((one, other) in missing for one, other in pairs)


def goes_together(row: Row) -> bool:
    """Whether these answers are accepted, whatever the others are."""
    return not examine(settings(row), frozenset(row))[1]


def settings(row: Row) -> dict[str, object]:
    """The answers that a row stands for."""
    values: dict[str, object] = dict(row)
    if "environments" in row:
        values["environments"] = _ENVIRONMENTS[row["environments"]]
    return values


def main() -> int:
    """Make and check the rows; the exit status is 1 where one has a problem."""
    part, _, parts = (sys.argv[1] if len(sys.argv) > 1 else "1/1").partition("/")
    failed = 0
    chosen = rows()[int(part) - 1 :: int(parts)]
    for number, row in enumerate(chosen, start=1):
        with tempfile.TemporaryDirectory() as folder:
            try:
                repository = make(answers_of(None, row), Path(folder) / "repository")
                found = problems(repository) + order_matters(repository, random.Random(number))
            except Exception as error:  # every row is tried, and each failure told
                found = [f"{type(error).__name__}: {error}"]
        said = " ".join(f"{key}={value}" for key, value in row.items()) if found else ""
        print(f"{number}/{len(chosen)} {'failed' if found else 'ok'} {said}", *found, sep="\n  ", flush=True)
        failed += bool(found)
    print(f"{len(chosen)} repositories, {failed} with problems")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
