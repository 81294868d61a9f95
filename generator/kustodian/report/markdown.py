"""`--format markdown`: a comment for a pull request, or a page for a job summary.

The first line is an invisible marker: the job that posts the comment looks for it, and updates that comment
instead of adding another. A comment holds 65,536 characters, so the worst causes come first and those that
do not fit are counted.
"""

from __future__ import annotations

from kustodian.model.finding import FOREIGN_RULES, Finding
from kustodian.model.overlay import NotChecked
from kustodian.model.results.check_report import CheckReport
from kustodian.report.causes import causes, places, worst
from kustodian.report.counts import checked, compared_words, failures, found_words, listed, plural, reported
from kustodian.report.escape import code_fence, code_span, encoded, markdown, markdown_html, source_line
from kustodian.report.formats import Style

MARKER = "<!-- kustodian check -->"
#: The longest comment that GitHub accepts (GitLab accepts more), counted in bytes to be safe.
COMMENT_LIMIT = 65_536
#: The longest summary of one step that GitHub accepts, in bytes.
SUMMARY_LIMIT = 1_048_576
_SIGNS = {"error": "🔴", "warning": "🟡", "info": "🔵"}
#: Bytes reserved for the last line, which counts what was left out.
_RESERVE = 400


def as_markdown(report: CheckReport, _: Style, limit: int = COMMENT_LIMIT) -> str:
    """The comment, at most `limit` bytes in UTF-8."""
    head = _head(report)
    blocks = [_failure(report, overlay, error) for overlay, error in failures(report)]
    blocks += [_block(report, group) for group in causes(reported(report))]
    tail = _overlays(report)
    room = limit - _size(head) - _RESERVE
    if _size(tail) > room // 2:  # in a fleet, findings matter more than the list
        tail = ""
    room -= _size(tail)
    kept: list[str] = []
    for block in blocks:
        room -= _size(block)
        if room < 0:
            break
        kept.append(block)
    left = len(blocks) - len(kept)
    more = f"\n**{plural(left, 'more cause')}** did not fit here: run `kustodian check`.\n" if left else ""
    return head + "".join(kept) + more + tail


def _head(report: CheckReport) -> str:
    verdict = "❌" if report.incomplete or any(str(f.severity) == "error" for f in reported(report)) else "✅"
    found = found_words(report)
    lines = [
        MARKER,
        f"### {verdict} Kustodian: {found}",
        "",
        f"{plural(checked(report), 'overlay')}, {plural(report.objects, 'object')}, "
        f"{plural(report.rules, 'rule')}, {report.waived} waived.",
    ]
    compared = compared_words(report)
    if compared:
        lines.append(f"Compared: {compared}.")
    if report.incomplete:
        lines.append(f"**{plural(len(failures(report)), 'thing')} could not be checked.**")
    return "\n".join([*lines, ""])


def _block(report: CheckReport, group: list[Finding]) -> str:
    finding = worst(group)
    source = finding.source
    severity = str(finding.severity)
    where = f"{report.in_work_tree(source.file)}:{source.line}"
    lines = [
        "",
        f"<details><summary>{_SIGNS[severity]} <b>{severity}</b> <code>{markdown_html(finding.rule)}</code> "
        f"{markdown_html(finding.message)}</summary>",
        "",
        f"{code_span(where)}" + (f" in {markdown(', '.join(places(group)))}" if places(group) else ""),
        "",
        *_snippet(report, finding),
        *([f"- **Worse:** {markdown(str(finding.worse))}"] if finding.worse else []),
        f"- **Why:** {markdown(finding.why)}",
        f"- **Fix:** {markdown(finding.fix)}",
    ]
    if finding.object is not None:
        about = f"{finding.field} of {finding.object}" if finding.field else str(finding.object)
        lines.append(f"- **Sets:** {code_span(about)}")
    if not finding.rule.startswith(FOREIGN_RULES):
        lines.append(f"- **More:** {code_span(f'kustodian explain {finding.rule}')}")
    return "\n".join([*lines, "", "</details>", ""])


def _snippet(report: CheckReport, finding: Finding) -> list[str]:
    lines = report.sources.get(finding.source.file, [])
    if not 0 < finding.source.line <= len(lines):
        return []
    text = lines[finding.source.line - 1]
    if len(text) > 400:  # one line of data could fill the comment
        text = text[:400] + " ..."
    text = source_line(text)
    fence = code_fence(text)
    return [f"{fence}yaml", text.rstrip(), fence, ""]


def _failure(report: CheckReport, overlay: str | None, error: NotChecked) -> str:
    place = report.in_work_tree(error.file or overlay or ".")
    place += f":{error.line}" if error.file and error.line else ""
    return f"\n⛔ **not checked** {code_span(error.code)} at {code_span(place)}: {markdown(error.message)}\n"


def _overlays(report: CheckReport) -> str:
    rows = ["", "<details><summary>Overlays</summary>", "", "| overlay | environment | objects | findings |"]
    rows.append("|---|---|---:|---:|")
    numbers: dict[str, int] = {}
    for finding in reported(report):
        numbers[finding.overlay] = numbers.get(finding.overlay, 0) + 1
    for overlay in listed(report):
        state = "not checked" if overlay.error else str(numbers.get(overlay.path, 0))
        path = code_span(report.in_work_tree(overlay.path)).replace("|", "\\|")
        rows.append(f"| {path} | {markdown(overlay.environment or '-')} | {overlay.objects} | {state} |")
    return "\n".join([*rows, "", "</details>", ""])


def _size(text: str) -> int:
    return len(encoded(text))
