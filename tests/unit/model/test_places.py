"""Reading the places of an object's values as the engine encodes them."""

from __future__ import annotations

import pytest

from kustodian.model.json_value import FieldPath, JsonObject
from kustodian.model.places import Places, ValueSource, Written, value_source

MANIFEST = ValueSource("base/a.yaml")
IMAGES = ValueSource("overlay/kustomization.yaml", "images/0", "ImageTagTransformer")
REMOVED = ValueSource("", removed="limits", removed_at=(3, 7, 9), inner=(0, 4, 1))
PATCH = ValueSource("overlay/patch.yaml", by="PatchTransformer", over=(0, 5, 3), over_text="1")
DATA: JsonObject = {"kind": "X", "list": ["a", {"b": 1}], "image": "x:2", "resources": {}, "last": 2}
#: The root, kind, list (a, a mapping, b), image, resources, last.
ENCODED = "0@1.1+8 1.7 2.7+3 2.8 2.11+1 2.15! 1@0.0 2@4.1 3@5.3 "


def at(path: FieldPath) -> Written | None:
    return Places(ENCODED, (MANIFEST, IMAGES, REMOVED, PATCH)).at(DATA, path)


@pytest.mark.parametrize(
    ("path", "source", "line", "column", "computed"),
    [
        ((), MANIFEST, 1, 1, False),
        (("kind",), MANIFEST, 1, 7, False),
        (("list", 0), MANIFEST, 2, 8, False),
        (("list", 1, "b"), MANIFEST, 2, 15, True),
        (("image",), IMAGES, 0, 0, False),
        (("last",), PATCH, 5, 3, False),
    ],
)
def test_a_value(path: FieldPath, source: ValueSource, line: int, column: int, computed: bool) -> None:
    written = at(path)
    assert written is not None
    assert (written.source, written.line, written.column, written.computed) == (
        source,
        line,
        column,
        computed,
    )


@pytest.mark.parametrize("path", [("none",), ("list", 2), ("kind", "x"), ("list", "b"), ("last", 0)])
def test_a_path_that_does_not_exist(path: FieldPath) -> None:
    assert at(path) is None


def test_what_a_patch_removed() -> None:
    written = at(("resources",))
    assert written is not None and written.source == MANIFEST
    ((key, removal),) = written.removed
    assert (key, removal.source.file, removal.line, removal.column) == ("limits", "overlay/patch.yaml", 7, 9)


def test_what_a_value_replaced() -> None:
    written = at(("last",))
    assert written is not None and written.before is not None
    before, text = written.before
    assert (before.source, before.line, text) == (MANIFEST, 5, "1")


def test_a_source_as_the_engine_sends_it() -> None:
    sent = {
        "file": "a",
        "removed": "x",
        "removedAt": {"source": 1, "line": 2, "column": 3},
        "inner": {"source": 0, "line": 4},
    }
    assert value_source(sent) == ValueSource("a", removed="x", removed_at=(1, 2, 3), inner=(0, 4, 0))
