"""The parameters that an ApplicationSet's generators produce, as far as the repository's files show.

A value that depends on a cluster or a service becomes `UNKNOWN`, which stands for any text.

Source: Argo CD documentation, "ApplicationSet: Generators" and "Go Template",
https://argo-cd.readthedocs.io/en/stable/operator-manual/applicationset/Generators/
"""

from __future__ import annotations

import json
import posixpath
import re
import sys
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from kustodian.model.errors import TooManyParameters
from kustodian.model.json_value import (
    FieldPath,
    JsonObject,
    dig,
    mapping,
    mappings,
    sequence,
    text,
    texts_in,
    whole_number,
)
from kustodian.model.linear_pattern import linear_pattern
from kustodian.model.repository.view import RepositoryView

UNKNOWN = "\0"
#: The most Applications of an ApplicationSet, and the most steps of its generators.
_MOST = 10_000
_MOST_STEPS = 100_000
_TOO_MANY = (
    f"the generators of an ApplicationSet create more than {_MOST:,} Applications, or try more to do so"
)
#: Sorts after whatever may follow the beginning of a name.
_LAST = chr(sys.maxunicode)
#: So few stars take no time in a backtracking matcher, which is faster for short names.
_FEW_STARS = 3
_TAG = re.compile(r"\{\{-?\s*(.*?)\s*-?\}\}", re.DOTALL)
_FIELD = re.compile(r"\.?[A-Za-z_][\w.\[\]-]*\Z")
_INDEX = re.compile(r"index \.([\w.]+) ([0-9]{1,18})\Z")


def parameters(view: RepositoryView, spec: JsonObject) -> list[JsonObject]:
    """The parameter sets of an ApplicationSet's spec; one empty set if nothing is known.

    Raises TooManyParameters for more than 10,000, before they are made.
    """
    files = _Files(view, _needs_content(spec))
    generators = (generator for _, generator in mappings(spec.get("generators")))
    return _bounded(params for generator in generators for params in _of(files, generator, {})) or [{}]


def _bounded(sets: Iterator[JsonObject]) -> list[JsonObject]:
    found = list(islice(sets, _MOST + 1))
    if len(found) > _MOST:
        raise TooManyParameters(_TOO_MANY)
    return found


def files_read(view: RepositoryView, spec: JsonObject) -> list[str]:
    """The YAML files whose content the git generators of an ApplicationSet's spec use, for `prefetch`."""
    files: list[str] = []
    for _, generator in mappings(spec.get("generators")) if _needs_content(spec) else ():
        git = generator.get("git")
        files += git_files(view, git, {}) if isinstance(git, dict) else []
    return [file for file in files if not file.endswith(".json")]


@dataclass(slots=True)
class _Files:
    """The repository of the generators, and whether the content of the files they find is needed.

    `steps` counts what the generators do.
    """

    view: RepositoryView
    with_content: bool
    steps: int = 0

    def step(self) -> None:
        """Count a step. Raises TooManyParameters if there were too many."""
        self.steps += 1
        if self.steps > _MOST_STEPS:
            raise TooManyParameters(_TOO_MANY)


#: Fields of generators with which the content of files decides, or is mixed with their path.
_USES_CONTENT = ("mergeKeys", "pathParamPrefix")


def _needs_content(spec: JsonObject) -> bool:
    """Whether the spec uses the content of a git generator's files and not only their paths.

    `info` is not counted: Argo CD only displays it.
    """
    if any(word in str(spec.get("generators")) for word in _USES_CONTENT):
        return True
    template = mapping(spec.get("template"))
    used = {key: value for key, value in mapping(template.get("spec")).items() if key != "info"}
    texts = texts_in([spec.get("generators"), template.get("metadata"), used])
    fields = (_field(tag) for text in texts if "{{" in text for tag in _TAG.findall(text))
    return any((name or steps) and steps[:1] != ("path",) for name, steps in fields)


def expand(template: str, params: JsonObject) -> str:
    """The text of a template for one parameter set, with `UNKNOWN` for each unknown value."""
    if "{{" not in template:
        return template
    return _TAG.sub(lambda tag: _value(tag.group(1), params), template)


class Expanded(NamedTuple):
    """An expanded text as the parts between unknown values."""

    parts: tuple[str, ...]

    def match(self, text: str) -> bool:
        """Whether it may be this text; each unknown value may be any text."""
        first, *middle = self.parts
        if not middle:
            return text == first
        last = middle.pop()
        if not text.startswith(first) or not text.endswith(last) or len(text) < len(first) + len(last):
            return False
        position, end = len(first), len(text) - len(last)
        for part in middle:
            position = text.find(part, position, end)
            if position < 0:
                return False
            position += len(part)
        return True


def pattern(expanded: str) -> Expanded:
    """The texts that an expanded text may be; `UNKNOWN` matches any text."""
    return Expanded(tuple(expanded.split(UNKNOWN)))


def glob_matches(globs: Iterable[str], excluded: Iterable[str], names: Sequence[str]) -> list[str]:
    """The names that a git generator's patterns match, sorted.

    `*` matches within a segment and `**` across segments (source: the Go library doublestar). `names` must be
    sorted: only those that begin as the pattern does are tried.
    """
    unwanted = [_glob(g) for g in excluded]
    found: set[str] = set()
    for glob in globs:
        wanted, start = _glob(glob), re.split(r"[*?]", glob, maxsplit=1)[0]
        first = bisect_left(names, start)
        candidates = names[first : bisect_left(names, start + _LAST, first)]
        found.update(name for name in candidates if wanted(name))
    return sorted(name for name in found if not any(g(name) for g in unwanted))


def _value(expression: str, params: JsonObject) -> str:
    name, steps = _field(expression)
    found = params.get(name) if name else None
    if found is None and steps:
        found = dig(params, steps)
    return str(found) if isinstance(found, str | int | float) else UNKNOWN


@lru_cache(maxsize=256)
def _field(expression: str) -> tuple[str, FieldPath]:
    """The parameter name with dots, and the steps of the field, that an expression may mean; else empty."""
    index = _INDEX.match(expression)
    if index:
        return "", (*index.group(1).split("."), int(index.group(2)))
    if not _FIELD.match(expression):
        return "", ()
    name = expression.removeprefix(".")
    parts = re.split(r"[.\[\]]+", name.rstrip("]"))
    steps: FieldPath = tuple(s if (n := whole_number(s)) is None else n for s in parts)
    # Without goTemplate {{path}} is the folder itself and {{path[0]}} its first segment.
    if steps == ("path",):
        steps = ("path", "path")
    elif len(steps) == 2 and steps[0] == "path" and isinstance(steps[1], int):
        steps = ("path", "segments", steps[1])
    return name if "." in name else "", steps


def _of(files: _Files, generator: JsonObject, known: JsonObject) -> Iterator[JsonObject]:
    """The parameter sets of one generator; `known` are those of the matrix generator around it."""
    files.step()
    for kind, value in generator.items():
        make = _KINDS.get(kind)
        if make is not None and isinstance(value, dict):
            for params in make(files, value, known):
                files.step()
                extra = {k: expand(text(v), params) for k, v in mapping(value.get("values")).items()}
                yield {**known, **params, **({"values": extra} if extra else {})}


def _list(_: _Files, value: JsonObject, __: JsonObject) -> Iterator[JsonObject]:
    yield from (element for _, element in mappings(value.get("elements")))
    if value.get("elementsYaml"):
        yield {}


def _unknown(_: _Files, __: JsonObject, ___: JsonObject) -> Iterator[JsonObject]:
    yield {}


def _git(files: _Files, value: JsonObject, known: JsonObject) -> Iterator[JsonObject]:
    found, view = False, files.view
    prefix = text(value.get("pathParamPrefix"))
    for folder in git_folders(view, value, known):
        found = True
        yield _path(prefix, folder)
    for file in git_files(view, value, known):
        found = True
        content = _content(view, file) if files.with_content else {}
        yield {**content, **_path(prefix, posixpath.dirname(file), posixpath.basename(file))}
    if not found:
        yield {}


def git_folders(view: RepositoryView, value: JsonObject, known: JsonObject) -> list[str]:
    """The folders that a git directory generator finds, sorted; never hidden ones or the root."""
    wanted, unwanted = _globs(value, "directories", known)
    found = glob_matches(wanted, unwanted, view.sorted_folders)
    return [f for f in found if f != "." and not any(part.startswith(".") for part in f.split("/"))]


def git_files(view: RepositoryView, value: JsonObject, known: JsonObject) -> list[str]:
    """The files that a git file generator finds, sorted."""
    wanted, unwanted = _globs(value, "files", known)
    return glob_matches(wanted, unwanted, view.sorted_files)


def _globs(value: JsonObject, field: str, known: JsonObject) -> tuple[list[str], list[str]]:
    wanted: list[str] = []
    unwanted: list[str] = []
    for _, entry in mappings(value.get(field)):
        glob = expand(text(entry.get("path")), known).replace(UNKNOWN, "**").strip("/")
        (unwanted if entry.get("exclude") is True else wanted).append(glob)
    return wanted, unwanted


def _path(prefix: str, folder: str, file: str = "") -> JsonObject:
    base = posixpath.basename(folder)
    params: JsonObject = {
        "path": folder,
        "basename": base,
        "basenameNormalized": base.replace("_", "-"),
        "segments": folder.split("/"),
        "filename": file,
    }
    return {prefix: {"path": params}} if prefix else {"path": params}


def _content(view: RepositoryView, file: str) -> JsonObject:
    if file.endswith(".json"):
        try:
            return mapping(json.loads(view.read_text(file)))
        except ValueError:
            return {}
    documents = view.load(file)
    return mapping(documents[0]) if documents else {}


def _matrix(files: _Files, value: JsonObject, known: JsonObject) -> Iterator[JsonObject]:
    generators = [generator for _, generator in mappings(value.get("generators"))]
    if len(generators) != 2:
        return
    for first in _of(files, generators[0], known):
        yield from _of(files, generators[1], first)


def _merge(files: _Files, value: JsonObject, known: JsonObject) -> Iterator[JsonObject]:
    generators = [generator for _, generator in mappings(value.get("generators"))]
    keys = [key for key in sequence(value.get("mergeKeys")) if isinstance(key, str)]
    if not generators:
        return
    others = _bounded(params for generator in generators[1:] for params in _of(files, generator, known))
    for params in _of(files, generators[0], known):
        merged = dict(params)
        for other in others:
            files.step()
            if all(other.get(key) == params.get(key) for key in keys):
                merged.update(other)
        yield merged


_KINDS: dict[str, Callable[[_Files, JsonObject, JsonObject], Iterator[JsonObject]]] = {
    "list": _list,
    "git": _git,
    "matrix": _matrix,
    "merge": _merge,
    "clusters": _unknown,
    "clusterDecisionResource": _unknown,
    "scmProvider": _unknown,
    "pullRequest": _unknown,
    "plugin": _unknown,
}


@lru_cache(maxsize=256)
def _glob(glob: str) -> Callable[[str], object]:
    expression = ""
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", glob)
    for part in parts:
        expression += {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}.get(part, re.escape(part))
    if sum("*" in part for part in parts) < _FEW_STARS:
        return re.compile(expression + r"\Z").match
    compiled = linear_pattern(expression)  # a backtracking matcher tries every way to share out a long name
    if compiled is None:
        raise TooManyParameters(f"a pattern of an ApplicationSet is too long: {glob[:50]}…")
    return compiled.fullmatch
