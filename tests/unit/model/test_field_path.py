"""Field paths: the writer, and a reader for each notation."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kustodian.model.field_path import (
    format_path,
    parse_api_server_path,
    parse_json_pointer,
    parse_path,
    split_kustomize_path,
)
from kustodian.model.json_value import FieldPath

SPELLED: list[tuple[FieldPath, str]] = [
    (("spec", "containers", 0, "image"), "spec.containers[0].image"),
    (("metadata", "labels", "app.io/name"), 'metadata.labels["app.io/name"]'),
    (("data", "a b", "c"), 'data["a b"].c'),
    (("data", ""), 'data[""]'),
    (("data", "0"), 'data["0"]'),
    (("data", "a]b"), 'data["a]b"]'),
    (("$patch",), "$patch"),
    (("a-b", "_c"), "a-b._c"),
    ((3,), "[3]"),
    (("x.y",), '["x.y"]'),
    ((), ""),
]


@pytest.mark.parametrize(("path", "written"), SPELLED)
def test_written_and_read(path: FieldPath, written: str) -> None:
    assert format_path(path) == written
    assert parse_path(written) == path


def test_quotes_are_escaped_for_people() -> None:
    assert format_path(("data", 'a"b\\c')) == 'data["a\\"b\\\\c"]'


STEPS = st.one_of(
    st.integers(0, 99), st.text(st.characters(exclude_characters='"\\', exclude_categories=["Cs"]))
)


@given(st.lists(STEPS).map(tuple))
def test_what_is_written_is_read(path: FieldPath) -> None:
    assert parse_path(format_path(path)) == path


OBJECT = {
    "metadata": {"labels": {"app.io/name": "x"}},
    "spec": {
        "containers": [{"name": "a", "image": "x"}, {"name": "b", "ports": [{"containerPort": 80}]}],
        "ports": [{"port": 1}],
        "strategy": None,
    },
}


@pytest.mark.parametrize(("written", "path"), [
    ("spec.ports[0].port", ("spec", "ports", 0, "port")),
    (".spec.ports[0].port", ("spec", "ports", 0, "port")),
    ('.spec.containers[name="b"].ports', ("spec", "containers", 1, "ports")),
    ("spec.containers[name=a].image", ("spec", "containers", 0, "image")),
    ("spec.containers[1].ports[containerPort=80]", ("spec", "containers", 1, "ports", 0)),
    ("metadata.labels[app.io/name]", ("metadata", "labels", "app.io/name")),
    ('metadata.labels["app.io/name"]', ("metadata", "labels", "app.io/name")),
    # It ends with the first step that is not there.
    ("spec.ports[3].port", ("spec", "ports", 3)),
    ("spec.selector.matchLabels", ("spec", "selector")),
    ("spec.strategy.type", ("spec", "strategy")),
    ("spec.containers[name=z].image", ("spec", "containers")),
    # It does not lead into this object.
    ("status.phase", ()),
    ("<nil>", ()),
    ("", ()),
])  # fmt: skip
def test_api_server_paths(written: str, path: FieldPath) -> None:
    assert parse_api_server_path(written, OBJECT) == path


@pytest.mark.parametrize(("written", "steps"), [
    ("spec.replicas", ("spec", "replicas")),
    ("spec.containers.[name=server].image", ("spec", "containers", "[name=server]", "image")),
    ("spec.containers.[image=a.b/c].name", ("spec", "containers", "[image=a.b/c]", "name")),
    (r"metadata.annotations.app\.io/name", ("metadata", "annotations", "app.io/name")),
    ("spec.containers.*.image", ("spec", "containers", "*", "image")),
    ("spec.ports.0.port", ("spec", "ports", "0", "port")),
    (r"a\\b.c", (r"a\b", "c")),
    ("a..b", ("a", "", "b")),
    ("", ("",)),
])  # fmt: skip
def test_kustomize_paths(written: str, steps: tuple[str, ...]) -> None:
    assert split_kustomize_path(written) == steps


@pytest.mark.parametrize(("pointer", "path"), [
    ("/spec/containers/1/ports", ("spec", "containers", 1, "ports")),
    ("/spec/containers/-", ("spec", "containers", 1)),
    ("/spec/containers/-/image", ("spec", "containers", 1, "image")),
    ("/metadata/labels/app.io~1name", ("metadata", "labels", "app.io/name")),
    ("/metadata/labels/a~0b", ("metadata", "labels", "a~b")),
    ("/metadata/labels/a~01b", ("metadata", "labels", "a~1b")),
    ("/metadata/labels/0", ("metadata", "labels", "0")),
    ("/metadata/labels/-", ("metadata", "labels", "-")),
    ("/spec/containers/x", ("spec", "containers", "x")),
    ("/absent/0", ("absent", "0")),
    ("/", ("",)),
    ("", ()),
])  # fmt: skip
def test_json_pointers(pointer: str, path: FieldPath) -> None:
    assert parse_json_pointer(pointer, OBJECT) == path
