"""conflicts.yaml: which answers do not go together, for `kustodian new` and for the template's hooks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from string import Formatter
from typing import Any

from kustodian_template.data import read_yaml
from kustodian_template.environments import KEYS, Answers, Settings
from kustodian_template.modules import catalogue

#: The facts that `when` knows beside the answers; conflicts.yaml explains them.
REPOSITORY_FACTS = ("gpu_environments", "shared_domains")
ENVIRONMENT_FACTS = ("name", "namespace_length", "is_addon")


@dataclass(frozen=True)
class Conflict:
    """An entry of conflicts.yaml.

    `reads` are the answers that the entry depends on, the one to blame first. `path` is the answer to change,
    with `{name}` for the environment's name.
    """

    id: str
    alternatives: tuple[Mapping[str, Any], ...]
    sentence: str
    reads: tuple[str, ...]
    path: tuple[str, ...]
    harmless: bool

    def refuses(self, facts: Mapping[str, Any]) -> bool:
        """Whether the answers and facts are refused."""
        return any(
            all(_holds(facts, key, wanted) for key, wanted in alternative.items())
            for alternative in self.alternatives
        )


@dataclass(frozen=True)
class Refusal:
    """A conflict in some answers: the path of the answer to change and what to say about it."""

    conflict: Conflict
    path: tuple[str, ...]
    sentence: str


@dataclass(frozen=True)
class Conflicts:
    """The whole of conflicts.yaml."""

    repository: tuple[Conflict, ...]
    environments: tuple[Conflict, ...]


@cache
def conflicts() -> Conflicts:
    """conflicts.yaml, read once."""
    data = read_yaml("conflicts.yaml")
    return Conflicts(
        repository=tuple(_of_repository(entry) for entry in data["repository"]),
        environments=tuple(_of_environments(entry) for entry in data["environments"]),
    )


def refusals(
    answers: Answers, environments: Mapping[str, Settings], known: frozenset[str] | None = None
) -> Iterator[Refusal]:
    """Every conflict in these answers; with `known`, only those that depend on no other answers."""
    facts = {**answers, **_repository_facts(environments)}
    for conflict in conflicts().repository:
        if (known is None or known.issuperset(conflict.reads)) and conflict.refuses(facts):
            yield Refusal(conflict, conflict.path, conflict.sentence.format_map(facts))
    for name, settings in environments.items():
        own = {**answers, **settings, **_environment_facts(answers, name)}
        for conflict in conflicts().environments:
            if (known is None or known.issuperset(conflict.reads)) and conflict.refuses(own):
                path = tuple(part.format(name=name) for part in conflict.path)
                yield Refusal(conflict, path, conflict.sentence.format_map(own))


def _of_repository(entry: Mapping[str, Any]) -> Conflict:
    names = ("environments" if name in REPOSITORY_FACTS else name for name in _names(entry))
    reads = tuple(dict.fromkeys(names))
    return _conflict(entry, reads, reads[:1])


def _of_environments(entry: Mapping[str, Any]) -> Conflict:
    own = {*KEYS, *ENVIRONMENT_FACTS}
    reads = ("environments", *dict.fromkeys(name for name in _names(entry) if name not in own))
    blames = (entry["blames"],) if "blames" in entry else ()
    return _conflict(entry, reads, ("environments", "{name}", *blames))


def _conflict(entry: Mapping[str, Any], reads: tuple[str, ...], path: tuple[str, ...]) -> Conflict:
    return Conflict(
        id=entry["id"],
        alternatives=_alternatives(entry),
        sentence=entry["sentence"],
        reads=reads,
        path=path,
        harmless=entry.get("harmless", False),
    )


def _alternatives(entry: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    when = entry["when"]
    return tuple(when) if isinstance(when, list) else (when,)


def _names(entry: Mapping[str, Any]) -> Iterator[str]:
    """The answers and facts that an entry names, in its `when` and in its sentence."""
    for alternative in _alternatives(entry):
        yield from alternative
    yield from (field for _, field, _, _ in Formatter().parse(entry["sentence"]) if field)


def _holds(facts: Mapping[str, Any], key: str, wanted: Any) -> bool:
    value = facts[key]
    if not isinstance(wanted, dict):
        return value in wanted if isinstance(wanted, list) else bool(value == wanted)
    ((word, operand),) = wanted.items()
    if word == "not":
        return not _holds(facts, key, operand)
    limit = facts.get(operand, operand)
    return _number(value) < _number(limit) if word == "below" else _number(value) > _number(limit)


def _number(value: object) -> tuple[int, ...]:
    """A number or a version, for comparison."""
    return tuple(int(part) for part in str(value).split("."))


def _repository_facts(environments: Mapping[str, Settings]) -> dict[str, int]:
    domains: Iterable[int] = Counter(settings["domain"] for settings in environments.values()).values()
    return {
        "gpu_environments": sum(settings["gpu"] for settings in environments.values()),
        "shared_domains": sum(count > 1 for count in domains),
    }


def _environment_facts(answers: Answers, name: str) -> dict[str, str | int | bool]:
    addons = {module.name for module in catalogue().addons}
    return {
        "name": name,
        "namespace_length": len(f"{answers['model_name']}-{name}"),
        "is_addon": name in addons or name.startswith("platform-"),
    }
