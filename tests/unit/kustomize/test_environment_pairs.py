"""Overlays that deploy one application to two environments."""

from __future__ import annotations

import pytest

from kustodian.kustomize.environment_pairs import environment_pairs, without_each_segment
from kustodian.model.environment import Environment, EnvironmentClass
from kustodian.model.overlay import NotChecked, Overlay, RenderedOverlay
from kustodian.model.repository.view import RepositoryView

STAGING, PROD = EnvironmentClass.STAGING, EnvironmentClass.PROD


def overlay(
    path: str, environment_class: EnvironmentClass, *files: str, name: str | None = "e", fails: bool = False
) -> RenderedOverlay:
    environment = Environment(name, environment_class)
    error = NotChecked("yaml", "broken") if fails else None
    return RenderedOverlay(Overlay(path, environment), error=error, files=dict.fromkeys(files, "sha"))


def pairs(*overlays: RenderedOverlay) -> list[tuple[str, str]]:
    found = environment_pairs(RepositoryView(overlays=list(overlays)), STAGING, PROD)
    return [(earlier.overlay.path, later.overlay.path) for earlier, later in found]


@pytest.mark.parametrize(("earlier", "later", "paired"), [
    ("overlays/staging", "overlays/prod", True),
    ("staging/iris", "prod/iris", True),
    ("apps/iris/overlays/staging", "apps/iris/overlays/prod", True),
    ("apps/iris/overlays/staging", "apps/rose/overlays/prod", False),
    ("staging/iris", "prod/rose", False),
    ("overlays/staging", "overlays/eu/prod", False),
    ("staging", "prod", True),
    ("staging/iris", "iris/prod", False),
])  # fmt: skip
def test_paths_differ_in_one_segment(earlier: str, later: str, paired: bool) -> None:
    found = pairs(overlay(later, PROD), overlay(earlier, STAGING))
    assert found == ([(earlier, later)] if paired else [])


def test_the_earlier_overlay_with_the_most_common_files_is_used() -> None:
    later = overlay("overlays/prod", PROD, "a", "b", "c")
    one, two = overlay("overlays/one", STAGING, "a", "x"), overlay("overlays/two", STAGING, "a", "b")
    assert pairs(one, two, later) == [("overlays/two", "overlays/prod")]
    assert pairs(two, one, later) == [("overlays/two", "overlays/prod")]


def test_each_later_overlay_has_one_pair() -> None:
    found = pairs(overlay("o/staging", STAGING), overlay("o/prod-eu", PROD), overlay("o/prod-us", PROD))
    assert found == [("o/staging", "o/prod-eu"), ("o/staging", "o/prod-us")]


def test_overlays_that_do_not_render_or_have_no_environment_are_left_out() -> None:
    good = overlay("o/prod", PROD)
    assert pairs(overlay("o/staging", STAGING, fails=True), good) == []
    assert pairs(overlay("o/staging", STAGING, name=None), good) == []
    assert pairs(overlay("o/staging", STAGING), overlay("o/prod", PROD, fails=True)) == []
    assert pairs(overlay("o/dev", EnvironmentClass.DEV), good) == []
    assert pairs() == []


def test_an_overlay_is_not_its_own_pair() -> None:
    view = RepositoryView(overlays=[overlay("o/prod", PROD)])
    assert list(environment_pairs(view, PROD, PROD)) == []


@pytest.mark.parametrize(("path", "expected"), [
    ("a", [(0, ())]),
    ("a/b/c", [(0, ("b", "c")), (1, ("a", "c")), (2, ("a", "b"))]),
    (".", [(0, ())]),
])  # fmt: skip
def test_without_each_segment(path: str, expected: list[tuple[int, tuple[str, ...]]]) -> None:
    assert list(without_each_segment(path)) == expected
