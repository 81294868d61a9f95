"""Pairs of overlays that deploy one application to two environments."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from kustodian.model.environment import EnvironmentClass
from kustodian.model.overlay import RenderedOverlay
from kustodian.model.repository.view import RepositoryView


def environment_pairs(
    view: RepositoryView, before: EnvironmentClass, after: EnvironmentClass
) -> Iterator[tuple[RenderedOverlay, RenderedOverlay]]:
    """The (earlier, later) overlays of one application in two classes of environments, both rendered.

    Their paths differ in one segment only, as `overlays/staging` and `overlays/prod`. A later overlay is
    paired once, with the earlier one that shares the most files.
    """
    by_rest: dict[tuple[int, tuple[str, ...]], list[RenderedOverlay]] = defaultdict(list)
    for earlier in _of_class(view, before):
        for rest in without_each_segment(earlier.overlay.path):
            by_rest[rest].append(earlier)
    for later in _of_class(view, after):
        candidates = [
            earlier
            for rest in without_each_segment(later.overlay.path)
            for earlier in by_rest.get(rest, ())
            if earlier.overlay.path != later.overlay.path
        ]
        if candidates:
            yield max(candidates, key=lambda earlier: len(earlier.files.keys() & later.files.keys())), later


def _of_class(view: RepositoryView, environment_class: EnvironmentClass) -> list[RenderedOverlay]:
    return [
        rendered
        for rendered in view.overlays
        if rendered.overlay.environment.name is not None
        and rendered.overlay.environment.environment_class is environment_class
        and rendered.error is None
    ]


def without_each_segment(path: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """The segments of a path with one omitted, for each of them: (index of the omitted one, the others)."""
    parts = tuple(path.split("/"))
    for index in range(len(parts)):
        yield index, parts[:index] + parts[index + 1 :]
