"""Careful reading of values that came from YAML and may have any shape.

Rules run on manifests that can be wrong in every way, so they ask for a mapping or a list and get an
empty one where the value is something else; the schema check reports the wrong type.
"""

from __future__ import annotations

from typing import Any, TypeAlias

JsonObject: TypeAlias = dict[str, Any]
#: A path into a JSON value: mapping keys and list indexes.
FieldPath: TypeAlias = tuple[str | int, ...]


def mapping(value: object) -> JsonObject:
    """The value if it is a mapping, else an empty mapping."""
    return value if isinstance(value, dict) else {}


def sequence(value: object) -> list[Any]:
    """The value if it is a list, else an empty list."""
    return value if isinstance(value, list) else []


def mappings(value: object) -> list[tuple[int, JsonObject]]:
    """The mappings of a list, each with its index."""
    return [(index, item) for index, item in enumerate(sequence(value)) if isinstance(item, dict)]


def text(value: object, default: str = "") -> str:
    """The value if it is a string, else the default."""
    return value if isinstance(value, str) else default


def integer(value: object, default: int | None = None) -> int | None:
    """The value if it is an integer (a boolean is none), else the default."""
    return value if isinstance(value, int) and not isinstance(value, bool) else default


def string_map(value: object) -> dict[str, str]:
    """The string-valued entries of a mapping (labels, annotations, node selectors)."""
    return {k: v for k, v in mapping(value).items() if isinstance(v, str)}


def dig(value: object, path: FieldPath) -> Any:
    """The value at `path`, or None where a step is missing or of another type."""
    for part in path:
        if isinstance(part, int):
            if not isinstance(value, list) or not -len(value) <= part < len(value):
                return None
            value = value[part]
        else:
            if not isinstance(value, dict) or part not in value:
                return None
            value = value[part]
    return value


def has(value: object, path: FieldPath) -> bool:
    """Whether every step of `path` exists (its value may be null)."""
    return steps_in(value, path) == len(path)


def steps_in(value: object, path: FieldPath) -> int:
    """How many steps of `path` exist, one after another."""
    for depth, part in enumerate(path):
        if isinstance(part, int):
            if not isinstance(value, list) or not -len(value) <= part < len(value):
                return depth
            value = value[part]
        else:
            if not isinstance(value, dict) or part not in value:
                return depth
            value = value[part]
    return len(path)


def texts_in(value: object) -> list[str]:
    """Every string value at any depth, in no particular order; mapping keys are not included."""
    found: list[str] = []
    queue = [value]
    while queue:
        item = queue.pop()
        if isinstance(item, str):
            found.append(item)
        elif isinstance(item, dict):
            queue.extend(item.values())
        elif isinstance(item, list):
            queue.extend(item)
    return found
