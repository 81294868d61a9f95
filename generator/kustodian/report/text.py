"""`--format text`: findings for people, with the source line and a caret."""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.model.environment import Severity
from kustodian.model.finding import FOREIGN_RULES, Finding
from kustodian.model.overlay import NotChecked
from kustodian.model.results.check_report import CheckReport, OverlayOutcome
from kustodian.report.bounds import MOST_IN_TEXT, MOST_MESSAGE_LINES, window, worst_groups
from kustodian.report.causes import causes, worst
from kustodian.report.counts import (
    checked,
    failures,
    found_words,
    listed,
    open_by_overlay,
    plural,
    reported,
    status_words,
    untouched_words,
)
from kustodian.report.escape import plain, source_line
from kustodian.report.formats import Style

_COLOURS = {Severity.ERROR: "31", Severity.WARNING: "33", Severity.INFO: "36"}
_CONTEXT_LINES = 2
_NOTHING_CHANGED = " (nothing has changed since it was checked)"


class _Palette:
    """ANSI codes, or nothing where colour is off."""

    def __init__(self, colour: bool) -> None:
        """`colour` switches the codes on."""
        self.colour = colour

    def paint(self, code: str, text: str) -> str:
        """The text in a colour (an SGR code such as "1;31")."""
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour else text


def as_text(report: CheckReport, style: Style) -> str:
    """The whole report: findings, what was not checked, overlays, summary, comparison."""
    palette = _Palette(style.colour)
    shown = reported(report, waived=style.show_waived)
    groups, left = worst_groups(causes(shown), MOST_IN_TEXT)
    blocks = [_block(report, group, palette) for group in groups]
    if left:
        blocks.append(f"{plural(left, 'more cause')} not shown here: --format json has all of them")
    blocks += [_error(report, error, palette, overlay) for overlay, error in failures(report)]
    body = "\n\n".join(blocks) + "\n\n" if blocks else ""
    return body + _overlays(report, palette) + _end(report, _duration(report))


def as_repeated(text: str, report: CheckReport) -> str:
    """What `as_text` wrote, with a note that nothing has changed since in place of the duration.

    Any other text is returned as it is.
    """
    end = _end(report, _duration(report))
    return text.removesuffix(end) + _end(report, _NOTHING_CHANGED) if text.endswith(end) else text


def _end(report: CheckReport, note: str) -> str:
    """The summary line, which ends in a note, and what was compared."""
    return f"{_summary(report)}{note}\n{_compared(report)}"


def _summary(report: CheckReport) -> str:
    """`1 error in 3 overlays, 53 objects, 97 rules, 0 waived`."""
    unchecked = len(failures(report))
    text = f"{found_words(report)} in {plural(checked(report), 'overlay')}, "
    text += f"{plural(report.objects, 'object')}, {plural(report.rules, 'rule')}, {report.waived} waived"
    return f"{text}, {unchecked} NOT CHECKED" if unchecked else text


def _duration(report: CheckReport) -> str:
    """` (0.3 s)`; empty where it is not known."""
    return f" ({report.seconds:.1f} s)" if report.seconds is not None else ""


def _compared(report: CheckReport) -> str:
    """`compared with 1a2b3c4d5e6f: 1 new, 2 fixed, 30 unchanged`, and what is fixed."""
    comparison = report.comparison
    if comparison is None:
        return ""
    words = f"{status_words(report, comparison)}{untouched_words(comparison)}"
    lines = [f"compared with {comparison.commit[:12]}: {words}"]
    gone = dict.fromkeys((finding.rule, report.shown(finding.source.file)) for finding in comparison.fixed)
    lines += [plain(f"  fixed: {rule} in {file}") for rule, file in gone]
    lines += [
        plain(f"  waived and worse: {finding.rule} in {report.shown(finding.source.file)}, {finding.worse}")
        for finding in report.waived_worse
    ]
    return "\n".join([*lines, ""])


def _block(report: CheckReport, group: list[Finding], palette: _Palette) -> str:
    finding = worst(group)
    code = _COLOURS[finding.severity]
    head = palette.paint(f"1;{code}", f"{finding.severity}[{plain(finding.rule)}]") + palette.paint(
        "1", f": {plain(finding.message)}"
    )
    lines = [head, *_snippet(report, finding, palette)]
    gutter = " " * _gutter(finding)
    lines.append(f"{gutter} {palette.paint('34', '|')}")
    if finding.worse:
        lines.append(f"{gutter} = {plain(str(finding.worse))}")
    seen = _environments(group)
    if seen:
        lines.append(f"{gutter} = in:   {plain(seen)}")
    lines.append(f"{gutter} = why:  {plain(finding.why)}")
    lines.append(f"{gutter} = fix:  {plain(finding.fix)}")
    if finding.waiver:
        waiver = finding.waiver
        words = f"waived by {waiver.owner} until {waiver.expires}: {waiver.reason}"
        lines.append(f"{gutter} = {plain(words)}")
    if not finding.rule.startswith(FOREIGN_RULES):
        lines.append(f"{gutter} = more: kustodian explain {plain(finding.rule)}")
    return "\n".join(lines)


def _gutter(finding: Finding) -> int:
    return len(str(finding.source.line + 1))


def _snippet(report: CheckReport, finding: Finding, palette: _Palette) -> Iterator[str]:
    source = finding.source
    width = _gutter(finding)
    bar = palette.paint("34", "|")
    place = plain(f"{report.shown(source.file)}:{source.line}:{source.column}")
    yield f"{' ' * width}{palette.paint('34', '-->')} {place}"
    lines = report.sources.get(source.file)
    if not lines or source.line > len(lines):
        return
    yield f"{' ' * width} {bar}"
    for number in range(max(1, source.line - _CONTEXT_LINES), source.line + 1):
        column = source.column if number == source.line else 1
        text = source_line(window(lines[number - 1], column)[0])
        yield f"{palette.paint('34', f'{number:>{width}}')} {bar} {text}".rstrip()
    line, column = window(lines[source.line - 1], source.column)
    is_one_line = source.end_column is not None and source.end_line == source.line
    end = (source.end_column or 0) - source.column + column if is_one_line else len(line) + 1
    last = max(column, min(end, len(line.rstrip()) + 1) - 1)
    # Escapes make the shown line longer than the file's.
    start = len(source_line(line[: column - 1]))
    length = max(1, len(source_line(line[column - 1 : last])))
    caret = palette.paint(_COLOURS[finding.severity], "^" * length)
    yield f"{' ' * width} {bar} {' ' * start}{caret} {plain(_about(finding))}".rstrip()


def _about(finding: Finding) -> str:
    if finding.object is None:
        return ""
    return f"{finding.field or 'the object'} of {finding.object}"


def _environments(group: list[Finding]) -> str:
    """The environments or overlays of a cause, with the severity where it is milder."""
    top = max(f.severity for f in group)
    names: dict[str, None] = {}
    for finding in group:
        name = finding.environment or finding.overlay
        if name == ".":
            continue
        names[name if finding.severity == top else f"{name} ({finding.severity})"] = None
    return ", ".join(names)


def _error(report: CheckReport, error: NotChecked, palette: _Palette, overlay: str | None) -> str:
    message, *further = error.message.rstrip().split("\n")
    head = palette.paint("1;31", f"not checked[{plain(error.code)}]")
    head += palette.paint("1", f": {plain(message)}")
    bar = palette.paint("34", "|")
    lines = [head, *(f"  {bar} {plain(line)}" for line in further[:MOST_MESSAGE_LINES])]
    if (left := len(further) - MOST_MESSAGE_LINES) > 0:
        lines.append(f"  {bar} and {plural(left, 'more line')}")
    if error.file:
        place = report.shown(error.file)
        place += f":{error.line}" if error.line else ""
        place += f":{error.column}" if error.line and error.column else ""
        lines.append(f" {palette.paint('34', '-->')} {plain(place)}")
    if overlay is not None:
        lines.append(plain(f"  = overlay {report.shown(overlay)} does not count as clean"))
    return "\n".join(lines)


def _overlays(report: CheckReport, palette: _Palette) -> str:
    numbers = open_by_overlay(report)
    rows = [
        (
            plain(report.shown(o.path)),
            plural(o.objects, "object"),
            _state(o, numbers.get(o.path, {}), palette),
        )
        for o in listed(report)
    ]
    if not rows:
        return ""
    path_width = max(len(path) for path, _, _ in rows)
    count_width = max(len(count) for _, count, _ in rows)
    lines = [f"{path:<{path_width}}  {count:>{count_width}}  {state}" for path, count, state in rows]
    return "\n".join(lines) + "\n"


def _state(outcome: OverlayOutcome, numbers: dict[Severity, int], palette: _Palette) -> str:
    if outcome.error is not None:
        return palette.paint("31", f"not checked: {plain(outcome.error.code)}")
    parts = [
        palette.paint(_COLOURS[severity], plural(number, str(severity)))
        for severity, number in numbers.items()
        if number
    ]
    return ", ".join(parts) or palette.paint("32", "clean")
