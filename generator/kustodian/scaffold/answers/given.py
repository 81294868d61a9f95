"""The answers as given, in an answers file (YAML or JSON), a preset or `--set`, and the place of each."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from kustodian.model.errors import UserError, nearest
from kustodian.repository.source_map import SourceFile, SourceNode
from kustodian.scaffold.answers.environment import DEFAULT_ENVIRONMENTS, spelled_out
from kustodian.scaffold.answers.model import Answers
from kustodian_template.record import VERSION_KEY

_MAX_BYTES: Final = 1_000_000
_HINT: Final = "`kustodian new --print-schema` lists every answer"


@dataclass
class Given:
    """Answers as given, unchecked, and the place of each in the file that it came from."""

    values: dict[str, object] = field(default_factory=dict)
    _places: dict[tuple[str, ...], _Place] = field(default_factory=dict)
    _set: set[tuple[str, ...]] = field(default_factory=set)

    def add_file(self, path: Path, shown: str | None = None) -> None:
        """Add the answers of a file, which replace those already here; `environments` is replaced as a whole.

        Raises UserError if the file cannot be read as one mapping.
        """
        name = shown or str(path)
        try:
            values, places = _read(path, name)
        except RecursionError:
            raise UserError(
                "the answers file is nested too deeply", name, hint="answers are at most three levels deep"
            ) from None
        for key, value in values.items():
            self._forget((key,))
            self._set = {path for path in self._set if path[0] != key}
            self.values[key] = value
        self._places.update(places)

    def set(self, assignment: str) -> None:
        """Set one answer from `key=value` or `environments.NAME.key=value`.

        Raises UserError if the assignment has no `=`, or names an unknown environment.
        """
        key, equals, value = assignment.partition("=")
        path = tuple(key.strip().split("."))
        if not equals or not all(path):
            raise UserError(f"--set {assignment} is not an assignment", hint="write --set key=value")
        if len(path) == 1:
            self.values[path[0]] = value
        elif len(path) == 3 and path[0] == "environments":
            self._environment(path[1], assignment)[path[2]] = value
        else:
            near = nearest(path[0], set(Answers.model_fields))
            raise UserError(
                f"--set {assignment} names no answer",
                hint=f"only environments have answers below them: write {near or 'key'}=value "
                "or environments.NAME.key=value",
            )
        self._forget(path)
        self._set.add(path)

    def place(self, path: tuple[str, ...], *, of_key: bool = False) -> Spot:
        """File, line and column of an answer (of its key or its value).

        An answer that is missing in a file has the place of the mapping that lacks it. The Spot is empty if
        the answer is in no file or was set by `--set`.
        """
        for end in range(len(path), 0, -1):
            if path[:end] in self._set:
                break
            found = self._places.get(path[:end])
            if found is not None:
                line, column = found.key if of_key or end < len(path) else found.value
                return Spot(found.file, line, column)
        return Spot(None, None, None)

    def _environment(self, name: str, assignment: str) -> dict[str, object]:
        environments = spelled_out(self.values.get("environments", list(DEFAULT_ENVIRONMENTS)))
        if not isinstance(environments, dict):
            raise UserError(f"--set {assignment}: environments is not a mapping", hint=_HINT)
        if name not in environments:
            near = nearest(name, {str(key) for key in environments})
            raise UserError(
                f"--set {assignment}: there is no environment {name}",
                hint=(f"did you mean {near}? " if near else "")
                + f"add one with --set environments={','.join([*map(str, environments), name])}",
            )
        said = environments[name]
        own: dict[str, object] = dict(said) if isinstance(said, Mapping) else {}
        self.values["environments"] = {**environments, name: own}
        return own

    def _forget(self, path: tuple[str, ...]) -> None:
        self._places = {known: place for known, place in self._places.items() if known[: len(path)] != path}


@dataclass(frozen=True)
class _Place:
    """1-based line and column of a key and of its value."""

    file: str
    key: tuple[int, int]
    value: tuple[int, int]


@dataclass(frozen=True)
class Spot:
    """The place of an answer; all None if it is in no file."""

    file: str | None
    line: int | None
    column: int | None


def _read(path: Path, shown: str) -> tuple[dict[str, object], dict[tuple[str, ...], _Place]]:
    """The values of an answers file and the place of each."""
    source = _source(path, shown)
    values: object
    if path.suffix == ".json":
        try:
            values = json.loads(source.text)
        except json.JSONDecodeError as error:
            what = f"not valid JSON: {error.msg}"
            raise UserError(what, shown, error.lineno, error.colno, "correct it, or name it .yaml") from None
    else:
        values = _load_yaml(source)
    if not isinstance(values, dict) or len(source.documents) != 1:
        what = "empty" if values is None else "not one mapping of answers"
        raise UserError(f"the answers file is {what}", shown, hint="write key: value lines; " + _HINT)
    values.pop(VERSION_KEY, None)
    return {str(key): value for key, value in values.items()}, dict(_places(source.documents[0], shown, ()))


def _source(path: Path, shown: str) -> SourceFile:
    if path.is_dir() or not path.exists():
        what = "a folder, not an answers file" if path.is_dir() else "no such answers file"
        raise UserError(what, shown, hint="give the path of a YAML or JSON file")
    if path.stat().st_size > _MAX_BYTES:
        raise UserError("the answers file is over 1 MB", shown, hint="give a file of answers")
    return SourceFile.read(path, shown)


def _load_yaml(source: SourceFile) -> object:
    _ = source.documents  # raises UserError if it is not YAML
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an anchor that is used twice is valid
            values: object = YAML(typ="safe", pure=True).load(source.text)
    except MarkedYAMLError as error:  # a repeated key, a tag, a second document
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (None, None)
        problem = str(error.problem or error.context).splitlines()[0]
        raise UserError(
            f"not valid YAML: {problem}", source.shown, line, column, "correct the file"
        ) from None
    except (
        YAMLError,
        ValueError,
    ) as error:  # a character that YAML does not allow; a day that does not exist
        problem = str(error).splitlines()[0]
        raise UserError(f"not valid YAML: {problem}", source.shown, hint="correct the file") from None
    return values


def _places(node: SourceNode, file: str, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], _Place]]:
    """The place of each answer at or below a node; answers are at most three levels deep."""
    for key, child in node.children.items():
        inner = (*path, str(key))
        name = child.key_span or child.span
        value = name if child.text == "" else child.span  # an empty value has no place: show its key
        yield inner, _Place(file, (name.line, name.column), (value.line, value.column))
        if len(inner) < 3:
            yield from _places(child, file, inner)
