"""Applies the waivers of a run, and reports expired and unused ones."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from kustodian.model.environment import Environment, Severity
from kustodian.model.finding import Finding, Location
from kustodian.policy.catalogue import by_id
from kustodian.policy.waivers import Waiver, WaiverBook, comment_waivers
from kustodian.repository.source_map import SourceMaps
from kustodian.review.check.findings import repository_finding
from kustodian.review.check.plan import Plan
from kustodian.review.check.rulebook import Trust

_MARK = "kustodian: allow"


@dataclass(frozen=True, slots=True)
class Waived:
    """The findings about waivers, and the locations of the waivers in use.

    `until` is the earliest last day of all waivers that are not expired, None if there is none.
    """

    findings: list[Finding]
    used: list[Location]
    until: date | None = None


def waive(
    findings: list[Finding],
    plan: Plan,
    files: Iterable[str],
    today: date,
    maps: SourceMaps,
    trust: Trust | None = None,
) -> Waived:
    """Mark the findings that a waiver in the configuration or in a comment of `files` covers.

    With `trust`, a comment covers only what it also covers in the revision whose rules count. Unused waivers
    are reported only after a check of the whole repository; otherwise their findings may not have been
    looked for.
    """
    comments = _comments(files, maps)
    unknown = _limit(comments, trust, today)
    configured, gone = _configured(plan, maps, trust)
    book = WaiverBook([*configured, *gone, *comments], today)
    book.apply(findings)
    only, ignored = plan.settings.only, {id(waiver) for waiver in (*gone, *unknown)}
    expired = [w for w in book.expired if (not only or w.rule in only) and id(w) not in ignored]
    problems = [_finding("waiver-expired", waiver, plan) for waiver in expired]
    if plan.whole_repository and not plan.settings.only:
        unused = [waiver for waiver in book.unused if id(waiver) not in ignored]
        problems += [_finding("waiver-unused", waiver, plan) for waiver in unused]
    problems += [_finding("gate-changed-waiver", waiver, plan) for waiver in unknown]
    return Waived(
        findings=[finding for finding in problems if finding is not None],
        used=[waiver.location for waiver in book.waivers if waiver.covered],
        until=min((waiver.expires for waiver in book.waivers if waiver.expires >= today), default=None),
    )


def _configured(plan: Plan, maps: SourceMaps, trust: Trust | None) -> tuple[list[Waiver], list[Waiver]]:
    """The waivers of the configuration, and those that the change removes from its own configuration."""
    root = maps.document(plan.config_file) if plan.config.waivers else None
    places = plan.config.waivers if trust is None else trust.own.waivers
    waivers: list[Waiver] = []
    gone: list[Waiver] = []
    for given in plan.config.waivers:
        index = next((position for position, own in enumerate(places) if own == given), None)
        node = root.at(("waivers", index)) if root is not None and index is not None else None
        place = node.place if node else None
        location = Location(plan.config_file, place.line if place else 1, place.column if place else 1)
        (gone if index is None else waivers).append(
            Waiver(
                given.rule, given.reason, given.owner, given.expires, location, given.object,
                tuple(given.environments),
            )
        )  # fmt: skip
    return waivers, gone


def _comments(names: Iterable[str], maps: SourceMaps) -> list[Waiver]:
    files = {file for file in names if file.endswith((".yaml", ".yml")) or file == "-"}
    waivers: list[Waiver] = []
    for name in sorted(files):
        text = maps.text(name)
        if text is not None and _MARK in text:
            waivers += comment_waivers(name, text.splitlines())
    return waivers


def _limit(waivers: list[Waiver], trust: Trust | None, today: date) -> list[Waiver]:
    """Limit waiver comments to the lines where they are known; returns those that are not known at all."""
    unknown: list[Waiver] = []
    for waiver in waivers if trust is not None else ():
        assert trust is not None
        waiver.lines = trust.known_lines(waiver)
        if waiver.lines == frozenset() and waiver.expires >= today:
            unknown.append(waiver)
    return unknown


def _finding(rule_id: str, waiver: Waiver, plan: Plan) -> Finding | None:
    rule = by_id()[rule_id]
    # `--rule` does not exclude findings about the waivers of the chosen rules.
    severity: Severity | None = replace(plan.settings, only=frozenset()).severity(rule, Environment())
    if severity is None:
        return None
    until = waiver.expires.isoformat()
    detail = {
        "waiver-expired": f"expired on {until}",
        "waiver-unused": "covers nothing",
        "gate-changed-waiver": f"until {until} is not in the base, so it does not count",
    }[rule_id]
    return repository_finding(
        rule, severity, f"the waiver of {waiver.rule} by {waiver.owner} {detail}: {waiver.reason}",
        waiver.location, f"{rule_id}/{waiver.rule}/{waiver.object or waiver.location.file}",
    )  # fmt: skip
