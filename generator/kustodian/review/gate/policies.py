"""Differences of the policies in Rego and their data."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable, Iterator
from pathlib import Path

from kustodian.model.finding import Location
from kustodian.policy.config import Config
from kustodian.repository.files import read_inside
from kustodian.review.gate.change import GateChange, shown


def policy_changes(base: Config, head: Config, base_root: Path, head_root: Path) -> Iterator[GateChange]:
    """What differs in `rego`, and in the files that the base's `rego` names."""
    for key, what in (("policy", "policies"), ("data", "data")):
        before, after = (tuple(getattr(each.rego, key)) for each in (base, head))
        for path in before:
            if posixpath.normpath(path) not in map(posixpath.normpath, after):
                yield GateChange(
                    "policy",
                    f"the {what} in {path} are no longer read",
                    ("rego", key),
                    subject=f"{key}/{path}",
                )
        for index, path in enumerate(after):
            if posixpath.normpath(path) not in map(posixpath.normpath, before):
                message = f"{what} are also read from {path}"
                # More data may be more exceptions.
                tightens = key == "policy" or not base.rego.policy
                yield GateChange(
                    "policy", message, ("rego", key, index), tightens=tightens, subject=f"{key}/{path}"
                )
    if base.rego.policy and base.rego.namespaces != head.rego.namespaces:
        gone = set(base.rego.namespaces) - set(head.rego.namespaces) or not head.rego.namespaces
        message = f"the namespaces of the policies were {shown(base.rego.namespaces)}"
        message += f" and become {shown(head.rego.namespaces)}"
        tightens = not gone and bool(base.rego.namespaces)
        yield GateChange("policy", message, ("rego", "namespaces"), tightens=tightens, subject="namespaces")
    yield from _files((*base.rego.policy, *base.rego.data), base_root, head_root)


def _files(paths: Iterable[str], base_root: Path, head_root: Path) -> Iterator[GateChange]:
    names = {posixpath.normpath(path) for path in paths}
    for name in sorted(names):
        if (head_root / name).is_symlink() and not (base_root / name).is_symlink():
            yield GateChange("policy", f"{name} becomes a link", place=Location(name), subject=name)
    before, after = (_contents(root, names) for root in (base_root, head_root))
    for file in sorted({*before, *after}):
        if before.get(file) == after.get(file):
            continue
        verb = "removed" if file not in after else "added" if file not in before else "changed"
        yield GateChange("policy", f"{file} is {verb}", place=Location(file), subject=file)


def _contents(root: Path, names: Iterable[str]) -> dict[str, bytes | None]:
    """The content of each file, None for one that cannot be read; links to folders are followed once."""
    found: dict[str, bytes | None] = {}
    for name in names:
        path = root / name
        files = [path] if path.is_file() else [
            Path(folder) / file for folder, _, names_in in os.walk(path) for file in names_in
        ]  # fmt: skip
        for file in files:
            if file.suffix in (".rego", ".json", ".yaml", ".yml"):
                found[file.relative_to(root).as_posix()] = _content(file, root)
    return found


def _content(file: Path, root: Path) -> bytes | None:
    try:
        return read_inside(file, root)
    except OSError:
        return None
