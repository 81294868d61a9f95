"""`--format junit`: JUnit XML, which Jenkins, GitLab and most other CI servers read.

A suite is an overlay. A finding that fails the run is a failed test, a milder one a passed test with output,
a waived one a skipped test; an overlay that could not be checked is an error. An overlay without findings
has one passed test, so that it is listed. There are no times: the same report gives the same bytes.
"""

from __future__ import annotations

from xml.etree import ElementTree

from kustodian.model.environment import Severity
from kustodian.model.finding import Finding, Status
from kustodian.model.overlay import NotChecked
from kustodian.model.results.check_report import CheckReport
from kustodian.report.counts import listed
from kustodian.report.escape import own_lines, plain
from kustodian.report.formats import Style


def as_junit(report: CheckReport, style: Style) -> str:
    """The report as `<testsuites>`; a finding milder than `style.fail_on` is a passed test."""
    root = ElementTree.Element("testsuites", name="kustodian")
    by_overlay: dict[str, list[Finding]] = {overlay.path: [] for overlay in listed(report)}
    for finding in report.findings:
        by_overlay.setdefault(finding.overlay, []).append(finding)
    errors = {overlay.path: overlay.error for overlay in report.overlays if overlay.error}
    own_errors: dict[str, list[NotChecked]] = {path: [error] for path, error in errors.items()}
    if report.not_checked:
        by_overlay.setdefault(".", [])
        own_errors.setdefault(".", []).extend(report.not_checked)
    for path in sorted(by_overlay):
        _suite(root, report, path, by_overlay[path], own_errors.get(path, []), style.fail_on)
    for name in ("tests", "failures", "errors", "skipped"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in root)))
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(root, encoding="unicode")}\n'


def _suite(
    root: ElementTree.Element,
    report: CheckReport,
    path: str,
    findings: list[Finding],
    errors: list[NotChecked],
    fail_on: Severity,
) -> None:
    name = report.shown(path) if path != "." else "repository"
    suite = ElementTree.SubElement(root, "testsuite", name=plain(name))
    for error in errors:
        case = _case(suite, name, f"not checked: {error.code}")
        place = f"{report.shown(error.file)}:{error.line or 1}: " if error.file else ""
        _child(case, "error", error.message, plain(f"{place}{error.message}"), error.code)
    for finding in findings:
        case = _case(suite, name, f"{finding.rule}: {finding.object or report.shown(finding.source.file)}")
        source = finding.source
        case.set("file", plain(report.in_work_tree(source.file)))
        case.set("line", str(source.line))
        _verdict(case, report, finding, fail_on)
    if not findings and not errors:
        _case(suite, name, "no findings")
    suite.set("tests", str(len(suite)))
    for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(attribute, str(len(suite.findall(f"testcase/{tag}"))))


def _case(suite: ElementTree.Element, overlay: str, name: str) -> ElementTree.Element:
    return ElementTree.SubElement(suite, "testcase", classname=plain(overlay), name=plain(name))


def _verdict(case: ElementTree.Element, report: CheckReport, finding: Finding, fail_on: Severity) -> None:
    source = finding.source
    lines = [f"{report.shown(source.file)}:{source.line}:{source.column}", finding.message]
    if finding.field:
        lines.append(f"field: {finding.field}")
    if finding.worse:
        lines.append(f"worse: {finding.worse}")
    text = "\n".join(map(plain, [*lines, f"why: {finding.why}", f"fix: {finding.fix}"]))
    if finding.waiver is not None:
        waiver = finding.waiver
        reason = f"waived by {waiver.owner} until {waiver.expires}: {waiver.reason}"
        ElementTree.SubElement(case, "skipped", message=plain(reason))
    elif finding.severity >= fail_on and finding.status is not Status.UNCHANGED:
        _child(case, "failure", f"{finding.severity}: {finding.message}", text, finding.rule)
    else:
        known = "unchanged " if finding.status is Status.UNCHANGED else ""
        output = ElementTree.SubElement(case, "system-out")
        output.text = own_lines(f"{known}{finding.severity}\n{text}")


def _child(case: ElementTree.Element, tag: str, message: str, text: str, kind: str) -> None:
    child = ElementTree.SubElement(case, tag, message=plain(message), type=plain(kind))
    child.text = own_lines(text)
