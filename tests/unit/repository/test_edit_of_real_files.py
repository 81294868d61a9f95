"""Edits of real files change the edited field and nothing else, and keep line breaks.

The files are the template's output in this repository; KUSTODIAN_CORPUS names a folder with more.
"""

from __future__ import annotations

import copy
import os
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from kustodian.model.json_value import FieldPath
from kustodian.repository.edit import CannotEdit, move_to_end, remove, set_value

ROOT = Path(__file__).parents[3]
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
EDITS = 1500


def real_files() -> list[Path]:
    """A few hundred YAML files, the same in every run."""
    folders = [ROOT / "base", ROOT / "overlays", ROOT / "argocd"]
    found = sorted(path for folder in folders for path in folder.rglob("*.yaml"))
    if corpus := os.environ.get("KUSTODIAN_CORPUS"):
        more = sorted(path for path in Path(corpus).rglob("*.yaml") if path.stat().st_size < 10_000)
        assert more, f"KUSTODIAN_CORPUS holds no YAML files: {corpus}"
        found += random.Random(7).sample(more, min(300, len(more)))
    return found


def documents(text: str) -> list[Any] | None:
    """The non-empty documents of a text; None if it is not YAML."""
    try:
        return [one for one in yaml.load_all(text, Loader=LOADER) if one is not None]
    except yaml.YAMLError:
        return None


def paths(node: Any, path: FieldPath = ()) -> Iterator[FieldPath]:
    """Every path of a document except that of its root."""
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        if isinstance(key, str) or isinstance(node, list):
            yield (*path, key)
            yield from paths(value, (*path, key))


def at(node: Any, path: FieldPath) -> Any:
    """The value at a path."""
    for part in path:
        node = node[part]
    return node


def edit(text: str, index: int, path: FieldPath, wanted: list[Any], action: str) -> str | None:
    """Edit the text, and the data in `wanted` the same way; None if the action does not apply."""
    parent = at(wanted[index], path[:-1])
    if action == "set":
        parent[path[-1]] = "2Gi"
        return set_value(text, index, path, "2Gi")
    if action == "add" and isinstance(parent[path[-1]], dict):
        parent[path[-1]]["added"] = {"below": ["ALL"]}
        return set_value(text, index, (*path, "added", "below"), ["ALL"])
    if action == "remove":
        shortest = path
        while len(shortest) > 1 and len(at(wanted[index], shortest[:-1])) == 1:
            shortest = shortest[:-1]
        if len(at(wanted[index], shortest[:-1])) > 1:
            del at(wanted[index], shortest[:-1])[shortest[-1]]
            return remove(text, index, path)
    if action == "move" and isinstance(parent, list):
        parent.append(parent.pop(int(path[-1])))
        return move_to_end(text, index, path)
    return None


@pytest.mark.parametrize("form", ["as it is", "CRLF", "no last line end"])
def test_only_the_edited_field_changes(form: str) -> None:
    done: Counter[str] = Counter()
    choose = random.Random(form)
    files = real_files()
    for file in files:
        text = file.read_bytes().decode()
        if form == "CRLF":
            text = text.replace("\r\n", "\n").replace("\n", "\r\n")
        elif form == "no last line end":
            text = text.rstrip("\r\n")
        before = documents(text)
        for _ in range(EDITS // len(files) if before else 0):
            assert before is not None
            index = choose.randrange(len(before))
            candidates = list(paths(before[index]))
            if not candidates:
                continue
            path, action = choose.choice(candidates), choose.choice(["set", "add", "remove", "move"])
            wanted = copy.deepcopy(before)
            try:
                after = edit(text, index, path, wanted, action)
            except CannotEdit:
                done["left"] += 1
                continue
            if after is None:
                continue
            case = f"{action} {path} of document {index} of {file}"
            assert documents(after) == wanted, case
            if form == "CRLF":
                assert after.count("\n") == after.count("\r\n"), case
            comments = [line for line in text.splitlines() if line.lstrip().startswith("#")]
            if action in ("add", "move"):
                assert [line for line in after.splitlines() if line.lstrip().startswith("#")] == comments, (
                    case
                )
            done[action] += 1
    assert min(done[action] for action in ("set", "add", "remove", "move")) >= 5, done
    assert done["left"] < sum(done.values()) / 5, done
