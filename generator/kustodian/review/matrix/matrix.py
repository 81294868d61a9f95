"""`kustodian matrix`: compares the environments of each application."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from kustodian.model.environment import EnvironmentClass
from kustodian.model.overlay import Overlay, RenderedOverlay
from kustodian.model.results.environment_matrix import EnvironmentMatrix, Row
from kustodian.render.engine import Engine
from kustodian.review.check.options import CheckOptions
from kustodian.review.check.rendering import render_overlays
from kustodian.review.check.run import start
from kustodian.review.matrix.facts import Facts, FactValue, facts_of

_CLASSES = tuple(EnvironmentClass)


def matrices(targets: Sequence[Path], options: CheckOptions, engine: Engine) -> list[EnvironmentMatrix]:
    """One matrix for each application: the overlays whose paths differ only in the name of the environment.

    An overlay that does not render is a column without values.
    """
    run = start([*targets] or [Path()], options, engine)
    overlays = [o for o in run.plan.overlays if o.is_kustomization and o.environment.name is not None]
    rendered = list(render_overlays(run.plan, options, engine, overlays))
    rendered += [
        RenderedOverlay(overlay, error=error)
        for overlay, error in run.plan.not_checkable
        if overlay.environment.name is not None
    ]
    groups: dict[str, list[RenderedOverlay]] = defaultdict(list)
    for overlay in rendered:
        groups[_application(overlay.overlay)].append(overlay)
    results = [_matrix(name, sorted(group, key=_rank)) for name, group in sorted(groups.items())]
    return [matrix for matrix in results if matrix.rows or matrix.errors]


def _application(overlay: Overlay) -> str:
    parts = overlay.path.split("/")
    names = {overlay.environment.name, parts[-1] if len(parts) > 1 else None}
    if overlay.environment.name in parts[:-1]:
        names = {overlay.environment.name}
    return "/".join("*" if part in names else part for part in parts)


def _rank(rendered: RenderedOverlay) -> tuple[int, str]:
    """The sort key of an overlay: its class of environment, in the order of promotion, then its path."""
    return _CLASSES.index(rendered.overlay.environment.environment_class), rendered.overlay.path


def _columns(application: str, group: Sequence[RenderedOverlay]) -> tuple[str, ...]:
    """The names of the environments, or the folders of those with several overlays (regions, clusters)."""
    names = [rendered.overlay.environment.name or "" for rendered in group]
    star = application.split("/").index("*") if "*" in application else -1
    folders = [rendered.overlay.path.split("/")[star] for rendered in group]
    return tuple(
        folder if names.count(name) > 1 else name for name, folder in zip(names, folders, strict=True)
    )


def _matrix(application: str, group: list[RenderedOverlay]) -> EnvironmentMatrix:
    columns = _columns(application, group)
    facts = [facts_of(rendered, column) for rendered, column in zip(group, columns, strict=True)]
    subjects = list(dict.fromkeys(subject for column in facts for subject, _ in column))
    distinct = dict.fromkeys(key for column in facts for key in column)
    keys = sorted(distinct, key=lambda key: subjects.index(key[0]))
    # The facts of an overlay that does not render are unknown rather than missing.
    known = [column for column, overlay in zip(facts, group, strict=True) if overlay.error is None]
    rows = tuple(_row(key, facts, known) for key in keys)
    errors = tuple((each.overlay.path, each.error.message) for each in group if each.error is not None)
    return EnvironmentMatrix(application, columns, rows, errors)


def _row(key: tuple[str, str], facts: list[Facts], known: list[Facts]) -> Row:
    values = [column.get(key, None if column in known else UNKNOWN) for column in facts]
    variants = list(dict.fromkeys(value for value in values if value is not None and value is not UNKNOWN))
    texts = [variant.text for variant in variants]
    shown = {
        variant: f"{variant.text} ({chr(ord('A') + number)})"
        if texts.count(variant.text) > 1
        else variant.text
        for number, variant in enumerate(variants)
    }
    by_design = any(variant.by_design for variant in variants)
    return Row(
        *key,
        tuple("" if v is None else v.text if v is UNKNOWN else shown[v] for v in values),
        by_design,
    )


#: The value of each fact of an overlay that does not render.
UNKNOWN = FactValue("?")
