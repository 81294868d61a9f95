"""Paths and warnings as an API server writes them; the rest is tested against a real one (tests/acceptance)."""

from __future__ import annotations

import sys

import pytest

from kustodian.model.errors import ExitCode, UserError
from kustodian.model.field_path import parse_api_server_path
from kustodian.render.cluster import Cluster, warning_texts

POD = {
    "metadata": {"labels": {"app.kubernetes.io/name": "iris"}},
    "spec": {
        "containers": [{"name": "proxy"}, {"name": "server", "image": "x"}],
        "ports": [{"port": 80}, {"port": 800000}],
    },
}


@pytest.mark.parametrize(
    ("written", "path"),
    [
        ("spec.ports[1].port", ("spec", "ports", 1, "port")),
        ('.spec.containers[name="server"].image', ("spec", "containers", 1, "image")),
        ('.spec.containers[name="server"].imag', ("spec", "containers", 1, "imag")),
        ("spec.containers[name=other].image", ("spec", "containers")),
        ("metadata.labels[app.kubernetes.io/name]", ("metadata", "labels", "app.kubernetes.io/name")),
        ("spec.nothing.below.it", ("spec", "nothing")),
        ("elsewhere.field", ()),
        ("", ()),
    ],
)
def test_a_path_of_the_api_server_is_found_in_the_object(written: str, path: tuple[str | int, ...]) -> None:
    assert parse_api_server_path(written, POD) == path


@pytest.mark.parametrize(
    ("header", "texts"),
    [
        ("", []),
        ('299 - "one"', ["one"]),
        ('299 - "one, with a comma", 299 - "say \\"two\\""', ["one, with a comma", 'say "two"']),
        ('299 - "broken', ['"broken']),
    ],
)
def test_warnings_are_read_one_by_one(header: str, texts: list[str]) -> None:
    assert warning_texts(header) == texts


def test_without_the_client_the_user_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "kubernetes", None)
    with pytest.raises(UserError) as raised:
        Cluster("")
    assert raised.value.hint == 'pip install "kustodian[cluster]"'
    assert raised.value.exit_code == ExitCode.USAGE
