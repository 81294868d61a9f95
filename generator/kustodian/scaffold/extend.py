"""Add an environment or a component to an existing repository.

The repository is generated twice, with the answers that it records and with the new ones. What differs
between the two is merged into the present files, which people may have edited: a three-way merge of each, by
git. If an edit and the change meet in the same lines, nothing is written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kustodian.model.errors import UserError, nearest
from kustodian.repository.files import read_inside, remove_inside, replace_file
from kustodian.repository.git import merge_texts
from kustodian.scaffold.answers.complete import complete
from kustodian.scaffold.answers.given import Given
from kustodian.scaffold.answers.model import Answers
from kustodian.scaffold.writing.generate import generate
from kustodian.scaffold.writing.interrupts import Interrupts
from kustodian.scaffold.writing.plan import diff_lines
from kustodian.scaffold.writing.workspace import workspace
from kustodian.scaffold.writing.writer import files_below
from kustodian_template.modules import catalogue
from kustodian_template.record import RECORD_NAME

_SHOWN: Final = 5


@dataclass(frozen=True)
class Change:
    """One file: its path in the repository and its bytes before and after; None if it does not exist."""

    path: str
    before: bytes | None
    after: bytes | None
    executable: bool


def recorded(root: Path) -> Given:
    """The answers that the repository was generated from. Raises UserError if it has no record of them."""
    path = root / RECORD_NAME
    if not path.is_file():
        raise UserError(
            f"no {RECORD_NAME} here: this repository does not say what it was generated from",
            str(root),
            hint="run this in a repository of `kustodian new`, or write its answers into that file",
        )
    _read_present(root, RECORD_NAME)  # raises where a link leads out of the repository
    given = Given()
    given.add_file(path)
    return given


def with_environment(root: Path, name: str, settings: list[str]) -> Answers:
    """The recorded answers with one more environment; `settings` are its answers, `key=value`.

    Raises UserError if the environment exists, or the answers are refused.
    """
    given = recorded(root)
    environments = dict(complete(given).values()["environments"])
    if name in environments:
        raise UserError(
            f"there is an environment {name} already",
            hint=f"edit overlays/{name}, or choose another name than {', '.join(environments)}",
        )
    given.values["environments"] = {**environments, name: {}}
    for setting in settings:
        given.set(f"environments.{name}.{setting}")
    return complete(given)


def with_component(root: Path, name: str, settings: list[str], choices: Mapping[str, str]) -> Answers:
    """The recorded answers with those that bring a component; `settings` are further answers, `key=value`.

    `choices` come from `answers_of_component`. Raises UserError if the repository has the component, or the
    answers are refused.
    """
    given = recorded(root)
    now = complete(given).values()
    changed = {key: value for key, value in choices.items() if now[key] != value}
    if not changed and not settings:
        raise UserError(
            f"the component {name} is here already", hint=f"its answers are in {root / RECORD_NAME}"
        )
    if "runtime" in changed and not any(setting.startswith("runtime=") for setting in settings):
        raise UserError(
            f"the component {name} does not go with runtime {now['runtime']}",
            hint=f"another runtime is another server; if it is meant: --set runtime={changed['runtime']}",
        )
    for assignment in [*(f"{key}={value}" for key, value in changed.items()), *settings]:
        given.set(assignment)
    return complete(given)


def answers_of_component(root: Path, name: str) -> dict[str, str]:
    """The answers that bring a component or add-on of modules.yaml into the repository.

    A recorded answer that brings it stays; otherwise the first choice that does is taken. Raises UserError
    for an unknown component, or one that every repository has.
    """
    modules = (*catalogue().components, *catalogue().addons)
    optional = sorted({module.name for module in modules if module.when})
    found = [module.when for module in modules if module.name == name and module.when]
    if not found:
        near = nearest(name, optional)
        raise UserError(
            f"there is no component {name} to add",
            hint=f"did you mean {near}?" if near else "choose one of: " + ", ".join(optional),
        )
    now = complete(recorded(root)).values()
    # Several entries may have the name (redis, by the source of its password): take the closest.
    ways = [
        {
            question: now[question] if now[question] in allowed else allowed[0]
            for question, allowed in when.items()
        }
        for when in found
    ]
    return min(ways, key=lambda way: sum(now[question] != choice for question, choice in way.items()))


def changes(root: Path, after: Answers, template: Path) -> list[Change]:
    """The changes that the new answers make to the repository at `root`, sorted by path; nothing is written.

    Raises UserError if files were edited in the lines that change.
    """
    before = complete(recorded(root))
    with Interrupts() as interrupts, workspace(interrupts) as work:
        trees = []
        for name, answers in (("before", before), ("after", after)):
            folder = work / name
            folder.mkdir()
            trees.append(generate(answers, template, folder, interrupts))
        found = list(_changes(root, *trees))
    conflicts = [path for path, change in found if change is None]
    if conflicts:
        shown = ", ".join(conflicts[:_SHOWN])
        more = f" and {len(conflicts) - _SHOWN} more" if len(conflicts) > _SHOWN else ""
        raise UserError(
            f"edited where this would change them: {shown}{more}; nothing was written",
            hint="generate elsewhere with `kustodian new DIR --answers FILE` and take over what is new",
        )
    return [change for _, change in found if change is not None and change.before != change.after]


def diff(found: list[Change]) -> list[str]:
    """The changes as lines that `git apply` accepts."""
    return [
        line
        for change in found
        for line in diff_lines(change.path, change.before, change.after, executable=change.executable)
    ]


def write(root: Path, found: list[Change]) -> None:
    """Write every change, or none. Raises UserError if a file cannot be written.

    The record of the answers is written last: where the process is killed, the command can be repeated.
    """
    done: list[Change] = []
    with Interrupts() as interrupts, interrupts.held():
        try:
            for change in sorted(found, key=lambda change: change.path == RECORD_NAME):
                _put(root, change.path, change.after, executable=change.executable)
                done.append(change)
        except OSError as error:
            for change in reversed(done):
                _put(root, change.path, change.before, executable=change.executable)
            raise UserError(
                f"cannot write: {error.strerror or error}; everything is as it was", str(error.filename)
            ) from error


def _changes(root: Path, old: Path, new: Path) -> Iterator[tuple[str, Change | None]]:
    """Each path that differs between the two trees, with its change; None if the merge has a conflict.

    Raises UserError if a link leads one of the paths out of the repository.
    """
    for path in sorted({*files_below(old), *files_below(new)}):
        base, wanted = _read(old / path), _read(new / path)
        if base == wanted:
            continue
        mine = _read_present(root, path)
        executable = (new / path if wanted is not None else old / path).stat().st_mode & 0o100 != 0
        if mine in (base, wanted):
            yield path, Change(path, mine, wanted, executable)
        elif base is None or wanted is None or mine is None:
            yield path, None
        else:
            merged = merge_texts(mine, base, wanted)
            yield path, None if merged is None else Change(path, mine, merged, executable)


def _read(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _read_present(root: Path, path: str) -> bytes | None:
    """The present content of a file of the repository; None if it does not exist."""
    try:
        return read_inside(root / path, root)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UserError(
            f"cannot read: {error.strerror}; nothing was written",
            str(root / path),
            hint="remove the link, or put a file in its place",
        ) from error


def _put(root: Path, name: str, content: bytes | None, *, executable: bool) -> None:
    path = root / name
    if content is not None:
        replace_file(path, content, executable=executable, within=root)
        return
    remove_inside(path, root)
    for parent in path.parents:
        try:
            parent.rmdir()  # git does not track empty folders
        except OSError:
            return
