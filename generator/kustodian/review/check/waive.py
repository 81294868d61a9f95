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
from kustodian.review.check.plan import Plan

_MARK = "kustodian: allow"


@dataclass(frozen=True, slots=True)
class Waived:
    """The findings about waivers, and the locations of the waivers in use.

    `until` is the earliest last day of all waivers that are not expired, None if there is none.
    """

    findings: list[Finding]
    used: list[Location]
    until: date | None = None


def waive(findings: list[Finding], plan: Plan, files: Iterable[str], today: date, maps: SourceMaps) -> Waived:
    """Mark the findings that a waiver in the configuration or in a comment of `files` covers.

    Unused waivers are reported only after a check of the whole repository; otherwise their findings may not
    have been looked for.
    """
    book = WaiverBook([*_configured(plan, maps), *_comments(files, maps)], today)
    book.apply(findings)
    only = plan.settings.only
    expired = [waiver for waiver in book.expired if not only or waiver.rule in only]
    problems = [_finding("waiver-expired", waiver, plan) for waiver in expired]
    if plan.whole_repository and not plan.settings.only:
        problems += [_finding("waiver-unused", waiver, plan) for waiver in book.unused]
    return Waived(
        findings=[finding for finding in problems if finding is not None],
        used=[waiver.location for waiver in book.waivers if waiver.covered],
        until=min((waiver.expires for waiver in book.waivers if waiver.expires >= today), default=None),
    )


def _configured(plan: Plan, maps: SourceMaps) -> list[Waiver]:
    root = maps.document(plan.config_file) if plan.config.waivers else None
    waivers = []
    for index, given in enumerate(plan.config.waivers):
        node = root.at(("waivers", index)) if root is not None else None
        place = node.place if node else None
        location = Location(plan.config_file, place.line if place else 1, place.column if place else 1)
        waivers.append(
            Waiver(
                given.rule, given.reason, given.owner, given.expires, location, given.object,
                tuple(given.environments),
            )
        )  # fmt: skip
    return waivers


def _comments(names: Iterable[str], maps: SourceMaps) -> list[Waiver]:
    files = {file for file in names if file.endswith((".yaml", ".yml")) or file == "-"}
    waivers: list[Waiver] = []
    for name in sorted(files):
        text = maps.text(name)
        if text is not None and _MARK in text:
            waivers += comment_waivers(name, text.splitlines())
    return waivers


def _finding(rule_id: str, waiver: Waiver, plan: Plan) -> Finding | None:
    rule = by_id()[rule_id]
    # `--rule` does not exclude findings about the waivers of the chosen rules.
    severity: Severity | None = replace(plan.settings, only=frozenset()).severity(rule, Environment())
    if severity is None:
        return None
    word = "expired" if rule_id == "waiver-expired" else "covers nothing"
    detail = f" on {waiver.expires.isoformat()}" if word == "expired" else ""
    return Finding(
        rule=rule_id,
        severity=severity,
        message=f"the waiver of {waiver.rule} by {waiver.owner} {word}{detail}: {waiver.reason}",
        fix=rule.manual.fix,
        why=rule.manual.why,
        environment=None,
        overlay=".",
        object=None,
        field="",
        source=waiver.location,
        tags=(rule.topic, *rule.tags),
        fingerprint=f"{rule_id}/{waiver.rule}/{waiver.object or waiver.location.file}",
    )
