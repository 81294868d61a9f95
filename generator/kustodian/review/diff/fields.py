"""The fields in which two objects differ."""

from __future__ import annotations

import json
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Any

from kustodian.model.results.difference import ABSENT, FieldChange
from kustodian.repository.source_map import MERGE_KEYS

#: Replaces values that must not appear in a log or a comment.
HIDDEN = "(hidden)"
_SECRET_FIELDS = ("data", "stringData")


def field_changes(before: Any, after: Any, path: str = "") -> Iterator[FieldChange]:
    """The fields that differ; list items are matched by their merge key, or by content if they have none."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in [*before, *(key for key in after if key not in before)]:
            yield from field_changes(before.get(key, ABSENT), after.get(key, ABSENT), _joined(path, str(key)))
    elif isinstance(before, list) and isinstance(after, list):
        yield from _list_changes(before, after, path)
    elif type(before) is not type(after) or before != after:
        yield FieldChange(path, before, after)


def leaves(path: str, value: Any) -> Iterator[str]:
    """The paths of all scalars in a value, in the notation of `field_changes`."""
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from leaves(_joined(path, str(key)), item)
    elif isinstance(value, list) and value:
        key = _merge_key(value, value)
        for index, item in enumerate(value):
            yield from leaves(f"{path}[{key}={item[key]}]" if key else f"{path}[{index}]", item)
    elif value is not ABSENT:
        yield path


def without_secrets(change: FieldChange) -> FieldChange:
    """A change of a Secret with its values hidden."""
    if not change.path:
        return FieldChange("", _redacted(change.before), _redacted(change.after))
    if not change.path.startswith(_SECRET_FIELDS):
        return change
    before, after = (side if side is ABSENT else HIDDEN for side in (change.before, change.after))
    return FieldChange(change.path, before, after)


def _redacted(data: Any) -> Any:
    if not isinstance(data, dict):
        return data
    return {
        key: dict.fromkeys(value, HIDDEN) if key in _SECRET_FIELDS and isinstance(value, dict) else value
        for key, value in data.items()
    }


def _list_changes(before: list[Any], after: list[Any], path: str) -> Iterator[FieldChange]:
    key = _merge_key(before, after)
    if key is None:
        yield from _by_content(before, after, path)
        return
    old, new = ({item[key]: item for item in items} for items in (before, after))
    for name in [*old, *(name for name in new if name not in old)]:
        yield from field_changes(old.get(name, ABSENT), new.get(name, ABSENT), f"{path}[{key}={name}]")
    if list(old) != list(new) and old.keys() == new.keys():
        yield FieldChange(f"{path} (order)", list(old), list(new))


def _by_content(before: list[Any], after: list[Any], path: str) -> Iterator[FieldChange]:
    """Changes of items without a merge key: equal items are paired, items between them in order."""
    old, new = ([json.dumps(item, sort_keys=True) for item in items] for items in (before, after))
    if old != new and sorted(old) == sorted(new):
        yield FieldChange(f"{path} (order)", before, after)
        return
    for _, i, i_end, j, j_end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if old[i:i_end] == new[j:j_end]:
            continue
        both = min(i_end - i, j_end - j)
        for step in range(both):
            yield from field_changes(before[i + step], after[j + step], f"{path}[{j + step}]")
        for index in range(i + both, i_end):
            yield FieldChange(f"{path}[{index}]", before[index], ABSENT)
        for index in range(j + both, j_end):
            yield FieldChange(f"{path}[{index}]", ABSENT, after[index])


def _merge_key(before: list[Any], after: list[Any]) -> str | None:
    return next((key for key in MERGE_KEYS if _identifies(key, before) and _identifies(key, after)), None)


def _identifies(key: str, items: list[Any]) -> bool:
    names = [item.get(key) if isinstance(item, dict) else None for item in items]
    return all(isinstance(name, str | int) for name in names) and len(set(names)) == len(names)


def _joined(path: str, key: str) -> str:
    shown = key if key.replace("-", "").replace("_", "").isalnum() else f'["{key}"]'
    return f"{path}.{shown}" if path and not shown.startswith("[") else f"{path}{shown}"
