"""The differences between two renderings of one object, without what belongs to an environment."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol

from kustodian.model.json_value import FieldPath

#: Keys that pair the entries of two lists, tried in this order (the API's merge keys).
_KEYS = (
    "name",
    "mountPath",
    "containerPort",
    "port",
    "key",
    "topologyKey",
    "secretKey",
    "alert",
    "record",
    "type",
)
#: kustomize's content hash (kustomize/api/hasher): ten of these characters.
_HASH = re.compile(r"-[2456789bcdfghkmt]{10}\Z")
#: Lists of command-line words: of `--flag=value` only the flag is compared, since its value is a setting.
_WORDS = ("args", "command")


class Difference(NamedTuple):
    """One difference at `path` of the later object; `names` is the path without list positions.

    A side without the field is None.
    """

    path: FieldPath
    names: tuple[str, ...]
    earlier: Any
    later: Any


class Allowed(Protocol):
    """Decides whether environments may differ in a field."""

    def __call__(self, names: tuple[str, ...], absent: bool) -> bool:
        """Whether the field with these names may differ; `absent` if one side lacks it."""
        ...


class Normalizer:
    """Removes from texts what belongs to an environment: its name, namespace, affixes and content hashes."""

    def __init__(self, words: set[str], namespace: str, prefix: str, suffix: str) -> None:
        """`words` are names of the environment; an empty text means that there is no such value."""
        self.prefix, self.suffix = prefix, suffix
        self.namespace = re.compile(rf"(?<![\w-]){re.escape(namespace)}(?![\w-])") if namespace else None
        either = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True) if word)
        self.words = re.compile(rf"(?<![A-Za-z0-9])(?:{either})(?![A-Za-z0-9])") if either else None

    def text(self, value: str) -> str:
        """The text as it would be in every environment."""
        value = _HASH.sub("", value)
        if self.prefix:
            value = value.removeprefix(self.prefix)
        if self.suffix:
            value = value.removesuffix(self.suffix)
        if self.namespace is not None:
            value = self.namespace.sub("{namespace}", value)
        return self.words.sub("{environment}", value) if self.words is not None else value

    def value(self, value: Any) -> Any:
        """The value with every text in it normalized."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if isinstance(value, dict):
            return {self.text(str(key)): self.value(item) for key, item in value.items()}
        return value


def differences(
    earlier: Any,
    later: Any,
    normalizers: tuple[Normalizer, Normalizer],
    is_allowed: Allowed,
    path: FieldPath = (),
    names: tuple[str, ...] = (),
) -> Iterator[Difference]:
    """The smallest parts that differ and may not."""
    # Identical values are equal even if they contain the name of one of the environments.
    if earlier == later:
        return
    before, after = normalizers
    if names and is_allowed(names, absent=earlier is None or later is None):
        return
    if isinstance(earlier, dict) and isinstance(later, dict):
        left = {before.text(str(key)): key for key in earlier}
        right = {after.text(str(key)): key for key in later}
        for name in [*right, *(n for n in left if n not in right)]:
            at = right.get(name, name)
            old = earlier.get(left[name]) if name in left else None
            new = later.get(right[name]) if name in right else None
            yield from differences(old, new, normalizers, is_allowed, (*path, at), (*names, name))
    elif isinstance(earlier, list) and isinstance(later, list):
        yield from _lists(earlier, later, normalizers, is_allowed, path, names)
    elif before.value(earlier) != after.value(later):
        yield Difference(path, names, earlier, later)


def _lists(
    earlier: list[Any],
    later: list[Any],
    normalizers: tuple[Normalizer, Normalizer],
    is_allowed: Allowed,
    path: FieldPath,
    names: tuple[str, ...],
) -> Iterator[Difference]:
    before, after = normalizers
    if all(isinstance(item, dict) for item in (*earlier, *later)):
        key = next((k for k in _KEYS if _identifies(k, earlier) and _identifies(k, later)), None)
        if key is None and len(earlier) == len(later):
            for index, (old, new) in enumerate(zip(earlier, later, strict=True)):
                yield from differences(old, new, normalizers, is_allowed, (*path, index), names)
            return
        if key is not None:
            left = {before.value(item[key]): item for item in earlier}
            extra = []
            for index, item in enumerate(later):
                partner = left.pop(after.value(item[key]), None)
                if partner is None:
                    extra.append(index)
                else:
                    yield from differences(partner, item, normalizers, is_allowed, (*path, index), names)
            if len(extra) == 1 and not left:
                yield Difference((*path, extra[0]), names, None, later[extra[0]])
            elif extra or left:
                yield Difference(path, names, list(left.values()), [later[index] for index in extra])
            return
    is_words = bool(names) and names[-1] in _WORDS
    old, new = ([norm.value(item) for item in items] for norm, items in ((before, earlier), (after, later)))
    if is_words:
        old, new = _without_flag_values(old), _without_flag_values(new)
        same = [word for word in old if word is not None] == [word for word in new if word is not None]
    else:
        same = sorted(old, key=repr) == sorted(new, key=repr)
    if not same:
        added = [index for index, item in enumerate(new) if item is not None and item not in old]
        yield Difference((*path, added[0]) if added else path, names, earlier, later)


def _without_flag_values(words: list[Any]) -> list[Any]:
    """Command-line words without the values of flags: `--flag=value` becomes `--flag`.

    A word after a flag that is not a flag itself counts as its value and becomes None.
    """
    kept: list[Any] = []
    for index, word in enumerate(words):
        if index and _is_flag(words[index - 1]) and "=" not in words[index - 1] and not _is_flag(word):
            kept.append(None)
        else:
            kept.append(word.partition("=")[0] if _is_flag(word) else word)
    return kept


def _identifies(key: str, items: list[dict[str, Any]]) -> bool:
    values = [item.get(key) for item in items]
    return all(isinstance(v, str | int) for v in values) and len(set(map(str, values))) == len(values)


def _is_flag(word: Any) -> bool:
    return isinstance(word, str) and word.startswith("-")
