"""Read values from parsed YAML that may have any shape.

Rules run on invalid manifests too. These functions return an empty mapping or list if the value has another
type; the schema check reports that.
"""

from __future__ import annotations

from typing import Any, TypeAlias

JsonObject: TypeAlias = dict[str, Any]
#: A path into a JSON value: mapping keys and list indexes.
FieldPath: TypeAlias = tuple[str | int, ...]
_MISSING = object()
_MOST_DIGITS = 18


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
    """The value if it is an integer and not a boolean, else the default."""
    return value if isinstance(value, int) and not isinstance(value, bool) else default


def whole_number(text: str) -> int | None:
    """The number that 1 to 18 ASCII digits say; None for any other text.

    `str.isdigit` also accepts digits that `int` refuses, and `int` refuses more than 4,300 digits.
    """
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS else None


def string_map(value: object) -> dict[str, str]:
    """The string-valued entries of a mapping (labels, annotations, node selectors)."""
    return {k: v for k, v in mapping(value).items() if isinstance(v, str)}


def dig(value: object, path: FieldPath) -> Any:
    """The value at `path`, or None if a step does not exist."""
    for part in path:
        value = _child(value, part)
        if value is _MISSING:
            return None
    return value


def has(value: object, path: FieldPath) -> bool:
    """Whether `path` exists; its value may be null."""
    return steps_in(value, path) == len(path)


def steps_in(value: object, path: FieldPath) -> int:
    """The number of leading steps of `path` that exist."""
    for depth, part in enumerate(path):
        value = _child(value, part)
        if value is _MISSING:
            return depth
    return len(path)


def _child(value: object, part: str | int) -> Any:
    """The value one step down, _MISSING if there is none."""
    if isinstance(part, int):
        if isinstance(value, list) and -len(value) <= part < len(value):
            return value[part]
        return _MISSING
    return value.get(part, _MISSING) if isinstance(value, dict) else _MISSING


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
