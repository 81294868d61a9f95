"""Apply the waivers of a run, and turn expired and unused ones into findings."""

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
    """What applying the waivers gave: findings about the waivers, and where those that covered any are.

    `until` is the last day of the one that ends first; None where none does.
    """

    findings: list[Finding]
    used: list[Location]
    until: date | None = None


def waive(findings: list[Finding], plan: Plan, files: Iterable[str], today: date, maps: SourceMaps) -> Waived:
    """Mark the findings that a waiver in the configuration or a comment of `files` covers.

    Returns the findings about the waivers themselves.

    Unused waivers are only spoken of where the whole repository was checked: elsewhere their finding may
    simply not have been looked for.
    """
    book = WaiverBook([*_configured(plan, maps), *_comments(files, maps)], today)
    book.apply(findings)
    only = plan.settings.only
    expired = [waiver for waiver in book.expired if not only or waiver.rule in only]
    about = [_finding("waiver-expired", waiver, plan) for waiver in expired]
    if plan.whole_repository and not plan.settings.only:
        about += [_finding("waiver-unused", waiver, plan) for waiver in book.unused]
    return Waived(
        findings=[finding for finding in about if finding is not None],
        used=[waiver.location for waiver in book.waivers if waiver.covered],
        until=min((waiver.expires for waiver in book.waivers if waiver.expires >= today), default=None),
    )


def _configured(plan: Plan, maps: SourceMaps) -> list[Waiver]:
    source = maps.file(plan.config_file) if plan.config.waivers else None
    waivers = []
    for index, given in enumerate(plan.config.waivers):
        node = source.documents[0].at(("waivers", index)) if source and source.documents else None
        place = node.place if node else None
        location = Location(plan.config_file, place.line if place else 1, place.column if place else 1)
        waivers.append(
            Waiver(
                given.rule, given.reason, given.owner, given.expires, location, given.object,
                tuple(given.environments),
            )
        )  # fmt: skip
    return waivers


def _comments(read: Iterable[str], maps: SourceMaps) -> list[Waiver]:
    files = {file for file in read if file.endswith((".yaml", ".yml")) or file == "-"}
    waivers: list[Waiver] = []
    for name in sorted(files):
        text = maps.text(name)
        if text is not None and _MARK in text:
            waivers += comment_waivers(name, text.splitlines())
    return waivers


def _finding(rule_id: str, waiver: Waiver, plan: Plan) -> Finding | None:
    rule = by_id()[rule_id]
    # `--rule` chooses what is looked for; a waiver of such a rule is part of the answer.
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
