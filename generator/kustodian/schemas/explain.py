"""Translates errors of the schema validator into messages for the author of a manifest."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jsonschema_rs import ValidationError

from kustodian.model.errors import nearest
from kustodian.model.json_value import FieldPath, JsonObject, dig, mapping
from kustodian.model.violation import Violation

_NOUNS = {
    "object": "a mapping",
    "array": "a list",
    "string": "a string",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}


def violations(
    error: ValidationError, data: JsonObject, root: JsonObject, definitions: JsonObject
) -> Iterator[Violation]:
    """The violations in one validation error: one for each unknown field, otherwise one.

    `data` is the validated object, `root` the schema that it violates; `definitions` resolve its `$ref`s.
    """
    path: FieldPath = tuple(error.instance_path)
    value = error.instance
    match error.kind.name:
        case "additionalProperties":
            known = set(mapping(schema_at(root, definitions, path).get("properties")))
            for name in error.kind.value:
                yield Violation((*path, name), _unknown_field(name, known))
        case "falseSchema":
            # For an object that must be empty, the validator reports the object rather than its fields.
            for name in mapping(dig(data, path)):
                yield Violation((*path, name), _unknown_field(name, set()))
        case "required":
            name = str(error.kind.value)
            yield Violation((*path, name), f'field "{name}" is required{_inside(path)}')
        case "type":
            expected = [word for word in error.kind.value if word != "null"]
            yield Violation(path, _wrong_type(path, value, expected))
        case "enum":
            yield Violation(path, _not_one_of(path, value, error.kind.value))
        case "anyOf" | "oneOf":
            yield from _alternatives(error, path)
        case "pattern":
            pattern = str(error.kind.value)
            if pattern == QUANTITY_PATTERN:
                yield Violation(
                    path,
                    f'{_field(path)} is "{value}", which is not a quantity such as "500m" or "2Gi"',
                )
            else:
                yield Violation(path, f"{_field(path)} is {_quoted(value)} and must match {pattern}")
        case "const":
            yield Violation(path, f'{_field(path)} is {_quoted(value)}, not "{error.kind.value}"')
        case "uniqueItems":
            yield Violation(path, f"{_field(path)} lists an entry twice")
        case "minItems" if not value:
            yield Violation(path, f"{_field(path)} must not be empty")
        case _:
            yield Violation(path, f"{_field(path)}: {error.message}")


#: A quantity as the API server parses it: blanks around it are ignored, and the digits may be missing.
_SUFFIX = r"([numkMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]+)"
QUANTITY_PATTERN = (
    rf"^\s*([+-]?[0-9]+(\.[0-9]*)?{_SUFFIX}?|[+-]?\.[0-9]*{_SUFFIX}?|[+-]{_SUFFIX}?|{_SUFFIX})\s*$"
)


def schema_at(root: JsonObject, definitions: JsonObject, path: FieldPath) -> JsonObject:
    """The sub-schema of the value at a path; empty if there is none."""
    # A shipped schema has its own definitions.
    definitions = {**definitions, **mapping(root.get("$defs"))} if "$defs" in root else definitions
    node = _resolved(root, definitions)
    for part in path:
        if isinstance(part, int):
            node = mapping(node.get("items"))
        else:
            properties = mapping(node.get("properties"))
            node = mapping(properties[part] if part in properties else node.get("additionalProperties"))
        node = _resolved(node, definitions)
    return node


def _resolved(node: JsonObject, definitions: JsonObject) -> JsonObject:
    while isinstance(node.get("$ref"), str):
        node = mapping(definitions.get(node["$ref"].rpartition("/")[2]))
    return node


def _unknown_field(name: str, known: set[str]) -> str:
    by_case = {word.lower(): word for word in known}
    guess = by_case.get(name.lower()) or nearest(name, known)
    return f'unknown field "{name}"' + (f', did you mean "{guess}"?' if guess else "")


def _wrong_type(path: FieldPath, value: object, expected: list[str]) -> str:
    nouns = " or ".join(_NOUNS.get(word, word) for word in expected)
    text = f"{_field(path)} must be {nouns}, not {describe(value)}"
    if expected == ["string"] and isinstance(value, (bool, int, float)):
        text += "; put it in quotes"
    return text


def _not_one_of(path: FieldPath, value: object, options: list[Any]) -> str:
    words = [str(option) for option in options if option not in (None, "")]
    text = f"{_field(path)} is {_quoted(value)}, which is not "
    text += f"{words[0]}" if len(words) == 1 else f"one of {', '.join(words)}"
    if isinstance(value, str):
        by_case = {word.lower(): word for word in words}
        guess = by_case.get(value.lower()) or nearest(value, words)
        if guess and guess != value and len(words) > 1:
            text += f'; did you mean "{guess}"?'
    return text


def _alternatives(error: ValidationError, path: FieldPath) -> Iterator[Violation]:
    branches: list[list[ValidationError]] = error.kind.value if isinstance(error.kind.value, list) else []
    required = [
        str(branch[0].kind.value)
        for branch in branches
        if len(branch) == 1 and branch[0].kind.name == "required" and not branch[0].instance_path[len(path) :]
    ]
    if branches and len(required) == len(branches):
        yield Violation(path, f"{_field(path)} needs {_one_of(required)}")
    elif not branches:
        yield Violation(path, f"{_field(path)} combines settings that exclude each other")
    else:
        reasons = dict.fromkeys(branch[0].message for branch in branches if branch)
        yield Violation(path, f"{_field(path)} fits none of the allowed forms: {'; '.join(reasons)}")


def _one_of(names: list[str]) -> str:
    quoted = [f'"{name}"' for name in dict.fromkeys(names)]
    return " or ".join([", ".join(quoted[:-1]), quoted[-1]]) if len(quoted) > 1 else quoted[0]


def _field(path: FieldPath) -> str:
    """The last name of a path: `args[1]`, `replicas`."""
    names = [index for index, part in enumerate(path) if isinstance(part, str)]
    if not names:
        return "the object"
    tail = path[names[-1] :]
    return str(tail[0]) + "".join(f"[{part}]" for part in tail[1:])


def _inside(path: FieldPath) -> str:
    return f" in {_field(path)}" if path else ""


def _quoted(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else describe(value)


def describe(value: object) -> str:
    """A value in words: `the string "3"`, `a list`, `null`."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'the string "{value if len(value) <= 40 else value[:37] + "..."}"'
    if isinstance(value, (int, float)):
        return f"the number {value}"
    return _NOUNS["object"] if isinstance(value, dict) else _NOUNS["array"]
