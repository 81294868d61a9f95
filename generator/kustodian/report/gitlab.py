"""`--format gitlab`: a GitLab Code Quality report (the artifact `reports:codequality`).

Source: GitLab documentation, "Code Quality", "Code Quality report format". Fingerprints must be unique in
the file: GitLab follows a finding from one branch to another by them, and drops repeated ones. A finding that
grew worse has another one, so that GitLab shows it as new.
"""

from __future__ import annotations

import hashlib
from collections import Counter

from kustodian.model.environment import Severity
from kustodian.model.finding import Finding
from kustodian.model.json_value import JsonObject
from kustodian.model.overlay import NotChecked
from kustodian.model.results.check_report import CheckReport
from kustodian.report.counts import failures
from kustodian.report.escape import encoded, json_text, plain
from kustodian.report.formats import Style

_SEVERITIES = {Severity.ERROR: "critical", Severity.WARNING: "minor", Severity.INFO: "info"}


def as_gitlab(report: CheckReport, _: Style) -> str:
    """A JSON list with an entry for each open finding and each thing that could not be checked."""
    seen: Counter[str] = Counter()
    entries = [_failure(report, overlay, error) for overlay, error in failures(report)]
    for finding in report.open_findings:
        seen[finding.fingerprint] += 1
        entries.append(_finding(report, finding, seen[finding.fingerprint]))
    return json_text(entries)


def _finding(report: CheckReport, finding: Finding, occurrence: int) -> JsonObject:
    source = finding.source
    about = f" ({finding.object})" if finding.object else ""
    worse = f" ({finding.worse})" if finding.worse else ""
    return {
        "description": plain(f"{finding.message}{about}{worse}. Fix: {finding.fix}"),
        "check_name": finding.rule,
        "fingerprint": _unique(f"{finding.fingerprint}:{occurrence}{worse}"),
        "severity": _SEVERITIES[finding.severity],
        "location": {
            "path": report.in_work_tree(source.file),
            "lines": {"begin": source.line, "end": source.end_line or source.line},
        },
    }


def _failure(report: CheckReport, overlay: str | None, error: NotChecked) -> JsonObject:
    path = error.file or overlay or "kustodian.yaml"
    return {
        "description": plain(f"not checked ({error.code}): {error.message}"),
        "check_name": f"not-checked/{error.code}",
        "fingerprint": _unique(f"{error.code}\n{overlay}\n{error.file}\n{error.message}"),
        "severity": "blocker",
        "location": {"path": report.in_work_tree(path), "lines": {"begin": error.line or 1}},
    }


def _unique(text: str) -> str:
    return hashlib.sha256(encoded(text)).hexdigest()[:32]
