"""Field paths as text: one writer, and a reader for each notation that names a field."""

from __future__ import annotations

import re
from functools import cache

from kustodian.model.json_value import FieldPath, JsonObject, dig, whole_number

_PLAIN_KEY = re.compile(r"[A-Za-z_$][A-Za-z0-9_$-]*\Z")
_WRITTEN = re.compile(r"\[([0-9]{1,18})\]|\[\"([^\"]*)\"\]|([^.\[\]]+)")
_API_SERVER = re.compile(
    r"\.?([A-Za-z0-9_$-]+)|\[([0-9]{1,18})\]|\[\"?([^\]=\"]+)\"?(?:=\"?([^\]\"]+)\"?)?\]"
)


@cache
def format_path(path: FieldPath) -> str:
    """`spec.containers[0].image`; keys with dots or slashes are quoted: `labels["app.io/name"]`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif _PLAIN_KEY.match(part):
            text += f".{part}" if text else part
        else:
            escaped = part.replace("\\", "\\\\").replace('"', '\\"')
            text += f'["{escaped}"]'
    return text


@cache
def parse_path(written: str) -> FieldPath:
    """The path that `format_path` writes; escapes in quoted keys are not undone."""
    return tuple(
        int(index) if index else plain or quoted for index, quoted, plain in _WRITTEN.findall(written)
    )


def parse_api_server_path(written: str, data: JsonObject) -> FieldPath:
    """The path of a field of `data` as the API server names it: `.spec.containers[name="a"].image`.

    It ends with the first step that the object does not have, and is empty if that is the very first.
    """
    path: list[str | int] = []
    value: object = data
    for match in _API_SERVER.finditer(written):
        key, index, name, item_value = match.groups()
        step: str | int
        if index is not None:
            step = int(index)
        elif item_value is not None and isinstance(value, list):
            positions = (n for n, item in enumerate(value) if _has(item, name, item_value))
            position = next(positions, None)
            if position is None:
                break
            step = position
        else:
            step = key or name
        value = dig(value, (step,))
        if value is None and not path:
            break  # not a path into this object
        path.append(step)
        if value is None:
            break
    return tuple(path)


def _has(item: object, key: str, value: str) -> bool:
    return isinstance(item, dict) and str(item.get(key)) == value


def split_kustomize_path(written: str) -> tuple[str, ...]:
    """The steps of a `fieldPath` of a kustomization, as in `spec.containers.[name=server].image`.

    A dot inside brackets or after a backslash does not split (sigs.k8s.io/kustomize/kyaml/utils,
    `SmarterPathSplitter`).
    """
    steps, current = [], ""
    escaped, depth = False, 0
    for character in written:
        if escaped:
            current += character
            escaped = False
        elif character == "\\":
            escaped = True
        elif character == "." and not depth:
            steps.append(current)
            current = ""
        else:
            depth += (character == "[") - (character == "]")
            current += character
    return (*steps, current)


def parse_json_pointer(pointer: str, data: JsonObject) -> FieldPath:
    """The path in `data` that a JSON pointer (RFC 6901) names; `-` is the last item of a list.

    The object is the patched one: what a JSON patch appended at `-` is its last item.
    """
    path: FieldPath = ()
    for raw in pointer.split("/")[1:]:
        step = raw.replace("~1", "/").replace("~0", "~")
        value = dig(data, path)
        if isinstance(value, list) and step == "-":
            path = (*path, len(value) - 1)
        elif isinstance(value, list) and (index := whole_number(step)) is not None:
            path = (*path, index)
        else:
            path = (*path, step)
    return path
