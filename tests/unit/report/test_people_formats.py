"""Annotations, comments and the page: limits hold, the worst comes first, text stays text."""

from __future__ import annotations

import base64
import hashlib
import re
from itertools import pairwise

import pytest

from kustodian.model.environment import Severity
from kustodian.model.finding import Location, Status, Worsening
from kustodian.model.results.check_report import CheckReport, Comparison, OverlayOutcome
from kustodian.model.results.object_graph import GraphNode, Layer, ObjectGraph
from kustodian.report.formats import Reporter
from kustodian.report.github import as_github
from kustodian.report.html.layout import GAP, lay_out
from kustodian.report.html.page import as_html
from kustodian.report.markdown import COMMENT_LIMIT, MARKER, as_markdown
from kustodian.report.text import as_repeated, as_text
from tests.unit.report.sample import STYLE, finding, graph, sample


def many(number: int, severity: Severity = Severity.ERROR, text: str = "message") -> CheckReport:
    findings = [
        finding(severity=severity, source=Location("a.yaml", line), message=f"{text} {line}")
        for line in range(1, number + 1)
    ]
    return CheckReport(overlays=[OverlayOutcome("overlays/prod", "prod", 3)], findings=findings)


def commands(report: CheckReport, kind: str) -> list[str]:
    return [line for line in as_github(report, STYLE).splitlines() if line.startswith(f"::{kind} ")]


def test_github_gets_ten_of_each_type_and_the_count_of_the_rest() -> None:
    report = many(25)
    report.findings += many(12, Severity.WARNING, "mild").findings + many(3, Severity.INFO, "hint").findings
    assert [len(commands(report, kind)) for kind in ("error", "warning", "notice")] == [10, 10, 3]
    assert "17 more causes only in the job summary" in as_github(report, STYLE)


def test_what_was_not_checked_is_among_the_first_ten() -> None:
    report = many(25)
    report.overlays += [sample().overlays[1]]
    assert "not checked" in commands(report, "error")[0]


def test_one_cause_in_several_environments_is_one_annotation() -> None:
    assert len(commands(sample(), "warning")) == 0, "the base line is an error in prod already"
    assert "in: prod, dev" in commands(sample(), "error")[2].replace("%0A", "\n")


def test_github_commands_are_escaped() -> None:
    (command,) = (line for line in commands(sample(), "error") if "rego" in line)
    assert "file=overlays/prod/my values%2C 100%25.yaml,line=2" in command
    assert r"\nsecond line%0Ain: prod" in command


def test_the_comment_has_its_marker_first_and_fits() -> None:
    for report in (sample(), many(3000, text="ä" * 200), CheckReport()):
        comment = as_markdown(report, STYLE)
        assert comment.startswith(f"{MARKER}\n")
        assert len(comment.encode()) <= COMMENT_LIMIT
    assert "more causes** did not fit" in as_markdown(many(3000, text="ä" * 200), STYLE)


def test_a_fleet_leaves_room_for_findings() -> None:
    report = many(5)
    report.overlays = [OverlayOutcome(f"overlays/{number:05}", "prod", 3) for number in range(3000)]
    comment = as_markdown(report, STYLE)
    assert len(comment.encode()) <= COMMENT_LIMIT and comment.count("unpinned-image</code>") == 5


def test_a_manifest_cannot_write_into_the_comment() -> None:
    comment = as_markdown(sample(), STYLE)
    assert "<img" not in comment and "@everyone" not in comment
    report = CheckReport(findings=[finding(message="`", source=Location("a`b.yaml", 1))])
    report.sources = {"a`b.yaml": ["```` <details>"]}
    assert "`````yaml\n```` <details>\n`````" in as_markdown(report, STYLE)


@pytest.mark.parametrize("write", [as_github, as_markdown])
def test_a_comparison_shows_what_is_new(write: Reporter) -> None:
    report = many(2)
    report.findings[0].status, report.findings[1].status = Status.NEW, Status.UNCHANGED
    report.comparison = Comparison("a" * 40)
    shown = write(report, STYLE)
    assert "message 1" in shown and "message 2" not in shown and "1 new, 0 fixed, 1 unchanged" in shown


@pytest.mark.parametrize("write", [as_github, as_markdown, as_text, as_html])
def test_a_comparison_shows_what_was_and_what_is_worse(write: Reporter) -> None:
    report = many(2)
    report.findings[0].status, report.findings[1].status = Status.WORSE, Status.UNCHANGED
    report.findings[0].worse = Worsening("NET_ADMIN", "SYS_ADMIN")
    report.comparison = Comparison("a" * 40)
    shown = write(report, STYLE)
    assert "was: NET_ADMIN; now: SYS_ADMIN" in shown.replace("\\", "")
    assert "0 new, 1 worse, 0 fixed, 1 unchanged" in shown


def test_the_page_lets_nothing_else_run_or_load() -> None:
    page = as_html(sample(), STYLE)
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)
    assert policy and policy.group(1).startswith("default-src 'none';")
    for tag in ("style", "script"):
        (text,) = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy.group(1)
    assert "<img" not in page and '<script>alert("x")' not in page
    assert not re.search(r"""(src|href)=["'](?!#)""", page), "nothing leads out of the page"


def test_the_page_shows_every_cause_once_with_its_line() -> None:
    page = as_html(sample(), STYLE)
    assert page.count("<article") == 4 + 2
    assert "<mark>image: registry.example.com/iris:latest</mark>" in page
    assert 'data-environments="dev|prod"' in page


def test_boxes_do_not_overlap_and_every_edge_is_drawn() -> None:
    drawing = lay_out(graph())
    columns: dict[float, list[tuple[float, float]]] = {}
    for box in drawing.boxes:
        columns.setdefault(box.x, []).append((box.y, box.y + box.height))
        assert box.y >= 0 and box.y + box.height <= drawing.height and box.x < drawing.width
    for spans in columns.values():
        spans.sort()
        assert all(upper[1] + GAP <= lower[0] + 1e-9 for upper, lower in pairwise(spans))
    assert len(drawing.lines) == len(graph().edges)
    long = next(line for line in drawing.lines if line.edge.label == "allow-gateway :8080")
    assert len(long.points) == 6, "it passes two columns between boxes"


def test_a_crowd_is_listed_rather_than_drawn() -> None:
    report = sample()
    report.graphs = {
        "overlays/prod": ObjectGraph(
            tuple(GraphNode(f"Pod p{n}", "Pod", f"p{n}", Layer.WORKLOAD) for n in range(500))
        )
    }
    page = as_html(report, STYLE)
    assert "500 objects are too many for a picture" in page and "<li>Pod p499</li>" in page


def test_an_empty_graph_can_be_drawn() -> None:
    assert lay_out(ObjectGraph()).boxes == ()


def test_a_repeated_text_report_says_so_in_place_of_its_duration() -> None:
    report = sample()
    report.seconds = 0.31
    report.comparison = Comparison("a" * 40, (finding("wildcard-role"),))
    text = as_text(report, STYLE)
    assert " waived, 2 NOT CHECKED (0.3 s)\ncompared with" in text
    note = " (nothing has changed since it was checked)"
    assert as_repeated(text, report) == text.replace(" (0.3 s)", note)
    assert as_repeated("{}\n", report) == "{}\n"
