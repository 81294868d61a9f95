"""Where two renderings of one object differ, once what belongs to an environment is taken out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from kustodian.model.field_path import FieldPath

#: Keys by which entries of a list are paired, tried in this order (the API's merge keys).
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
#: kustomize's content hash (kustomize/api/hasher): ten of these letters.
_HASH = re.compile(r"-[2456789bcdfghkmt]{10}\Z")
#: Lists of command line words: `--flag=value` counts as the flag, its value as a setting.
_WORDS = ("args", "command")


@dataclass(frozen=True, slots=True)
class Difference:
    """`path` in the later object; `names` leave list positions out; a side without the field is None."""

    path: FieldPath
    names: tuple[str, ...]
    earlier: Any
    later: Any


class Normalizer:
    """Takes an environment's own words out of texts: its name, its namespace, its name prefix, a hash."""

    def __init__(self, words: set[str], namespace: str, prefix: str, suffix: str) -> None:
        """`words` are names of the environment; empty texts mean there is none."""
        self.prefix, self.suffix = prefix, suffix
        self.namespace = re.compile(rf"(?<![\w-]){re.escape(namespace)}(?![\w-])") if namespace else None
        either = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True) if word)
        self.words = re.compile(rf"(?<![A-Za-z0-9])(?:{either})(?![A-Za-z0-9])") if either else None

    def text(self, value: str) -> str:
        """The text as it would be in any environment."""
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
    is_allowed: Callable[[tuple[str, ...]], bool],
    path: FieldPath = (),
    names: tuple[str, ...] = (),
) -> Iterator[Difference]:
    """The smallest parts that differ and are not allowed to."""
    before, after = normalizers
    if names and is_allowed(names):
        return
    if isinstance(earlier, dict) and isinstance(later, dict):
        left = {before.text(str(key)): key for key in earlier}
        right = {after.text(str(key)): key for key in later}
        for name in [*right, *(n for n in left if n not in right)]:
            at = right.get(name, name)
            one = earlier.get(left[name]) if name in left else None
            other = later.get(right[name]) if name in right else None
            yield from differences(one, other, normalizers, is_allowed, (*path, at), (*names, name))
    elif isinstance(earlier, list) and isinstance(later, list):
        yield from _lists(earlier, later, normalizers, is_allowed, path, names)
    elif before.value(earlier) != after.value(later):
        yield Difference(path, names, earlier, later)


def _lists(
    earlier: list[Any],
    later: list[Any],
    normalizers: tuple[Normalizer, Normalizer],
    is_allowed: Callable[[tuple[str, ...]], bool],
    path: FieldPath,
    names: tuple[str, ...],
) -> Iterator[Difference]:
    before, after = normalizers
    if all(isinstance(item, dict) for item in (*earlier, *later)):
        key = next((k for k in _KEYS if _identifies(k, earlier) and _identifies(k, later)), None)
        if key is None and len(earlier) == len(later):
            for index, (one, other) in enumerate(zip(earlier, later, strict=True)):
                yield from differences(one, other, normalizers, is_allowed, (*path, index), names)
            return
        if key is not None:
            left = {before.value(item[key]): item for item in earlier}
            for index, item in enumerate(later):
                one = left.pop(after.value(item[key]), None)
                if one is None:
                    yield Difference((*path, index), names, None, item)
                else:
                    yield from differences(one, item, normalizers, is_allowed, (*path, index), names)
            for item in left.values():
                yield Difference(path, names, item, None)
            return
    is_words = bool(names) and names[-1] in _WORDS
    shapes = [
        [_flag(norm.value(item)) if is_words else norm.value(item) for item in items]
        for norm, items in ((before, earlier), (after, later))
    ]
    if is_words:
        # `--flag value`: a word that follows a flag and is none itself is a setting, like an env value.
        shapes = [
            [w for i, w in enumerate(shape) if not (i and _is_flag(shape[i - 1]) and not _is_flag(w))]
            for shape in shapes
        ]
    else:
        shapes = [sorted(shape, key=repr) for shape in shapes]
    if shapes[0] != shapes[1]:
        yield Difference(path, names, earlier, later)


def _identifies(key: str, items: list[dict[str, Any]]) -> bool:
    values = [item.get(key) for item in items]
    return all(isinstance(v, str | int) for v in values) and len(set(map(str, values))) == len(values)


def _flag(word: Any) -> Any:
    return word.partition("=")[0] if _is_flag(word) else word


def _is_flag(word: Any) -> bool:
    return isinstance(word, str) and word.startswith("-")
