"""The edit test: change the text that `where` names for a value, render again, and exactly that value changes."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from kustodian.model.finding import Location
from kustodian.model.json_value import FieldPath
from kustodian.model.overlay import Overlay
from kustodian.model.results.value_origins import ValueOrigin
from kustodian.render.engine import Engine, RenderOptions
from kustodian.repository.source_map import SourceMaps
from kustodian.review.locate.locator import Locator
from kustodian.review.where.value import origin_of

Values = dict[tuple[int, FieldPath], Any]


class Result(NamedTuple):
    """How the edits went: counts by outcome, and a line for each that went wrong."""

    counts: Counter[str]
    wrong: list[str]


def edit_values(engine: Engine, root: Path, overlay: str, most: int, rng: random.Random) -> Result:
    """Edit up to `most` values of an overlay, one at a time; the files are as before afterwards."""
    rendered = next(engine.render(root, [Overlay(overlay)], RenderOptions()))
    counts, wrong = Counter[str](), list[str]()
    if rendered.error is not None:
        return Result(Counter({"does not render": 1}), [])
    locator = Locator(SourceMaps(root))
    before = {
        (index, path): value
        for index, manifest in enumerate(rendered.objects)
        for path, value in _scalars(manifest.data, ())
    }
    origins = {
        key: origin_of(locator, rendered.objects[key[0]], key[1])
        for key in rng.sample(sorted(before, key=repr), min(len(before), 1000))
    }
    counts["values"] = len(origins)
    counts["exact"] = sum(origin.exact for origin in origins.values())
    counts.update(f"not exact: {origin.reason}" for origin in origins.values() if not origin.exact)
    candidates = [key for key, origin in origins.items() if origin.exact and _new(origin.value) is not None]
    for key in rng.sample(candidates, min(most, len(candidates))):
        outcome = _edit(engine, root, overlay, before, key, origins[key])
        counts[outcome] += 1
        if outcome not in ("right", "refused"):
            wrong.append(
                f"{overlay}: {outcome}: {key[1]} = {origins[key].value!r} at {origins[key].location}"
            )
    return Result(counts, wrong)


def _edit(
    engine: Engine, root: Path, overlay: str, before: Values, key: tuple[int, FieldPath], origin: ValueOrigin
) -> str:
    location, new = origin.location, _new(origin.value)
    assert location is not None
    file = root / location.file
    text = file.read_bytes()
    edited = _replaced(text.decode(), location, origin.value, new)
    if edited is None:
        return "the text is not there"
    file.write_bytes(edited.encode())
    try:
        rendered = next(engine.render(root, [Overlay(overlay)], RenderOptions()))
    finally:
        file.write_bytes(text)
    if rendered.error is not None:
        return "refused"  # the new value is not valid there: a name that others refer to, for example
    after = {
        (index, path): value
        for index, manifest in enumerate(rendered.objects)
        for path, value in _scalars(manifest.data, ())
    }
    if after.get(key) != new:
        return "another value changed"
    # Others may follow from the same text: a base that is used twice, a replacement, an anchor.
    changed = {
        before.get(each) for each in before.keys() | after.keys() if before.get(each) != after.get(each)
    }
    return "right" if changed <= {origin.value, None} or _contain(changed, origin.value) else "more changed"


def _contain(values: set[Any], value: Any) -> bool:
    return all(each is None or str(value) in str(each) for each in values)


def _replaced(text: str, location: Location, old: Any, new: Any) -> str | None:
    lines = text.splitlines(keepends=True)
    line = lines[location.line - 1]
    written = json.dumps(old) if not isinstance(old, str) else old
    start = line.find(written, location.column - 1)
    said = json.dumps(new) if not isinstance(new, str) else new
    if start < 0 and isinstance(old, str):
        # Folded over several lines: the first of them has the beginning of the text.
        first = line[location.column - 1 :].strip().strip("\"'")
        if len(first) < 3 or not old.startswith(first):
            return None
        start, written, said = line.index(first, location.column - 1), first, said[: len(first)]
    if start < 0:
        return None
    lines[location.line - 1] = line[:start] + said + line[start + len(written) :]
    return "".join(lines)


def _new(value: Any) -> Any:
    """Another value of the same type; None for those that are not edited."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int) and 0 < value < 1000:
        return value + 1
    if (
        isinstance(value, str)
        and len(value) > 3
        and value.isascii()
        and value.replace("-", "").replace(" ", "").isalnum()
    ):
        return ("zz" if not value.startswith("zz") else "yy") + value[2:]
    return None


def _scalars(value: Any, path: FieldPath) -> Iterator[tuple[FieldPath, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _scalars(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _scalars(inner, (*path, index))
    elif path and path not in (("apiVersion",), ("kind",)) and path[-1] not in ("name", "namespace"):
        yield path, value
