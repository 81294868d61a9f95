"""`kustodian where`: the text that each value of a rendered object comes from, and the way back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from kustodian.model.errors import ExitCode, UserError, nearest
from kustodian.model.field_path import format_path, parse_path
from kustodian.model.finding import Location
from kustodian.model.json_value import FieldPath, has
from kustodian.model.manifest import Manifest
from kustodian.model.overlay import Overlay
from kustodian.model.results.value_origins import ValueOrigins
from kustodian.render.engine import Engine
from kustodian.review.check.options import CheckOptions
from kustodian.review.check.rendering import render_overlays
from kustodian.review.check.run import Run, start
from kustodian.review.where.value import origin_of


class Question(NamedTuple):
    """What to look for: all values of the object `KIND/NAME`, or of one field; all objects if empty.

    `line` is a file, relative to the root or the working directory, and a line of it.
    """

    object: str = ""
    field: str = ""
    line: tuple[str, int] | None = None


def value_origins(
    targets: Sequence[Path], question: Question, options: CheckOptions, engine: Engine
) -> ValueOrigins:
    """The values of the targets' rendered objects that a question asks for, each with its place.

    Raises UserError as `check` does, and if there is no such object or field, or nothing comes from the line.
    """
    options = replace(options, render=replace(options.render, chains=True))
    run = start(targets, options, engine)
    overlays = run.plan.overlays
    if len(targets) == 1 and (own := _own(run, targets[0], overlays)):
        overlays = own
    line = _line(run, question.line) if question.line else None
    found = ValueOrigins(errors=[(o.path, error.message) for o, error in run.plan.not_checkable])
    objects: list[str] = []
    fields: list[str] = []
    removed: Location | None = None
    for rendered in render_overlays(run.plan, options, engine, overlays):
        if rendered.error is not None:
            found.errors.append((rendered.overlay.path, rendered.error.message))
            continue
        if line is not None and line[0] not in rendered.files:
            continue
        for manifest in rendered.objects:
            name = f"{manifest.kind}/{manifest.name}"
            objects.append(name)
            if question.object and not _is_named(manifest, question.object):
                continue
            if question.field:
                fields += map(format_path, _paths(manifest, ""))
                removed = removed or run.locator.removal(manifest, parse_path(question.field))
            for path in _paths(manifest, question.field):
                origin = origin_of(run.locator, manifest, path)._replace(
                    overlay=rendered.overlay.path, environment=rendered.overlay.environment.name
                )
                if line is None or _covers(origin.location, *line):
                    found.values.append(origin)
    found.values.sort(key=lambda each: each.overlay)
    if removed is not None and not found.values:
        raise UserError(
            f"no field `{question.field}` in {question.object}: a patch removed it",
            removed.file, removed.line, hint="change the patch",
        )  # fmt: skip
    if not found.values and not found.errors:
        raise _nothing(question, objects, fields)
    return found


def _own(run: Run, target: Path, overlays: Sequence[Overlay]) -> list[Overlay]:
    """The overlay that a target is itself, rather than those in it."""
    folder = target.resolve()
    return [overlay for overlay in overlays if overlay.path != "-" and run.plan.root / overlay.path == folder]


def _line(run: Run, asked: tuple[str, int]) -> tuple[str, int]:
    """The file relative to the root. Raises UserError if it does not exist there."""
    name, number = asked
    for path in (Path(name), run.plan.root / name):
        resolved = path.resolve()
        if resolved.is_file() and resolved.is_relative_to(run.plan.root):
            return resolved.relative_to(run.plan.root).as_posix(), number
    raise UserError(f"no such file in the repository: {name}", hint="write --line FILE:LINE")


def _is_named(manifest: Manifest, wanted: str) -> bool:
    """Whether an object is `KIND/NAME` or `KIND/NAMESPACE/NAME`; the kind in any case, a hash left out."""
    kind, *names = wanted.split("/")
    if kind.lower() != manifest.kind.lower() or not names:
        return False
    if len(names) > 1 and manifest.namespace != names[0]:
        return False
    name = names[-1]
    return manifest.name == name or (
        manifest.provenance.generator is not None and manifest.name.rpartition("-")[0] == name
    )


def _paths(manifest: Manifest, field: str) -> Iterator[FieldPath]:
    """The paths of all scalars of an object, or of those in one field."""
    below = parse_path(field) if field else ()
    if not has(manifest.data, below):
        return
    value: Any = manifest.data
    for part in below:
        value = value[part]
    yield from _scalars(value, below)


def _scalars(value: Any, path: FieldPath) -> Iterator[FieldPath]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _scalars(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _scalars(inner, (*path, index))
    else:
        yield path


def _covers(location: Location | None, file: str, line: int) -> bool:
    if location is None or location.file != file:
        return False
    return location.line <= line <= max(location.line, location.end_line or 0)


def _nothing(question: Question, objects: list[str], fields: list[str]) -> UserError:
    if question.line is not None:
        return UserError(
            f"no rendered value comes from {question.line[0]}:{question.line[1]}",
            hint="name a line with a value that an overlay uses, or another target",
            exit_code=ExitCode.NOTHING_TO_CHECK,
        )
    if question.object and not (question.field and fields):
        known = {name.lower(): name for name in objects}
        close = nearest(question.object.lower(), set(known))
        if close is not None and known[close].lower() != question.object.lower():
            return UserError(f"no object {question.object}", hint=f"did you mean `{known[close]}`?")
        if close is None:
            return UserError(
                f"no object {question.object}", hint=f"there are: {', '.join(sorted(set(objects))[:10])}"
            )
    close = nearest(question.field, set(fields))
    return UserError(
        f"no field `{question.field}` in {question.object or 'any object'}",
        hint=f"did you mean `{close}`?"
        if close
        else "write it as in a report: spec.template.spec.containers[0].image",
    )
