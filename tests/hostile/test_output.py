"""Foreign text in reports: nothing in it reaches a terminal, a CI log, a comment or a page as a command."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote_to_bytes
from xml.etree import ElementTree

import pytest
from markdown_it import MarkdownIt

from kustodian.cli.text_diff import text_diff
from kustodian.model.environment import Severity
from kustodian.model.finding import AppliedWaiver, Finding, Location, Worsening
from kustodian.model.manifest import ObjectRef
from kustodian.model.overlay import NotChecked
from kustodian.model.results.check_report import CheckReport, Comparison, OverlayOutcome
from kustodian.model.results.difference import Difference, FieldChange, Kind, ObjectChange, OverlayDifference
from kustodian.model.results.environment_matrix import EnvironmentMatrix, Row
from kustodian.model.results.object_graph import GraphEdge, GraphNode, Layer, ObjectGraph, Relation
from kustodian.report.escape import markdown, plain
from kustodian.report.formats import (
    DIFF_FORMATS,
    FORMATS,
    MATRIX_FORMATS,
    MatrixStyle,
    Style,
    diff_reporter,
    matrix_reporter,
    reporter,
)
from tests.cli.harness import SOURCE, kustodian, write

COMMANDS = (
    "::error file=x::forged",
    "  ::error::forged",
    "##[error]forged",
    "##vso[task.complete]",
    "\t::stop-commands::x",
)
HIDDEN = (
    "\x1b[2Jclear",
    "\x1b]0;title\x07",
    "\x9b31m",
    "a\rb",
    "a\nb",
    "a\x7fb",
    "a\u202eb",
    "a\u2066b",
    "a\u200bb",
    "a\u2028b",
    "\U000e0041",
)
FORGED = (
    "x\n::error::forged",
    "x\r::error::forged",
    "x\u2028::error::forged",
    "x\n##[error]forged",
    "x\nno findings in 9 overlays",
)
UNENCODABLE = "a\udcffb", "\ud800"
TEXTS = COMMANDS + HIDDEN + FORGED + UNENCODABLE
#: What may not be in any output: controls but tab and line feed, bidi, zero-width, separators, tags.
FORBIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufffe\U000e0000-\U000e007f]"
)
STYLE = Style(Severity.ERROR, show_waived=True, graph=True)


def report_of(text: str) -> CheckReport:
    """A report in which everything that a repository may choose is this text."""
    name = f"{text}/{text}"

    def finding(rule: str, waiver: AppliedWaiver | None, severity: Severity = Severity.ERROR) -> Finding:
        return Finding(
            rule=rule, severity=severity, message=text, fix=text, why=text, environment=text, overlay=name,
            object=ObjectRef(text, text, text, text), field=text, source=Location(name, 2, 1, 2, 9), tags=(text,),
            fingerprint="0123456789abcdef", waiver=waiver, worse=Worsening(text, text),
        )  # fmt: skip

    nodes = (
        GraphNode(text, text, text, Layer.SERVICE, (text,)),
        GraphNode("other", text, text, Layer.WORKLOAD),
    )
    return CheckReport(
        overlays=[
            OverlayOutcome(name, text, 1),
            OverlayOutcome("broken", text, error=NotChecked(text, text, name, 3, 4)),
        ],
        findings=[
            finding(f"rego/{text}", None), finding("unpinned-image", AppliedWaiver(text, text, text)),
            finding(text, None, Severity.WARNING),
        ],
        not_checked=[NotChecked("rule-failed", text, name)],
        rules=1,
        seconds=None,
        sources={name: [text, text, text]},
        graphs={name: ObjectGraph(nodes, (GraphEdge(text, "other", Relation.ALLOWS, text),), (text,))},
        comparison=Comparison("0123456789ab", (finding(f"rego/{text}", None),)),
    )  # fmt: skip


def refuse_harm(output: str, name: str) -> None:
    """Fail where a terminal or the runner of a forge would do more than show the output."""
    output.encode()  # UnicodeEncodeError is a failure as well
    assert FORBIDDEN.search(output) is None, FORBIDDEN.search(output)
    assert "##[" not in output and "##vso[" not in output
    for line in re.split("\r|\n", output):
        if line.strip().startswith("::"):
            assert name == "github" and re.match("::(error|warning|notice) (file|title)=", line), line
        assert not line.startswith("no findings in 9"), line


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("text", TEXTS, ids=ascii)
def test_no_format_passes_a_command_on(name: str, text: str) -> None:
    refuse_harm(reporter(name)(report_of(text), STYLE), name)


@pytest.mark.parametrize("text", TEXTS, ids=ascii)
def test_the_number_of_annotations_is_that_of_the_findings(text: str) -> None:
    lines = reporter("github")(report_of(text), STYLE).splitlines()
    assert len([line for line in lines if line.startswith("::")]) <= 4
    assert len(lines) <= 5


@pytest.mark.parametrize("name", DIFF_FORMATS)
@pytest.mark.parametrize("text", TEXTS, ids=ascii)
def test_no_format_of_diff_passes_a_command_on(name: str, text: str) -> None:
    ref = ObjectRef(text, text, text, text)
    fields = (FieldChange(text, text, f"{text} {text}"), FieldChange(text, [text], {text: text}))
    change = ObjectChange(ref, Kind.CHANGED, fields, (text,))
    found = Difference("0123456789ab", (OverlayDifference(text, text, (change,), notes=(text,)),), 1)
    refuse_harm(diff_reporter(name)(found), name)


@pytest.mark.parametrize("name", MATRIX_FORMATS)
@pytest.mark.parametrize("text", TEXTS, ids=ascii)
def test_no_format_of_matrix_passes_a_command_on(name: str, text: str) -> None:
    rows = (Row(text, text, (text, "x" * 200)),)
    found = EnvironmentMatrix(text, (text, "prod"), rows, ((text, text),))
    refuse_harm(matrix_reporter(name)([found], MatrixStyle()), name)


@pytest.mark.parametrize("text", [text for text in TEXTS if text not in UNENCODABLE], ids=ascii)
def test_json_keeps_the_data(text: str) -> None:
    data = json.loads(reporter("json")(report_of(text), STYLE))
    assert data["findings"][0]["message"] == text
    assert data["findings"][0]["source"]["file"] == f"{text}/{text}"


def test_names_that_are_not_utf_8_survive() -> None:
    report = report_of("a\udcffb")
    assert "a\\udcffb" in reporter("text")(report, STYLE)
    assert json.loads(reporter("json")(report, STYLE))["findings"][0]["message"] == "a\\udcffb"
    assert ElementTree.fromstring(reporter("junit")(report, STYLE)).get("name") == "kustodian"
    sarif = json.loads(reporter("sarif")(report, STYLE))
    uri = sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert unquote_to_bytes(uri) == b"a\xffb/a\xffb"


def test_ordinary_text_stays_as_it_is() -> None:
    for text in ("größe: 3 — ok", "emoji ⚠️ ✅", "a::b", "image@sha256:0123", "日本語", "# comment", "##x"):
        assert plain(text) == text
    assert markdown("container `a@sha256:1` uses `x_y`") == "container `a@sha256:1` uses `x_y`"


MARKUP = (
    "@octocat and @org/team", "&#64;octocat &commat;octocat", "` @octocat `` y `` ```", "`a` @octocat `", "\\@octocat \\` @octocat `",
    "see https://evil.example and HTTP://evil.example", "www.evil.example", "mailto:a@evil.example",
    "[text](https://evil.example)", "![image](//evil.example/x.png)", "[x]: //evil.example", "<//evil.example>",
    "<img src=x onerror=alert(1)><!-- x", "fixes #12, GH-12, other/repository#12, !12", "</details><h1>x", "`</code></summary><h1>`",
    "a\n# heading", "a\n\n```\n<h1>fence", "| cell | cell", "a`b|c", "*b* _b_ ~~b~~ **b**", "1. x", "    code @octocat", "&lt;img&gt; &#35;12",
)  # fmt: skip
_LIVE = re.compile(r"@\w|https?://|www\.|mailto:|#\d|\bGH-\d|!\d", re.IGNORECASE)
_OURS = {
    "p",
    "em",
    "details",
    "summary",
    "b",
    "code",
    "pre",
    "ul",
    "li",
    "strong",
    "h3",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
}


class _Rendered(HTMLParser):
    """A rendered comment: its tags, and its text outside of code, where forges look for mentions and links."""

    def __init__(self, comment: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.text = ""
        self._code = 0
        self.feed(MarkdownIt("commonmark").enable("table").enable("strikethrough").render(comment))

    def handle_starttag(self, tag: str, attributes: object) -> None:
        self.tags.add(tag)
        self._code += tag in ("code", "pre")

    def handle_endtag(self, tag: str) -> None:
        self._code -= tag in ("code", "pre")

    def handle_data(self, data: str) -> None:
        self.text += "" if self._code else data


def comments(text: str) -> Iterator[str]:
    """Every kind of comment, with this text wherever a repository may choose it, also cut into code spans."""
    for shown in (text, f"container `{text}` uses `x`", f"`{text}"):
        report = report_of("x")
        for finding in report.findings:
            finding.message = finding.why = finding.fix = finding.environment = finding.field = shown
        report.overlays = [OverlayOutcome(shown, shown, 1)]
        report.not_checked = [NotChecked(shown, shown, shown)]
        report.sources = {"x/x": [shown, shown, shown]}
        yield reporter("markdown")(report, STYLE)
        ref = ObjectRef("v1", shown, shown, shown)
        change = ObjectChange(ref, Kind.CHANGED, (FieldChange(shown, shown, "x"),), (shown,))
        overlay = OverlayDifference(shown, shown, (change,), notes=(shown,))
        yield diff_reporter("markdown")(Difference("c", (overlay,), 1))
        matrix = EnvironmentMatrix(shown, (shown, "x"), (Row(shown, shown, (shown, "y")),), (("o", shown),))
        yield matrix_reporter("markdown")([matrix], MatrixStyle())


@pytest.mark.parametrize("text", MARKUP)
def test_markdown_is_inert(text: str) -> None:
    for comment in comments(text):
        rendered = _Rendered(comment)
        assert rendered.tags <= _OURS, comment
        assert _LIVE.search(rendered.text) is None, (_LIVE.search(rendered.text), comment)


def test_a_link_in_a_sarif_message_is_text() -> None:
    data = json.loads(reporter("sarif")(report_of("[x](https://evil.example)"), STYLE))
    for result in data["runs"][0]["results"]:
        assert "\\[x](" in result["message"]["text"]


def test_the_caret_stays_below_what_it_marks() -> None:
    report = report_of("x")
    finding = report.findings[0]
    report.findings, report.comparison = [finding], None
    report.sources = {finding.source.file: ["", "a\u202eb: c"]}
    finding.source = Location(finding.source.file, 2, 6, 2, 7)
    lines = reporter("text")(report, STYLE).splitlines()
    (number,) = (n for n, line in enumerate(lines) if "a\\u202eb: c" in line)
    assert lines[number].index("c", 10) == lines[number + 1].index("^")


def test_a_diff_shows_commands_and_escapes_as_text() -> None:
    shown = text_diff(
        "a\x1b.yaml",
        "::error::x\na: 1\n##[error]\n\x1b[2J\r\nb\rc\n",
        "::error::x\na: 2\n##[error]\n\x1b[2J\r\nb\rc\n",
    )
    assert [line for line in shown.splitlines() if line.lstrip().startswith("::")] == []
    assert "\x1b" not in shown and "##[" not in shown and "b\\rc" in shown and "\\x1b[2J\r\n" in shown
    assert "+a: 2\n" in text_diff("a.yaml", "\ta: 1\n", "a: 2\n")


POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - {name: %s, image: 'x:latest'}\n"


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A repository whose names and messages hold escapes, and with files whose names are no UTF-8."""
    root = write(tmp_path / "repo", {
        "kustodian.yaml": "environments: {prod: {paths: [overlays/*]}}\nrego: {policy: [policy]}\n",
        "policy/main.rego": 'package main\n\ndeny contains msg if {\n\tmsg := "\\u001b[2Jx\\n::error::forged\\u202e @octocat"\n}\n',
        "overlays/prod/kustomization.yaml":
            "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [a.yaml]\n",
        "overlays/prod/a.yaml": POD % '"c\\e[31m\\u202e\\n##[error]x"',
    })  # fmt: skip
    Path(os.fsdecode(os.fsencode(root / "overlays/prod") + b"/bad\xff.enc.env")).write_text("PASSWORD=x\n")
    return root


@pytest.mark.parametrize("name", FORMATS)
def test_the_command_writes_every_format(hostile: Path, name: str, tmp_path: Path) -> None:
    file = tmp_path / "report"
    both = subprocess.run(
        [sys.executable, "-m", "kustodian", "check", "--no-cache", "--format", name, "--format", f"json={file}"],
        cwd=hostile, env={"PATH": os.environ["PATH"], "PYTHONPATH": str(SOURCE), "LC_ALL": "C.UTF-8"},
        capture_output=True, check=False, timeout=120,
    )  # fmt: skip
    assert both.returncode == 1, both.stderr
    shown = both.stdout.decode()
    assert "forged" in shown
    refuse_harm(shown, name)
    messages = [finding["message"] for finding in json.loads(file.read_text())["findings"]]
    assert any("\x1b[2J" in message for message in messages), "the data is what the policy said"


def test_an_error_message_is_escaped(tmp_path: Path) -> None:
    outcome = kustodian("check", "no\x1b[2J\n::error::such", cwd=tmp_path)
    assert outcome.code == 2
    refuse_harm(outcome.err, "text")
