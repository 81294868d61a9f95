"""One finding of the page: what, where with the source lines, why, how to fix it."""

from __future__ import annotations

import re
from html import escape

from kustodian.model.finding import Finding, Status
from kustodian.model.overlay import NotChecked
from kustodian.model.results.check_report import CheckReport
from kustodian.report.causes import places, worst

_CONTEXT = 3
#: A line of data (a certificate, a dashboard) would stretch the page.
_LONGEST_LINE = 400
_CODE = re.compile("`([^`]+)`")


def card(report: CheckReport, group: list[Finding]) -> str:
    """A cause. The data attributes are what the filters look at."""
    finding = worst(group)
    severity = str(finding.severity)
    waived = " waived" if finding.waiver else ""
    environments = escape("|".join(sorted({f.environment or "" for f in group})))
    objects = escape("|".join(sorted({str(f.object) for f in group if f.object})))
    chips = "".join(f'<span class="chip">{escape(name)}</span>' for name in places(group))
    if finding.status is Status.NEW:
        chips += '<span class="chip new">new</span>'
    if finding.fixable:
        chips += '<span class="chip fixable" title="kustodian check --fix changes it">fixable</span>'
    return (
        f'<article class="finding {severity}{waived}" data-severity="{severity}" '
        f'data-rule="{escape(finding.rule)}" data-environments="{environments}" data-objects="{objects}"'
        f"{' data-waived' if finding.waiver else ''}>"
        f'<h3><span class="severity">{severity}</span> {_prose(finding.message)}</h3>'
        f'<p class="about"><button type="button" class="rule" data-rule="{escape(finding.rule)}" '
        f'title="Show only this rule">{escape(finding.rule)}</button>{chips}</p>'
        f"{_source(report, finding)}"
        f"<dl>{_details(finding, group)}</dl></article>"
    )


def failure_card(report: CheckReport, overlay: str | None, error: NotChecked) -> str:
    """What could not be checked; no filter hides it."""
    place = error.file or overlay
    where = report.shown(place) + (f":{error.line}" if error.file and error.line else "") if place else ""
    return (
        '<article class="finding error failure"><h3><span class="severity">not checked</span> '
        f"{_prose(error.message)}</h3>"
        f'<p class="about"><code>{escape(error.code)}</code></p>'
        + (f'<p class="place"><code>{escape(where)}</code></p>' if where else "")
        + "</article>"
    )


def _details(finding: Finding, group: list[Finding]) -> str:
    objects = list(dict.fromkeys(str(f.object) for f in group if f.object))
    about = ", ".join(objects[:4]) + (f" and {len(objects) - 4} more" if len(objects) > 4 else "")
    rows = [("Why", _prose(finding.why)), ("Fix", _prose(finding.fix))]
    if objects:
        field = f"<code>{escape(finding.field)}</code> of " if finding.field else ""
        rows.append(("Object", f"{field}{escape(about)}"))
    if finding.waiver:
        waiver = finding.waiver
        rows.append(
            ("Waived", f"by {escape(waiver.owner)} until {escape(waiver.expires)}: {escape(waiver.reason)}")
        )
    return "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in rows)


def _source(report: CheckReport, finding: Finding) -> str:
    source = finding.source
    place = f"{report.shown(source.file)}:{source.line}:{source.column}"
    head = f'<p class="place"><code>{escape(place)}</code></p>'
    lines = report.sources.get(source.file)
    if not lines or source.line > len(lines):
        return head
    first, last = max(1, source.line - _CONTEXT), min(len(lines), source.line + _CONTEXT)
    rows = []
    for number in range(first, last + 1):
        text = lines[number - 1]
        here = number == source.line
        shown = _marked(text, finding) if here else escape(text[:_LONGEST_LINE])
        kind = "line here" if here else "line"
        rows.append(f'<span class="{kind}"><span class="number">{number}</span>{shown}\n</span>')
    return f'{head}<pre tabindex="0"><code>{"".join(rows)}</code></pre>'


def _marked(text: str, finding: Finding) -> str:
    source = finding.source
    start = min(source.column - 1, len(text))
    end = len(text)
    if source.end_line == source.line and source.end_column is not None:
        end = min(max(source.end_column - 1, start + 1), len(text))
    shown = text[:start], text[start:end][:_LONGEST_LINE], text[end:][:_LONGEST_LINE]
    before, marked, after = (escape(part) for part in shown)
    return f"{before}<mark>{marked}</mark>{after}"


def _prose(text: str) -> str:
    """Escaped, with `code` as code."""
    return _CODE.sub(r"<code>\1</code>", escape(text))
