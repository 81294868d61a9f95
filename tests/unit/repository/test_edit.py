"""Edits of YAML as text change only the edited field."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from kustodian.model.json_value import FieldPath
from kustodian.repository.edit import CannotEdit, move_to_end, remove, set_value
from kustodian.repository.modernize import modernize

POD = """\
# The pod.
spec:   # its spec
  containers:
    - name: a   # first
      image: x

    # the second
    - image: y
      name: b
      securityContext: {}
      env: [{name: N, value: "1"}]
  nodeSelector:
    disk: ssd
  empty:
"""
CONTAINERS: FieldPath = ("spec", "containers")


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ((*CONTAINERS, 0, "image"), "z:1.0", '      image: "z:1.0"\n'),
        ((*CONTAINERS, 0, "stdin"), True, "      image: x\n      stdin: true\n"),
        (
            (*CONTAINERS, 0, "securityContext", "capabilities", "drop"), ["ALL"],
            "      image: x\n      securityContext:\n        capabilities:\n          drop: [ALL]\n",
        ),
        (
            (*CONTAINERS, 1, "securityContext", "privileged"), False,
            "      securityContext: {privileged: false}\n",
        ),
        ((*CONTAINERS, 1, "env", 0, "value"), "2", '[{name: N, value: "2"}]'),
        ((*CONTAINERS, 1, "env", 0, "extra"), 1, '[{name: N, value: "1", extra: 1}]'),
        (("spec", "nodeSelector", "zone"), "eu", "    disk: ssd\n    zone: eu\n"),
        (("spec", "empty", "sizeLimit"), "1Gi", "  empty:\n    sizeLimit: 1Gi\n"),
        (("metadata", "labels", "a.io/b"), "yes", 'metadata:\n  labels:\n    a.io/b: "yes"\n'),
        (("spec", "nodeSelector"), {"gpu": "yes"}, '  nodeSelector:\n    gpu: "yes"\n  empty:\n'),
    ],
)  # fmt: skip
def test_set(path: FieldPath, value: object, expected: str) -> None:
    changed = set_value(POD, 0, path, value)
    assert expected in changed
    found: object = yaml.safe_load(changed)
    for part in path:
        found = found[part]  # type: ignore[index]
    assert found == value
    untouched = [line for line in POD.splitlines() if line in changed.splitlines()]
    assert len(untouched) >= len(POD.splitlines()) - 2
    assert "# the second" in changed and "# its spec" in changed
    assert set_value(changed, 0, path, value) == changed, "a second run changes nothing"


@pytest.mark.parametrize(
    ("path", "gone", "kept"),
    [
        ((*CONTAINERS, 0, "image"), "      image: x\n", "# first"),
        ((*CONTAINERS, 1, "image"), "image: y", "    - name: b\n"),
        ((*CONTAINERS, 0), "name: a", "# the second"),
        ((*CONTAINERS, 1, "env", 0, "value"), ', value: "1"', "[{name: N}]"),
        ((*CONTAINERS, 1, "env", 0, "name"), "name: N, ", '[{value: "1"}]'),
        (("spec", "nodeSelector", "disk"), "nodeSelector", "  empty:\n"),
    ],
)
def test_remove(path: FieldPath, gone: str, kept: str) -> None:
    changed = remove(POD, 0, path)
    assert gone in POD and gone not in changed
    assert kept in changed
    yaml.safe_load(changed)


def test_move_to_end() -> None:
    changed = move_to_end(POD, 0, (*CONTAINERS, 0))
    assert [item["name"] for item in yaml.safe_load(changed)["spec"]["containers"]] == ["b", "a"]
    assert sorted(changed.splitlines()) == sorted(POD.splitlines())
    flow = move_to_end("a: [1, {b: 2}, 3] # c\n", 0, ("a", 0))
    assert flow == "a: [{b: 2}, 3, 1] # c\n"


def test_other_documents_and_line_breaks_stay() -> None:
    text = "a: 1\r\n---\r\nb: {c: 2}\r\n---\r\nd: 3\r\n"
    assert set_value(text, 1, ("b", "e"), 4) == "a: 1\r\n---\r\nb: {c: 2, e: 4}\r\n---\r\nd: 3\r\n"
    assert set_value(text, 2, ("e", "f"), 4) == text + "e:\r\n  f: 4\r\n"


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("a: &x 1\nb: *x\n", ("a",)),
        ("a: |\n  b\n", ("a",)),
        ("a: [1]\n", ("a", 3, "b")),
        ("a: 1\n", ("a", "b")),
        ("a: &x\n  b: 1\nc: *x\n", ("c", "new")),
        ("a: &x\n  b: 1\nc: *x\n", ("a", "new")),
        ("a: &x\n  b: 1\nc:\n  <<: *x\n  d: 2\n", ("c", "b")),
        ("a:\n- b: 1\n- c: 2\n", ("a", 0)),
    ],
)
def test_unusual_forms_are_refused(text: str, path: FieldPath) -> None:
    with pytest.raises(CannotEdit):
        set_value(text, 0, path, "new")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text("abc:#-? {}[]'\"\\%é", max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab: -", min_size=1), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(
    VALUES,
    st.sampled_from(
        [("spec", "new"), ("x",), (*CONTAINERS, 0, "new", "deep"), (*CONTAINERS, 1, "env", 0, "n")]
    ),
)
def test_a_written_value_parses_as_the_same_value(value: object, path: FieldPath) -> None:
    found: object = yaml.safe_load(set_value(POD, 0, path, value))
    for part in path:
        found = found[part]  # type: ignore[index]
    assert found == value


KUSTOMIZATION = """\
kind: Kustomization
# what it needs
resources:
  - a.yaml
bases:
  # the base
  - ../base   # shared
commonLabels:
  app: x  # c
patchesStrategicMerge:
  - p.yaml
  - |-
    kind: X
patches:
  - path: old.yaml
configMapGenerator:
  - name: a
    env: x.env
"""


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (("bases",), "resources:\n  - a.yaml\n  # the base\n  - ../base   # shared\ncommonLabels:\n"),
        (("commonLabels",), "labels:\n  - includeSelectors: true\n    pairs:\n      app: x  # c\npatches"),
        (
            ("patchesStrategicMerge",),
            "  app: x  # c\npatches:\n  - path: p.yaml\n  - patch: |-\n      kind: X\n  - path: old.yaml\n",
        ),
        (("configMapGenerator", 0, "env"), "  - name: a\n    envs: [x.env]\n"),
    ],
)
def test_modernize(path: FieldPath, expected: str) -> None:
    changed = modernize(KUSTOMIZATION, path)
    assert expected in changed
    assert str(path[-1]) + ":" not in changed
    with pytest.raises(CannotEdit):
        modernize(changed, path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("patchesStrategicMerge:\n# - a.yaml\nnamePrefix: a-\n", "patches:\n# - a.yaml\nnamePrefix: a-\n"),
        ("patches:\n- path: p.yaml\npatchesStrategicMerge:\n", "patches:\n- path: p.yaml\n"),
    ],
)
def test_an_empty_list_is_modernized(text: str, expected: str) -> None:
    assert modernize(text, ("patchesStrategicMerge",)) == expected


def test_vars_are_refused() -> None:
    with pytest.raises(CannotEdit, match="no successor"):
        modernize("vars:\n  - name: X\n", ("vars",))
