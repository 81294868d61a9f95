"""Replacements turn one text into the other, and stand where an editor can apply them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kustodian.model.edit import Replacement
from kustodian.review.fix.proposals import replacements_between
from tests.cli.harness import kustodian, write
from tests.cli.test_check import ARTICLE, KUSTOMIZATION

LINES = st.lists(st.sampled_from(["a: 1", "b: 2", "  c: ü", "", "# x"]), max_size=8)


def applied(text: str, changes: list[Replacement]) -> str:
    """As an editor would: from the end, by lines and columns."""
    lines = text.splitlines(keepends=True)
    for change in reversed(changes):
        start, end = (
            sum(map(len, lines[: line - 1])) + column - 1
            for line, column in ((change.line, change.column), (change.end_line, change.end_column))
        )
        text = text[:start] + change.text + text[end:]
    return text


@given(LINES, LINES, st.sampled_from(["\n", "\r\n"]), st.booleans(), st.booleans())
def test_they_turn_one_text_into_the_other(
    old: list[str], new: list[str], end: str, old_ends: bool, new_ends: bool
) -> None:
    before, after = end.join(old) + end * old_ends, end.join(new) + end * new_ends
    changes = list(replacements_between("f", before, after))
    assert applied(before, changes) == after
    for change in changes:
        assert (change.line, change.column) <= (change.end_line, change.end_column)
        assert change.line <= max(1, len(before.splitlines())) and change.column >= 1


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("a: 1\nb: 2\n", "a: 1\nb: 3\n", [Replacement("f", 2, 4, 2, 5, "3")]),
        ("a: 1\nb: 2\n", "a: 1\n", [Replacement("f", 2, 1, 3, 1, "")]),
        ("a: 1\n", "a: 1\nb: 2\n", [Replacement("f", 1, 5, 1, 5, "\nb: 2")]),
        ("\ufeffa: 1\n", "\ufeffa: 2\n", [Replacement("f", 1, 4, 1, 5, "2")]),
        ("a\n", "a\n", []),
    ],
)
def test_they_are_small(before: str, after: str, expected: list[Replacement]) -> None:
    assert list(replacements_between("f", before, after)) == expected


def test_a_report_proposes_what_fix_writes(tmp_path: Path) -> None:
    """One rule by itself: its proposals, applied by hand, are what `check --fix` writes."""
    root = write(tmp_path, {
        "base/kustomization.yaml": KUSTOMIZATION + "resources: [deployment.yaml]\n", "base/deployment.yaml": ARTICLE,
        "overlays/prod/kustomization.yaml": KUSTOMIZATION + "resources: [../../base]\n",
    })  # fmt: skip
    rule = ("--rule", "privilege-escalation")
    file = root / "base/deployment.yaml"
    sarif = json.loads(kustodian("check", *rule, "--format", "sarif", cwd=root).out)
    (change,) = sarif["runs"][0]["results"][0]["fixes"][0]["artifactChanges"]
    assert change["artifactLocation"]["uri"] == "base/deployment.yaml"
    data = kustodian("check", "..", *rule, "--format", "json", cwd=root / "overlays").data
    changes = sorted(
        {
            Replacement(c["file"], c["line"], c["column"], c["endLine"], c["endColumn"], c["text"])
            for finding in data["findings"]
            for c in finding["replacements"]
        },
        key=lambda change: change.line,
    )
    assert {c.file for c in changes} == {"../base/deployment.yaml"}
    by_hand = applied(file.read_text(), changes)
    assert kustodian("check", "--fix", *rule, cwd=root).code == 0
    assert file.read_text() == by_hand != ARTICLE
