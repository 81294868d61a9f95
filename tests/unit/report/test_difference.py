"""`kustodian diff` as text and markdown: nothing that differs is cut away, and nothing is markup."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kustodian.model.manifest import ObjectRef
from kustodian.model.results.difference import (
    ABSENT,
    Difference,
    FieldChange,
    Kind,
    ObjectChange,
    OverlayDifference,
)
from kustodian.report.diff.fields import field_lines
from kustodian.report.diff.markdown import as_markdown
from kustodian.report.diff.text import as_text
from kustodian.report.json.diff import as_json

LONG = "x" * 1000


def lines(before: Any, after: Any) -> list[str]:
    return list(field_lines(FieldChange("a", before, after)))[1:]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("a", "b", ["-     a", "+     b"]),
        (80, "80", ["-     80", '+     "80"']),
        (ABSENT, None, ["+     null"]),
        ({"a": [1]}, ABSENT, ['-     {"a": [1]}']),
        ("one\ntwo\nthree\nfour\n", "one\ntwo\n3\nfour\n", ["      …", "      two", "-     three", "+     3", "      four"]),
        ("one\n", "one", ["-     (the line break at the end)"]),
        (ABSENT, {"a": "x\ny\n", "b": LONG[:200]}, ["+     a: |", "+       x", "+       y", f"+     b: {'x' * 157}… (203 characters)"]),
    ],
)  # fmt: skip
def test_values(before: Any, after: Any, expected: list[str]) -> None:
    assert lines(before, after) == expected


def test_what_differs_late_in_a_long_text_is_seen() -> None:
    old, new = lines(f"{LONG}old{LONG}", f"{LONG}new{LONG}")
    assert "old" in old and "new" in new and max(len(old), len(new)) < 220


def test_long_values_are_counted() -> None:
    found = lines(ABSENT, [{"v": "y" * 20, "w": index} for index in range(200)])
    assert len(found) < 70 and found[-1] == "      … 340 more lines"


def overlay(path: str, *changes: ObjectChange, **more: Any) -> OverlayDifference:
    return OverlayDifference(path, path, changes, **more)


def role(namespace: str, *risks: str, kind: Kind = Kind.CHANGED) -> ObjectChange:
    ref = ObjectRef("v1", "Role", namespace, "r")
    return ObjectChange(ref, kind, (FieldChange("rules[0]", ABSENT, "x"),), risks)


def test_overlays_in_which_the_same_happens_are_one_entry() -> None:
    found = Difference("c" * 40, (overlay("a", role("n-a", "more")), overlay("b", role("n-b", "more"))), 1)
    assert as_text(found) == (
        "a, b: 1 changed in each\n~ Role */r\n    rules[0]\n+     x\n!   more\n\n"
        "2 objects in 2 of 3 overlays differ from cccccccccccc\n"
    )
    assert as_markdown(found).count("<details>") == 1
    assert [one["path"] for one in json.loads(as_json(found))["overlays"]] == ["a", "b"]
    other = Difference("c" * 40, (overlay("a", role("n-a", "more")), overlay("b", role("n-b", "less"))), 1)
    assert as_text(other).count("~ Role") == 2


def test_a_whole_overlay_is_a_list_and_its_risks() -> None:
    changes = (role("n", "gone", kind=Kind.REMOVED), role("m", "gone", kind=Kind.REMOVED))
    text = as_text(Difference("c" * 40, (overlay("a", *changes, kind=Kind.REMOVED),), 0))
    assert text.startswith(
        "a: the overlay is gone, 2 removed\n- Role n/r\n- Role m/r\n!   gone: Role r, Role r\n"
    )


def test_what_was_not_compared_is_counted() -> None:
    text = as_text(Difference("c" * 40, (overlay("a", error="does not render now: x"),), 2))
    assert "no rendered object differs" in text and text.endswith("(3 overlays), 1 overlay NOT COMPARED\n")


def test_a_comment_says_what_found_no_room_and_keeps_the_risks() -> None:
    big = FieldChange("x", ABSENT, {f"k{i}": "v" * 150 for i in range(55)})
    many = tuple(
        overlay(
            f"o{n}",
            ObjectChange(ObjectRef("v1", "Role", f"n{n}", f"r{n}"), Kind.CHANGED, (big,), (f"risk {n}",)),
        )
        for n in range(400)
    )
    comment = as_markdown(Difference("c" * 40, many, 0))
    assert len(comment) < 65_536
    assert "risk 0" in comment and "risk 20" in comment, "risks go on where fields no longer fit"
    assert comment.count("<details>") + int(comment.rsplit("\n", 2)[1].split()[0]) == 400


def test_text_of_a_manifest_stays_text() -> None:
    nasty = FieldChange("x", "```\n<img src=x>", "````\n@team")
    change = ObjectChange(
        ObjectRef("v1", "Role", None, "<b>@all</b>"), Kind.CHANGED, (nasty,), ("<i>*risk*</i>",)
    )
    comment = as_markdown(Difference("c" * 40, (overlay("<script>", change),), 0))
    outside = "".join(comment.split("`````diff")[0::2]) + comment.rpartition("`````")[2]
    assert "<b>" not in outside and "<i>" not in outside and "<script>" not in outside and "@" not in outside
    assert comment.count("`````") == 2, "the fence is longer than any in it"
