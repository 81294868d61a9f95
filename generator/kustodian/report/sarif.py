"""`--format sarif`: SARIF 2.1.0 for code scanning.

Source: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0 Plus Errata 01"; what
GitHub reads of it: "SARIF support for code scanning". Every finding is a result of its own, at the line a
person edits; paths are relative to the top of the git work tree.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import PurePosixPath
from urllib.parse import quote

from kustodian import __version__
from kustodian.model.environment import Severity
from kustodian.model.finding import Finding, Location, Status
from kustodian.model.json_value import JsonObject
from kustodian.model.overlay import NotChecked
from kustodian.model.results.check_report import CheckReport
from kustodian.model.results.rule_help import RuleHelp
from kustodian.report.bounds import MOST_IN_SARIF, window
from kustodian.report.counts import failures
from kustodian.report.escape import encoded, json_text, markdown, plain, sarif, source_line
from kustodian.report.formats import Style

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
#: The name for the repository root; the reader of the file decides where that is.
_ROOT = "SRCROOT"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
#: Section 3.27.24 `baselineState`: an updated result is in both runs and has changed.
_BASELINE = {
    Status.NEW: "new", Status.WORSE: "updated", Status.UNCHANGED: "unchanged", Status.FIXED: "absent",
}  # fmt: skip
#: GitHub sorts alerts by this value; each severity has one.
_PROBLEM = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "recommendation"}


def as_sarif(report: CheckReport, _: Style) -> str:
    """The report as one SARIF run, with a newline at the end."""
    return json_text(as_data(report))


def as_data(report: CheckReport) -> JsonObject:
    """The SARIF log as plain data."""
    fixed = list(report.comparison.fixed) if report.comparison else []
    findings = [*report.findings, *fixed]
    left = len(findings) - MOST_IN_SARIF
    if left > 0:
        findings = sorted(findings, key=lambda finding: -finding.severity)[:MOST_IN_SARIF]
    rules = sorted({finding.rule for finding in findings})
    index = {rule: number for number, rule in enumerate(rules)}
    notifications = [_notification(report, overlay, error) for overlay, error in failures(report)]
    invocation: JsonObject = {"executionSuccessful": not report.incomplete}
    if left > 0:
        text = f"{left:,} results are left out; the JSON report has all of them"
        notifications.append({"level": "warning", "message": {"text": text}})
    if notifications:
        invocation["toolExecutionNotifications"] = notifications
    run: JsonObject = {
        "tool": {
            "driver": {
                "name": "kustodian",
                "version": __version__,
                "semanticVersion": __version__,
                "rules": [_rule(rule, report.rule_help.get(rule), findings) for rule in rules],
                "notifications": [{"id": code} for code in sorted({e.code for _, e in failures(report)})],
            }
        },
        "invocations": [invocation],
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The top of the git work tree."}}},
        "columnKind": "unicodeCodePoints",
        "results": _results(report, findings, index, set(map(id, fixed))),
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(rule: str, page: RuleHelp | None, findings: list[Finding]) -> JsonObject:
    if page is None:  # a policy in Rego has no page: its findings are all that is known
        first = next(finding for finding in findings if finding.rule == rule)
        page = RuleHelp(
            id=rule,
            title=plain(f"Organisation policy {rule.removeprefix('rego/')}"),
            why=sarif(first.why),
            fix=sarif(first.fix),
            markdown=f"# {markdown(rule)}\n\n{markdown(first.why)}\n\n## Fix\n\n{markdown(first.fix)}\n",
            level=max(finding.severity for finding in findings if finding.rule == rule),
            tags=first.tags,
        )
    data: JsonObject = {
        "id": rule,
        "name": "".join(word.capitalize() for word in rule.replace("/", "-").replace("_", "-").split("-")),
        "shortDescription": {"text": page.title},
        "fullDescription": {"text": f"{page.title} {page.why}"},
        "help": {"text": f"{page.why}\n\nFix: {page.fix}", "markdown": page.markdown},
        "defaultConfiguration": {"level": _LEVELS[page.level or Severity.INFO]},
        "properties": {
            "tags": list(page.tags),
            "problem.severity": _PROBLEM[page.level or Severity.INFO],
            "precision": "high",
        },
    }
    if page.url:
        data["helpUri"] = page.url
    return data


def _results(
    report: CheckReport, findings: list[Finding], index: dict[str, int], gone: set[int]
) -> list[JsonObject]:
    seen: Counter[str] = Counter()
    suppressed = report.waived > 0
    results = []
    for finding in findings:
        seen[finding.fingerprint] += 1
        absent = id(finding) in gone
        result = _result(report, finding, index[finding.rule], seen[finding.fingerprint], absent)
        if suppressed:
            # An empty list means "not suppressed"; the standard requires it on all results or on none.
            result["suppressions"] = _suppressions(finding)
        results.append(result)
    return results


def _result(report: CheckReport, finding: Finding, rule: int, occurrence: int, absent: bool) -> JsonObject:
    about = f" ({finding.object})" if finding.object else ""
    worse = f" ({finding.worse})" if finding.worse else ""
    changed = ":worse" if finding.status is Status.WORSE else ""
    data: JsonObject = {
        "ruleId": finding.rule,
        "ruleIndex": rule,
        "level": _LEVELS[finding.severity],
        "message": {"text": sarif(f"{finding.message}{about}{worse}. Fix: {finding.fix}")},
        "locations": [_location(report, finding)],
        "partialFingerprints": {
            "kustodian/v1": finding.fingerprint,
            # GitHub tracks an alert by this one: the ordinal keeps equal ones apart, and a finding that grew
            # worse is an alert of its own, because GitHub does not read `baselineState`.
            "primaryLocationLineHash": f"{finding.fingerprint}:{occurrence}{changed}",
        },
        "properties": {
            "environment": finding.environment,
            "overlay": finding.overlay,
            "field": finding.field,
            "fixable": finding.fixable,
            "tags": list(finding.tags),
        },
    }
    status = Status.FIXED if absent else finding.status
    if report.comparison is not None and status is not None:
        data["baselineState"] = _BASELINE[status]
    if finding.replacements and not absent:  # a fixed finding has its place in the base, not in the work tree
        data["fixes"] = [_fix(report, finding)]
    return data


def _fix(report: CheckReport, finding: Finding) -> JsonObject:
    """The proposed fix; the changes of all files belong together."""
    by_file: dict[str, list[JsonObject]] = {}
    for change in finding.replacements:
        region = {
            "startLine": change.line, "startColumn": change.column,
            "endLine": change.end_line, "endColumn": change.end_column,
        }  # fmt: skip
        inserted = {"insertedContent": {"text": change.text}} if change.text else {}
        by_file.setdefault(change.file, []).append({"deletedRegion": region, **inserted})
    changes = [
        {"artifactLocation": _artifact(report, file), "replacements": replacements}
        for file, replacements in by_file.items()
    ]
    return {"description": {"text": sarif(finding.fix)}, "artifactChanges": changes}


def _suppressions(finding: Finding) -> list[JsonObject]:
    waiver = finding.waiver
    if waiver is None:
        return []
    reason = f"{waiver.reason} (waived by {waiver.owner} until {waiver.expires})"
    return [{"kind": "external", "status": "accepted", "justification": plain(reason)}]


def _location(report: CheckReport, finding: Finding) -> JsonObject:
    source = finding.source
    data: JsonObject = {
        "physicalLocation": {
            "artifactLocation": _artifact(report, source.file),
            "region": _region(source, report.sources.get(source.file)),
        }
    }
    if finding.object is not None:
        ref = finding.object
        place = f"{finding.overlay}:{ref}" + (f":{finding.field}" if finding.field else "")
        data["logicalLocations"] = [{"name": ref.name, "fullyQualifiedName": place, "kind": "resource"}]
    return data


def _region(source: Location, lines: Sequence[str] | None) -> JsonObject:
    region: JsonObject = {"startLine": source.line, "startColumn": source.column}
    if source.end_line is not None and source.end_column is not None:
        region |= {"endLine": source.end_line, "endColumn": source.end_column}
    if lines and source.line <= len(lines):
        region["snippet"] = {"text": source_line(window(lines[source.line - 1], source.column)[0])}
    return region


def _artifact(report: CheckReport, file: str) -> JsonObject:
    if file == "-":
        return {"uri": "stdin"}
    # A relative URI reference is percent-encoded; a colon in its first segment would end a scheme.
    path = PurePosixPath(report.in_work_tree(file)).as_posix()
    return {"uri": quote(_bytes(path), safe="/"), "uriBaseId": _ROOT}


def _bytes(path: str) -> bytes:
    """The bytes of a path: those of its name in the file system, whatever their encoding."""
    try:
        return path.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # a lone surrogate that stands for no byte
        return encoded(path)


def _notification(report: CheckReport, overlay: str | None, error: NotChecked) -> JsonObject:
    about = f"{report.in_work_tree(overlay)}: " if overlay else ""
    data: JsonObject = {
        "descriptor": {"id": error.code},
        "level": "error",
        "message": {"text": sarif(f"{about}not checked: {error.message}")},
    }
    if error.file:
        place: JsonObject = {"artifactLocation": _artifact(report, error.file)}
        if error.line:
            place["region"] = {"startLine": error.line} | (
                {"startColumn": error.column} if error.column else {}
            )
        data["locations"] = [{"physicalLocation": place}]
    return data
