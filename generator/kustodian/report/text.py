"""`--format text`: findings as a person reads them, with the source line and a caret."""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.model.environment import Severity
from kustodian.model.finding import FOREIGN_RULES, Finding, Status
from kustodian.model.overlay import NotChecked
from kustodian.model.results.check_report import CheckReport, OverlayOutcome
from kustodian.report.causes import causes, worst
from kustodian.report.counts import (
    checked,
    failures,
    found_words,
    listed,
    open_by_overlay,
    plural,
    untouched_words,
)

_COLOURS = {Severity.ERROR: "31", Severity.WARNING: "33", Severity.INFO: "36"}
_CONTEXT_LINES = 2


class Style:
    """ANSI codes, or nothing where colour is off."""

    def __init__(self, colour: bool) -> None:
        """`colour` switches the codes on."""
        self.colour = colour

    def paint(self, code: str, text: str) -> str:
        """The text in a colour (an SGR code such as "1;31")."""
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour else text


def as_text(report: CheckReport, colour: bool = False, show_waived: bool = False) -> str:
    """The whole report, ending in the summary line."""
    style = Style(colour)
    shown = report.findings if show_waived else report.open_findings
    if report.comparison is not None:  # what was there before is counted, not repeated
        shown = [finding for finding in shown if finding.status is not Status.UNCHANGED]
    blocks = [_block(report, group, style) for group in causes(shown)]
    errors = [_error(report, error, style, overlay) for overlay, error in failures(report)]
    lines = [*blocks, *errors]
    body = "\n\n".join(lines) + "\n\n" if lines else ""
    return body + _overlays(report, style) + _closing(report)


def as_repeated(text: str, report: CheckReport) -> str:
    """The text report `text` as a later run prints it, in which nothing has changed since the first one."""
    return text.removesuffix(_closing(report)) + _closing(
        report, " (nothing has changed since it was checked)"
    )


def _closing(report: CheckReport, note: str = "") -> str:
    """The last part of the report: the summary line and the comparison with the base."""
    return f"{summary(report, note)}\n{_compared(report)}"


def _compared(report: CheckReport) -> str:
    """`compared with 1a2b3c4d5e6f: 1 new, 2 fixed, 30 unchanged`, and what is fixed."""
    if report.comparison is None:
        return ""
    new, unchanged = (len(report.with_status(status)) for status in (Status.NEW, Status.UNCHANGED))
    fixed = report.comparison.fixed
    lines = [
        f"compared with {report.comparison.commit[:12]}: {new} new, {len(fixed)} fixed, {unchanged} unchanged"
        + untouched_words(report.comparison)
    ]
    gone = dict.fromkeys((finding.rule, report.shown(finding.source.file)) for finding in fixed)
    lines += [f"  fixed: {rule} in {file}" for rule, file in gone]
    return "\n".join([*lines, ""])


def summary(report: CheckReport, note: str = "") -> str:
    """`1 error in 3 overlays, 53 objects, 97 rules, 0 waived (0.3 s)`; `note` comes before the time."""
    unchecked = len(failures(report))
    text = f"{found_words(report)} in {plural(checked(report), 'overlay')}, "
    text += f"{plural(report.objects, 'object')}, {plural(report.rules, 'rule')}, {report.waived} waived"
    if unchecked:
        text += f", {unchecked} NOT CHECKED"
    took = f" ({report.seconds:.1f} s)" if report.seconds is not None else ""
    return f"{text}{note}{took}"


def _block(report: CheckReport, group: list[Finding], style: Style) -> str:
    finding = worst(group)
    code = _COLOURS[finding.severity]
    head = style.paint(f"1;{code}", f"{finding.severity}[{finding.rule}]") + style.paint(
        "1", f": {finding.message}"
    )
    lines = [head, *_snippet(report, finding, style)]
    gutter = " " * _gutter(finding)
    lines.append(f"{gutter} {style.paint('34', '|')}")
    seen = _environments(group)
    if seen:
        lines.append(f"{gutter} = in:   {seen}")
    lines.append(f"{gutter} = why:  {finding.why}")
    lines.append(f"{gutter} = fix:  {finding.fix}")
    if finding.waiver:
        waiver = finding.waiver
        lines.append(f"{gutter} = waived by {waiver.owner} until {waiver.expires}: {waiver.reason}")
    if not finding.rule.startswith(FOREIGN_RULES):
        lines.append(f"{gutter} = more: kustodian explain {finding.rule}")
    return "\n".join(lines)


def _gutter(finding: Finding) -> int:
    return len(str(finding.source.line + 1))


def _snippet(report: CheckReport, finding: Finding, style: Style) -> Iterator[str]:
    source = finding.source
    width = _gutter(finding)
    bar = style.paint("34", "|")
    yield f"{' ' * width}{style.paint('34', '-->')} {report.shown(source.file)}:{source.line}:{source.column}"
    lines = report.sources.get(source.file)
    if not lines or source.line > len(lines):
        return
    yield f"{' ' * width} {bar}"
    for number in range(max(1, source.line - _CONTEXT_LINES), source.line + 1):
        yield f"{style.paint('34', f'{number:>{width}}')} {bar} {lines[number - 1]}".rstrip()
    line = lines[source.line - 1]
    end = source.end_column if source.end_column and source.end_line == source.line else len(line) + 1
    length = max(1, min(end, len(line.rstrip()) + 1) - source.column)
    caret = style.paint(_COLOURS[finding.severity], "^" * length)
    yield f"{' ' * width} {bar} {' ' * (source.column - 1)}{caret} {_about(finding)}".rstrip()


def _about(finding: Finding) -> str:
    if finding.object is None:
        return ""
    return f"{finding.field or 'the object'} of {finding.object}"


def _environments(group: list[Finding]) -> str:
    """Where one cause shows, with the severity there when it differs."""
    top = max(f.severity for f in group)
    names: dict[str, None] = {}
    for finding in group:
        name = finding.environment or finding.overlay
        if name == ".":
            continue
        names[name if finding.severity == top else f"{name} ({finding.severity})"] = None
    return ", ".join(names)


def _error(report: CheckReport, error: NotChecked, style: Style, overlay: str | None) -> str:
    head = style.paint("1;31", f"not checked[{error.code}]") + style.paint("1", f": {error.message}")
    lines = [head]
    if error.file:
        place = report.shown(error.file)
        place += f":{error.line}" if error.line else ""
        place += f":{error.column}" if error.line and error.column else ""
        lines.append(f" {style.paint('34', '-->')} {place}")
    if overlay is not None:
        lines.append(f"  = overlay {report.shown(overlay)} does not count as clean")
    return "\n".join(lines)


def _overlays(report: CheckReport, style: Style) -> str:
    numbers = open_by_overlay(report)
    rows = [
        (report.shown(o.path), plural(o.objects, "object"), _state(o, numbers.get(o.path, {}), style))
        for o in listed(report)
    ]
    if not rows:
        return ""
    path_width = max(len(path) for path, _, _ in rows)
    count_width = max(len(count) for _, count, _ in rows)
    lines = [f"{path:<{path_width}}  {count:>{count_width}}  {state}" for path, count, state in rows]
    return "\n".join(lines) + "\n"


def _state(outcome: OverlayOutcome, numbers: dict[Severity, int], style: Style) -> str:
    if outcome.error is not None:
        return style.paint("31", f"not checked: {outcome.error.code}")
    parts = [
        style.paint(_COLOURS[severity], plural(number, str(severity)))
        for severity, number in numbers.items()
        if number
    ]
    return ", ".join(parts) or style.paint("32", "clean")
