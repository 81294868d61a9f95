"""Which answers do not go together, and what to choose instead.

One row a rule. A row is tried once every answer it reads is known, so that a prompt can refuse at once; an
answers file is held against all of them. The sentences are shown to people: each says what to choose instead.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from kustodian.scaffold.answers import Answers, Environment
from kustodian.scaffold.formats import MAX_LABEL


@dataclass(frozen=True)
class Condition:
    """Answers that are refused together.

    `reads` are the answers that it looks at, the one to blame first. `sentence` may use any answer in braces.
    """

    id: str
    reads: tuple[str, ...]
    refused: Callable[[Answers], bool]
    sentence: str


@dataclass(frozen=True)
class EnvironmentCondition:
    """The same for one environment; `sentence` may also use `{name}` and the environment's own answers."""

    id: str
    reads: tuple[str, ...]
    blames: str
    refused: Callable[[Answers, str, Environment], bool]
    sentence: str


@dataclass(frozen=True)
class Refusal:
    """A row that did not hold: which, the path of the answer to change, the sentence, and what it read."""

    id: str
    path: tuple[str, ...]
    sentence: str
    reads: tuple[str, ...]


# An environment of the generated kustodian.yaml beside those of the answers.
_ARGO_CD_NAME: Final = "cluster"

CONDITIONS: Final[tuple[Condition, ...]] = (
    Condition(
        id="accelerator-unused",
        reads=("accelerator", "environments"),
        refused=lambda a: a.accelerator != "none" and not any(e.gpu for e in a.environments.values()),
        sentence="no environment runs on the accelerator: choose accelerator none, "
        "or give one environment gpu true",
    ),
    Condition(
        id="shared-domain",
        reads=("environments", "exposure"),
        refused=lambda a: a.exposure != "cluster-only" and _domain_twice(a),
        sentence="two environments have the same domain: give each its own, such as staging.iris.example.com",
    ),
)

ENVIRONMENT_CONDITIONS: Final[tuple[EnvironmentCondition, ...]] = (
    EnvironmentCondition(
        id="gpu-without-accelerator",
        reads=("environments", "accelerator"),
        blames="gpu",
        refused=lambda a, _, e: e.gpu and a.accelerator == "none",
        sentence="{name} has gpu true but accelerator is none: choose accelerator nvidia, or gpu false",
    ),
    EnvironmentCondition(
        id="replicas-upside-down",
        reads=("environments",),
        blames="replicas_max",
        refused=lambda _, __, e: e.replicas_max < e.replicas_min,
        sentence="{name} may reach {replicas_max} replicas but always runs {replicas_min}: "
        "choose a replicas_max of {replicas_min} or more",
    ),
    EnvironmentCondition(
        id="replicas-range-without-autoscaler",
        reads=("environments", "autoscaling"),
        blames="replicas_max",
        refused=lambda a, _, e: a.autoscaling == "none" and e.replicas_max > e.replicas_min,
        sentence="{name} has a range of replicas but autoscaling is none: choose autoscaling hpa, "
        "or a replicas_max of {replicas_min}",
    ),
    EnvironmentCondition(
        id="single-replica-in-prod",
        reads=("environments",),
        blames="replicas_min",
        refused=lambda _, __, e: e.environment_class == "prod" and e.replicas_min < 2,
        sentence="{name} is of class prod and would be down whenever its one replica moves: "
        "choose a replicas_min of 2 or more, or class staging",
    ),
    EnvironmentCondition(
        id="namespace-too-long",
        reads=("environments", "model_name"),
        blames="",
        refused=lambda a, name, _: len(f"{a.model_name}-{name}") > MAX_LABEL,
        sentence="the namespace {model_name}-{name} would be longer than 63 characters: "
        "choose a shorter model_name or environment name",
    ),
    EnvironmentCondition(
        id="reserved-name",
        reads=("environments",),
        blames="",
        refused=lambda _, name, __: name == _ARGO_CD_NAME,
        sentence="kustodian.yaml keeps the name {name} for the Argo CD manifests: choose another name",
    ),
)


def refusals(answers: Answers, known: frozenset[str] | None = None) -> Iterator[Refusal]:
    """Every row that refuses these answers; with `known`, only rows that read nothing else."""
    values = answers.model_dump(by_alias=True)
    for row in CONDITIONS:
        if (known is None or known.issuperset(row.reads)) and row.refused(answers):
            yield Refusal(row.id, row.reads[:1], row.sentence.format(**values), row.reads)
    for name, environment in answers.environments.items():
        own = {**values, **environment.model_dump(by_alias=True), "name": name}
        for rule in ENVIRONMENT_CONDITIONS:
            if (known is None or known.issuperset(rule.reads)) and rule.refused(answers, name, environment):
                path = ("environments", name, rule.blames) if rule.blames else ("environments", name)
                yield Refusal(rule.id, path, rule.sentence.format(**own), rule.reads)


def _domain_twice(answers: Answers) -> bool:
    return any(count > 1 for count in Counter(e.domain for e in answers.environments.values()).values())
