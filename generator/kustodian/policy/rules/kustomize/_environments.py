"""Which overlays are the same application in two environments."""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.model.environment import EnvironmentClass
from kustodian.model.overlay import RenderedOverlay
from kustodian.model.repository_view import RepositoryView


def environment_pairs(
    view: RepositoryView, before: EnvironmentClass, after: EnvironmentClass
) -> Iterator[tuple[RenderedOverlay, RenderedOverlay]]:
    """(earlier, later) overlays of one application, both rendered.

    Their paths have the same depth and differ in one segment only, `overlays/staging` and `overlays/prod`;
    of several earlier ones the one that shares most files comes first, and only that is used.
    """
    for later in _of_class(view, after):
        candidates = [earlier for earlier in _of_class(view, before) if _counterparts(earlier, later)]
        if candidates:
            yield max(candidates, key=lambda earlier: len(earlier.files.keys() & later.files.keys())), later


def _of_class(view: RepositoryView, wanted: EnvironmentClass) -> list[RenderedOverlay]:
    return [
        rendered
        for rendered in view.overlays
        if rendered.overlay.environment.name is not None
        and rendered.overlay.environment.environment_class is wanted
        and rendered.error is None
    ]


def _counterparts(one: RenderedOverlay, other: RenderedOverlay) -> bool:
    left, right = one.overlay.path.split("/"), other.overlay.path.split("/")
    if len(left) != len(right):
        return False
    return sum(a != b for a, b in zip(left, right, strict=True)) == 1
