"""Which environment a folder belongs to, and severities."""

from __future__ import annotations

import pytest

from kustodian.model.environment import Environment, EnvironmentClass, Severity, environment_of, matches_any

PATHS = {
    "dev": ["overlays/dev", "apps/*/dev"],
    "prod": ["overlays/prod*", "./clusters/eu/"],
    "rest": ["overlays/*"],
    "none": [],
}


@pytest.mark.parametrize(("folder", "environment"), [
    ("overlays/dev", "dev"),
    ("apps/iris/dev", "dev"),
    ("apps/team/iris/dev", "dev"),
    ("overlays/prod", "prod"),
    ("overlays/prod-eu", "prod"),
    ("clusters/eu", "prod"),
    ("overlays/staging", "rest"),
    ("overlays", None),
    ("x/overlays/dev", None),
    ("Overlays/dev", None),
    ("", None),
])  # fmt: skip
def test_environment_of(folder: str, environment: str | None) -> None:
    assert environment_of(folder, PATHS) == environment
    assert environment_of(folder, {}) is None


@pytest.mark.parametrize(("folder", "glob", "matches"), [
    ("a/b", "a/b", True),
    ("a/b", "a/*", True),
    ("a/b/c", "a/*", True),
    ("a", "a/*", False),
    ("a/b", "*", True),
    ("a/b", "a/?", True),
    ("a/bc", "a/?", False),
    ("a/b", "a/[bc]", True),
    ("a/d", "a/[!d]", False),
    ("a/b", "./a//b/", True),
    ("a/b", "b", False),
    ("a.b", "a?b", True),
    ("axb", "a.b", False),
    (".", ".", True),
    (".", "", True),
    ("a\n", "a", False),
])  # fmt: skip
def test_matches_any(folder: str, glob: str, matches: bool) -> None:
    assert matches_any(folder, [glob]) is matches
    assert matches_any(folder, ["nowhere", glob]) is matches
    assert not matches_any(folder, [])


def test_severities_are_ordered_and_written_in_lower_case() -> None:
    assert Severity.INFO < Severity.WARNING < Severity.ERROR
    assert [str(severity) for severity in Severity] == ["info", "warning", "error"]
    assert Severity.parse("Error") is Severity.ERROR
    with pytest.raises(KeyError):
        Severity.parse("fatal")


def test_an_overlay_outside_of_every_environment_counts_as_prod() -> None:
    assert (Environment().name, Environment().environment_class) == (None, EnvironmentClass.PROD)
