"""`--format html`: the findings with filters, and the overlays with pictures of their objects.

Style and script are in the page, and its Content-Security-Policy with their hashes lets nothing else run or
load: text from a manifest stays text, and the page works offline.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from pathlib import Path

from markupsafe import Markup

from kustodian.model.environment import Severity
from kustodian.model.results.check_report import CheckReport
from kustodian.report.bounds import MOST_ON_PAGE, worst_groups
from kustodian.report.causes import causes
from kustodian.report.counts import checked, compared_words, failures, found_words, plural
from kustodian.report.formats import Style
from kustodian.report.html.cards import card, failure
from kustodian.report.html.overlays import overlay_rows
from kustodian.report.html.picture import ARROWS
from kustodian.report.html.templates import environment

_HERE = Path(__file__).parent


def as_html(report: CheckReport, _: Style) -> str:
    """The whole page."""
    style, script = ((_HERE / name).read_text(encoding="utf-8") for name in ("page.css", "page.js"))
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    groups, left = worst_groups(causes(report.findings), MOST_ON_PAGE)
    rules = Counter(group[0].rule for group in groups)
    environments = sorted({finding.environment for finding in report.findings if finding.environment})
    rows, undrawn = overlay_rows(report)
    tone, verdict = _verdict(report)
    return (
        environment()
        .get_template("page.html.j2")
        .render(
            policy=Markup(policy),
            style=Markup(style),
            script=Markup(script),
            title=found_words(report),
            tone=tone,
            verdict=verdict,
            scope=_scope(report, left),
            tiles=_tiles(report),
            severities=[str(severity) for severity in reversed(Severity)],
            environments=[(name, name) for name in environments],
            rules=[(name, f"{name} ({rules[name]})") for name in sorted(rules)],
            failures=[failure(report, overlay, error) for overlay, error in failures(report)],
            cards=[card(report, group) for group in groups],
            overlays=rows,
            undrawn=plural(undrawn, "overlay") if undrawn else "",
            pictures=bool(report.graphs),
            arrows=ARROWS,
        )
    )


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _tiles(report: CheckReport) -> list[tuple[int, str]]:
    """(number, what it counts)."""
    tiles = [(report.count(severity), str(severity)) for severity in reversed(Severity)]
    tiles.append((report.waived, "waived"))
    unchecked = len(failures(report))
    return [(unchecked, "not checked"), *tiles] if unchecked else tiles


def _verdict(report: CheckReport) -> tuple[str, str]:
    """(tone, headline)."""
    if report.incomplete:
        return "bad", f"{plural(len(failures(report)), 'thing')} could not be checked"
    errors = report.count(Severity.ERROR)
    if errors:
        return "bad", f"{plural(errors, 'error')} to fix"
    return ("fair", "No errors") if report.open_findings else ("good", "Clean")


def _scope(report: CheckReport, left: int) -> str:
    counts = ((checked(report), "overlay"), (report.objects, "object"), (report.rules, "rule"))
    scope = ", ".join(plural(number, word) for number, word in counts)
    compared = compared_words(report)
    if left:
        scope = f"{scope}. {plural(left, 'more cause')} not shown here: the JSON report has all of them"
    return f"{scope}. {compared}" if compared else scope
