"""The contracts in JSON: what is written fits the schema exactly, and reading gives the report back."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kustodian.model.edit import Replacement
from kustodian.model.environment import Severity
from kustodian.model.finding import AppliedWaiver, Finding, Location, Status, Worsening
from kustodian.model.manifest import ObjectRef
from kustodian.model.overlay import NotChecked
from kustodian.model.results.check_report import CheckReport, Comparison, OverlayOutcome
from kustodian.model.results.difference import (
    ABSENT,
    Difference,
    FieldChange,
    Kind,
    ObjectChange,
    OverlayDifference,
)
from kustodian.model.results.environment_matrix import EnvironmentMatrix, Row
from kustodian.model.results.object_graph import GraphEdge, GraphNode, Layer, ObjectGraph, Relation
from kustodian.model.results.shard import Shard, ShardReport
from kustodian.report.formats import MatrixStyle, Style
from kustodian.report.json import diff, matrix
from kustodian.report.json.check import as_json, check_schema
from kustodian.report.json.read import read_json
from tests.unit.report.sample import sample

DOCS = Path(__file__).parents[3] / "docs"
GRAPHS = Style(Severity.ERROR, graph=True)

words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
numbers = st.integers(1, 10**6)
optional_words, optional_numbers = st.none() | words, st.none() | numbers
failures = st.builds(NotChecked, words, words, optional_words, optional_numbers, optional_numbers, st.none())
objects = st.builds(ObjectRef, words, words, optional_words, words)
locations = st.builds(Location, words, numbers, numbers, optional_numbers, optional_numbers)
replacements = st.builds(Replacement, words, numbers, numbers, numbers, numbers, st.text(max_size=3))
severities = st.sampled_from(Severity)
findings = st.builds(
    Finding,
    rule=words,
    severity=severities,
    message=words,
    fix=words,
    why=words,
    environment=optional_words,
    overlay=words,
    object=st.none() | objects,
    field=words,
    source=locations,
    tags=st.lists(words, max_size=2).map(tuple),
    fingerprint=words,
    waiver=st.none() | st.builds(AppliedWaiver, words, words, words, st.none()),
    fixable=st.booleans(),
    status=st.none() | st.sampled_from(Status),
    replacements=st.lists(replacements, max_size=2).map(tuple),
    worse=st.none() | st.builds(Worsening, words, words),
)
graphs = st.builds(
    ObjectGraph,
    st.lists(
        st.builds(
            GraphNode,
            words,
            words,
            words,
            st.sampled_from(Layer),
            st.lists(words, max_size=2).map(tuple),
            st.booleans(),
        ),
        max_size=2,
    ).map(tuple),
    st.lists(st.builds(GraphEdge, words, words, st.sampled_from(Relation), words), max_size=2).map(tuple),
    st.lists(words, max_size=2).map(tuple),
)
overlays = st.builds(
    OverlayOutcome, words, optional_words, st.integers(0, 99), st.none() | failures, optional_words
)
shards = st.builds(
    ShardReport,
    st.builds(Shard, numbers, numbers),
    words,
    severities.map(str),
    st.lists(st.tuples(words, numbers, numbers), max_size=2).map(tuple),
)


@st.composite
def reports(draw: st.DrawFn) -> CheckReport:
    """What a file holds of a report: no sources, rule pages, times, nor the place of the repository."""
    listed = draw(st.lists(overlays, max_size=3, unique_by=lambda overlay: overlay.path))
    drawn = st.fixed_dictionaries({}, optional={overlay.path: graphs for overlay in listed})
    compared = st.builds(Comparison, words, st.lists(findings, max_size=2).map(tuple), st.integers(0, 9))
    return CheckReport(
        overlays=listed,
        findings=draw(st.lists(findings, max_size=3)),
        not_checked=draw(st.lists(failures, max_size=2)),
        rules=draw(st.integers(0, 999)),
        seconds=None,
        graphs=draw(drawn),
        comparison=draw(st.none() | compared),
        shard=draw(st.none() | shards),
    )


@given(reports())
def test_reading_gives_the_report_that_was_written(report: CheckReport) -> None:
    assert read_json(as_json(report, GRAPHS).encode(), "r.json") == report


def everything() -> CheckReport:
    """A report that has every field of the contract."""
    report = sample()
    report.findings[0].status, report.findings[0].worse = Status.WORSE, Worsening("a", "b")
    report.comparison = Comparison("a" * 40, tuple(report.findings), 3)
    report.shard = ShardReport(Shard(2, 5), "0123", "warning", (("kustodian.yaml", 3, 5),))
    return report


def differences() -> Difference:
    """A difference that has every field of the contract."""
    field = FieldChange("spec", 1, None)
    change = ObjectChange(ObjectRef("v1", "Role", "n", "r"), Kind.CHANGED, (field,), ("risk",))
    return Difference("c" * 40, (OverlayDifference("a", "prod", (change,), notes=("note",)),), 2)


def matrices() -> list[EnvironmentMatrix]:
    """Matrices that have every field of the contract."""
    row = Row("iris", "image", ("a", ""))
    return [EnvironmentMatrix("iris", ("dev", "prod"), (row,), (("overlays/broken", "no such file"),))]


DOCUMENTS: dict[str, tuple[dict[str, Any], str]] = {
    "check": (check_schema(), as_json(everything(), GRAPHS)),
    "diff": (diff.diff_schema(), diff.as_json(differences())),
    "matrix": (matrix.matrix_schema(), matrix.as_json(matrices(), MatrixStyle())),
}


def keys_of_schema(schema: dict[str, Any], root: dict[str, Any], path: str = "") -> Iterator[str]:
    """The path of every key that a schema has."""
    if "$ref" in schema:
        schema = root["$defs"][schema["$ref"].removeprefix("#/$defs/")]
    for alternative in schema.get("anyOf", ()):
        yield from keys_of_schema(alternative, root, path)
    if "items" in schema:
        yield from keys_of_schema(schema["items"], root, f"{path}[]")
    for key, inner in schema.get("properties", {}).items():
        yield f"{path}.{key}"
        yield from keys_of_schema(inner, root, f"{path}.{key}")


def keys_of_data(data: object, path: str = "") -> Iterator[str]:
    """The path of every key that a document has."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield f"{path}.{key}"
            yield from keys_of_data(value, f"{path}.{key}")
    for item in data if isinstance(data, list) else ():
        yield from keys_of_data(item, f"{path}[]")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_field_of_the_schema_is_written_and_no_other(name: str) -> None:
    schema, text = DOCUMENTS[name]
    data = json.loads(text)
    jsonschema.Draft202012Validator(schema).validate(data)
    assert set(keys_of_data(data)) == set(keys_of_schema(schema, schema))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_published_schema_is_this_one(name: str) -> None:
    published = json.loads((DOCS / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8"))
    assert published == DOCUMENTS[name][0]


def test_the_manual_names_every_field() -> None:
    page = (DOCS / "json-report.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(?:\w+\.)?(\w+)(?:\[\])?`", page))
    keys = {path.rpartition(".")[2] for path in keys_of_schema(check_schema(), check_schema())}
    assert keys <= named


def test_a_side_without_the_field_has_no_key() -> None:
    (overlay,) = differences().overlays
    (change,) = overlay.changes
    added = replace(change, fields=(FieldChange("spec", ABSENT, None),))
    changed = replace(differences(), overlays=(replace(overlay, changes=(added,)),))
    (written,) = json.loads(diff.as_json(changed))["overlays"][0]["changes"][0]["fields"]
    assert written == {"path": "spec", "after": None}


#: Failures of a whole request: the command ends with an error instead of a report.
NO_REPORT = {
    "bad-request", "unknown-op", "internal", "no-policy", "policy-compile", "policy-data",
}  # fmt: skip


def test_the_manual_lists_the_codes_that_the_sources_have() -> None:
    root = DOCS.parent
    protocol = (root / "engine" / "internal" / "protocol" / "protocol.go").read_text(encoding="utf-8")
    codes = set(re.findall(r'\tCode\w+ += "([a-z-]+)"', protocol))
    assert codes > NO_REPORT
    for file in (root / "generator" / "kustodian").rglob("*.py"):
        source = file.read_text(encoding="utf-8")
        codes.update(re.findall(r'NotChecked\(\s*"([a-z-]+)"', source))
        codes.update(re.findall(r'^    code(?:: str)? = "([a-z-]+)"', source, re.MULTILINE))
    section = (DOCS / "json-report.md").read_text(encoding="utf-8").partition("## Codes")[2]
    assert set(re.findall(r"^\| `([a-z-]+)` \|", section, re.MULTILINE)) == codes - NO_REPORT
