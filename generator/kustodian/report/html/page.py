"""The page: what was found with filters, the overlays, a picture of each one's objects.

Style and script stand in the page, and its policy (a Content-Security-Policy with their hashes) lets nothing
else run or load: text from a manifest stays text, and the page works from a disk without a network.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from html import escape
from pathlib import Path

from kustodian.model.check_report import CheckReport, OverlayOutcome
from kustodian.model.environment import Severity
from kustodian.model.finding import Finding
from kustodian.report.causes import causes
from kustodian.report.counts import (
    checked,
    compared_words,
    failures,
    found_words,
    listed,
    open_by_overlay,
    plural,
)
from kustodian.report.formats import Style
from kustodian.report.html.cards import card, failure_card
from kustodian.report.html.picture import MOST_NODES, arrows, as_svg

_HERE = Path(__file__).parent
#: More pictures would make a page that no browser opens gladly; the worst overlays come first.
_MOST_PICTURES = 100


def as_html(report: CheckReport, _: Style) -> str:
    """The whole page."""
    style, script = ((_HERE / name).read_text(encoding="utf-8") for name in ("page.css", "page.js"))
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    groups = causes(report.findings)
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="color-scheme" content="light dark">',
        f"<title>Kustodian: {escape(found_words(report))}</title>",
        f"<style>{style}</style></head><body>",
        '<a class="skip" href="#findings">Skip to the findings</a>',
        arrows() if report.graphs else "",
        _header(report),
        "<main>",
        _filters(report, groups),
        _findings(report, groups),
        _overlays(report),
        "</main>",
        f"<script>{script}</script>",
        "</body></html>",
    ]
    return "\n".join(part for part in parts if part) + "\n"


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _header(report: CheckReport) -> str:
    unchecked = len(failures(report))
    tiles = [(str(report.count(severity)), str(severity)) for severity in reversed(Severity)]
    tiles.append((str(report.waived), "waived"))
    if unchecked:
        tiles.insert(0, (str(unchecked), "not checked"))
    shown = "".join(
        f'<div class="tile {name.replace(" ", "-")}{" none" if number == "0" else ""}">'
        f"<dd>{number}</dd><dt>{name}</dt></div>"
        for number, name in tiles
    )
    if report.incomplete:
        verdict, tone = f"{plural(unchecked, 'thing')} could not be checked", "bad"
    elif report.count(Severity.ERROR):
        verdict, tone = plural(report.count(Severity.ERROR), "error") + " to fix", "bad"
    elif report.open_findings:
        verdict, tone = "No errors", "fair"
    else:
        verdict, tone = "Clean", "good"
    scope = ", ".join(
        (
            plural(checked(report), "overlay"),
            plural(report.objects, "object"),
            plural(report.rules, "rule"),
        )
    )
    compared = compared_words(report)
    scope += f". {compared}" if compared else ""
    return (
        f'<header><div class="brand">Kustodian</div><h1 class="{tone}">{escape(verdict)}</h1>'
        f'<p class="scope">{escape(scope)}</p><dl class="tiles">{shown}</dl></header>'
    )


def _filters(report: CheckReport, groups: list[list[Finding]]) -> str:
    environments = sorted({f.environment for f in report.findings if f.environment})
    rules: dict[str, int] = {}
    for group in groups:
        rules[group[0].rule] = rules.get(group[0].rule, 0) + 1
    severities = "".join(
        f'<label class="toggle {s}"><input type="checkbox" name="severity" value="{s}" checked>'
        f"<span>{s}</span></label>"
        for s in reversed(Severity)
    )
    return (
        '<form class="filters" role="search" aria-label="Filter the findings">'
        f'<fieldset><legend class="hidden">Severity</legend>{severities}</fieldset>'
        f"{_select('environment', 'every environment', [(name, name) for name in environments])}"
        f"{_select('rule', 'every rule', [(name, f'{name} ({rules[name]})') for name in sorted(rules)])}"
        '<label class="search"><span class="hidden">Text</span><input type="search" name="text" '
        'placeholder="Search   ( / )" autocomplete="off" spellcheck="false"></label>'
        '<label class="toggle waived"><input type="checkbox" name="waived"><span>waived</span></label>'
        '<button type="reset">Reset</button>'
        '<output role="status" aria-live="polite"></output></form>'
    )


def _select(name: str, everything: str, options: list[tuple[str, str]]) -> str:
    listed_options = "".join(
        f'<option value="{escape(value)}">{escape(shown)}</option>' for value, shown in options
    )
    return (
        f'<label><span class="hidden">{name}</span><select name="{name}">'
        f'<option value="">{everything}</option>{listed_options}</select></label>'
    )


def _findings(report: CheckReport, groups: list[list[Finding]]) -> str:
    cards = [failure_card(report, overlay, error) for overlay, error in failures(report)]
    cards += [card(report, group) for group in groups]
    empty = "Nothing was found." if not cards else "Nothing matches these filters."
    hidden = " hidden" if cards else ""
    return (
        '<section id="findings" tabindex="-1" aria-label="Findings">'
        f'{"".join(cards)}<p class="empty"{hidden}>{empty}</p></section>'
    )


def _overlays(report: CheckReport) -> str:
    numbers = open_by_overlay(report)
    outcomes = sorted(listed(report), key=lambda o: (*_badness(o, numbers.get(o.path, {})), o.path))
    drawn = {outcome.path for outcome in outcomes if outcome.path in report.graphs}
    if len(drawn) > _MOST_PICTURES:
        drawn = {o.path for o in [o for o in outcomes if o.path in drawn][:_MOST_PICTURES]}
    found = _found(report, drawn)
    rows = "".join(
        _overlay(report, outcome, numbers.get(outcome.path, {}), found.get(outcome.path))
        for outcome in outcomes
    )
    legend = _legend() if report.graphs else ""
    left = len(report.graphs) - len(drawn)
    note = f"<p>{plural(left, 'overlay')} more without a picture: check one by itself.</p>" if left else ""
    return f'<section id="overlays"><h2>Overlays</h2>{legend}{rows}{note}</section>'


def _overlay(
    report: CheckReport,
    outcome: OverlayOutcome,
    numbers: Mapping[Severity, int],
    found: Mapping[str, tuple[str, int]] | None,
) -> str:
    """A row; with its picture where `found` (see `as_svg`) is given."""
    name = escape(report.shown(outcome.path))
    environment = f'<span class="chip">{escape(outcome.environment)}</span>' if outcome.environment else ""
    if outcome.error:
        state = f'<span class="count error">not checked: {escape(outcome.error.code)}</span>'
    else:
        state = "".join(
            f'<span class="count {severity}">{plural(numbers[severity], str(severity))}</span>'
            for severity in reversed(Severity)
            if numbers.get(severity)
        )
        state = state or '<span class="count clean">clean</span>'
    objects = f'<span class="objects">{plural(outcome.objects, "object")}</span>'
    head = f"<code>{name}</code>{environment}{objects}{state}"
    if found is None:
        return f'<div class="overlay">{head}</div>'
    return f'<details class="overlay"><summary>{head}</summary>{_drawn(report, outcome, found)}</details>'


def _found(report: CheckReport, drawn: set[str]) -> dict[str, dict[str, tuple[str, int]]]:
    """For each overlay with a picture: its objects with findings, the worst severity and how many."""
    worst: dict[str, dict[str, tuple[Severity, int]]] = {path: {} for path in drawn}
    for finding in report.open_findings:
        if finding.overlay in worst and finding.object is not None:
            own, key = worst[finding.overlay], str(finding.object)
            severity, number = own.get(key, (finding.severity, 0))
            own[key] = (max(severity, finding.severity), number + 1)
    return {
        path: {key: (str(severity), number) for key, (severity, number) in own.items()}
        for path, own in worst.items()
    }


def _drawn(report: CheckReport, outcome: OverlayOutcome, found: Mapping[str, tuple[str, int]]) -> str:
    graph = report.graphs[outcome.path]
    alone = "".join(f"<li>{escape(key)}</li>" for key in graph.alone)
    rest = f'<p class="alone-title">Without a relation</p><ul class="alone">{alone}</ul>' if alone else ""
    if len(graph.nodes) > MOST_NODES:
        items = "".join(f"<li>{escape(node.key)}</li>" for node in graph.nodes)
        said = f'<p class="alone-title">{len(graph.nodes)} objects are too many for a picture.</p>'
        return f'{said}<ul class="alone">{items}</ul>{rest}'
    svg = as_svg(graph, report.shown(outcome.path), found) if graph.nodes else "<p>No relations.</p>"
    return f'<div class="canvas" tabindex="0" role="region" aria-label="Picture">{svg}</div>{rest}'


def _legend() -> str:
    entries = (
        ("plain", "traffic, use"),
        ("allows", "network policy allows"),
        ("scales", "scales"),
        ("guards", "disruption budget"),
        ("watches", "monitoring"),
        ("grants", "role binding"),
    )
    items = "".join(
        f'<li><svg width="34" height="10" aria-hidden="true"><g class="edge {style}">'
        f'<path d="M0 5H26" marker-end="url(#arrow-{style})"/></g></svg>{text}</li>'
        for style, text in entries
    )
    return (
        f'<ul class="legend">{items}<li><span class="swatch"></span>named, but not in the overlay</li></ul>'
    )


def _badness(outcome: OverlayOutcome, numbers: Mapping[Severity, int]) -> tuple[int, ...]:
    """The sort key: not checked first, then by errors, warnings, info."""
    return (0 if outcome.error else 1, *(-numbers.get(severity, 0) for severity in reversed(Severity)))
