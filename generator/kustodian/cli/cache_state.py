"""Captures everything that a check read, so that `cli/cache.py` can tell later whether it has changed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from kustodian.repository.git import repository_around, user_files
from kustodian.repository.git_folder import UntrustedGit, find_git_folder
from kustodian.repository.snapshot import (
    SKIPPED,
    State,
    has_contents,
    links,
    skippable,
    take,
)

if TYPE_CHECKING:
    from kustodian.model.results.check_report import Inputs

#: The most files in folders such as node_modules that git does not ignore.
_MOST_UNUSUAL = 2_000


class Captured(NamedTuple):
    """`files` by path, `others` outside of the walk (which may not exist), `skipped` folders."""

    files: dict[str, State]
    others: list[str]
    skipped: list[str]


def capture(inputs: Inputs, own: frozenset[str]) -> Captured | None:
    """The state of what a check read; `own` are the files that it wrote, relative to the root.

    None if it cannot be captured completely. Raises OSError for a folder that cannot be read.
    """
    root = str(inputs.root)
    skipped = _skipped(root)
    if skipped is None or _names_skipped(inputs, skipped):
        return None
    below = tuple(f"{folder}/" for folder in skipped)
    read = (*inputs.files, *inputs.absent)
    others = {os.path.join(root, name) for name in read if name.startswith(below)}
    others |= {*_git_facts(root), *map(str, inputs.named), *_marks_above(root)}
    files = take(root, sorted(others), own, inputs.started, frozenset(skipped))
    if files is None or not has_contents(root, files, inputs.files):
        return None
    beyond = _beyond(root, files, below)
    if beyond is None:
        return None
    if beyond:
        others |= beyond
        files = take(root, sorted(others), own, inputs.started, frozenset(skipped))
    return None if files is None else Captured(files, sorted(others), skipped)


def _skipped(root: str) -> list[str] | None:
    """The folders of installed packages and the like that no rule looks into, because git ignores them.

    None if too many files are in others.
    """
    folders = skippable(root)
    if not folders:
        return []
    repository = repository_around(Path(root))
    if repository is None:  # without git the rules skip them by name
        return folders
    arguments = ("ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--directory")
    listed = repository.text_or_none(*arguments)
    if listed is None:
        return None
    ignored = tuple(name for name in listed.split("\0") if name.endswith("/"))
    skipped = [folder for folder in folders if f"{folder}/".startswith(ignored)]
    unusual = sum(
        len(files)
        for folder in set(folders).difference(skipped)
        for _, _, files in os.walk(os.path.join(root, folder))
    )
    return skipped if unusual <= _MOST_UNUSUAL else None


def _names_skipped(inputs: Inputs, skipped: list[str]) -> bool:
    """Whether the configuration names policies, data or schemas that may be in a skipped folder."""
    if not skipped:
        return False
    import yaml

    from kustodian.model.json_value import texts_in

    for file in inputs.named or (inputs.root / "kustodian.yaml",):
        try:
            data = yaml.load(file.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        except (OSError, yaml.YAMLError):
            continue
        for text in texts_in(data):
            folder = "" if (path := os.path.normpath(text)) == "." else f"{path}/"
            if not SKIPPED.isdisjoint(path.split("/")) or any(one.startswith(folder) for one in skipped):
                return True
    return False


def _beyond(root: str, files: dict[str, State], below: tuple[str, ...]) -> set[str] | None:
    """Files that links lead to and that the walk does not reach; None if it is a folder."""
    found = set()
    real_root = os.path.realpath(root)
    for name in links(files):
        target = os.path.realpath(os.path.join(root, name))
        inside = f"{os.path.relpath(target, real_root)}/"
        is_walked = not inside.startswith(("../", *below)) and "/.git/" not in f"/{inside}"
        if is_walked:
            continue
        if os.path.isdir(target):
            return None
        found.add(target)
    return found


def _git_facts(root: str) -> list[str]:
    """Absolute paths of the files that decide what git answers; some may not exist."""
    try:
        folder = find_git_folder(root)
    except UntrustedGit as error:
        return [error.path]
    if folder is None:
        return [os.path.join(root, ".git"), os.path.join(root, ".git", "HEAD")]
    return [*folder.facts(), *user_files()]


def _marks_above(root: str) -> Iterator[str]:
    """What would make a folder above the root of the repository, existing or not."""
    above = os.path.dirname(root)
    while True:
        yield from (os.path.join(above, mark) for mark in ("kustodian.yaml", ".git"))
        if above == os.path.dirname(above):
            return
        above = os.path.dirname(above)
