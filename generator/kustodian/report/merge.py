"""Merges the reports of a check that was split, or of several repositories."""

from __future__ import annotations

from collections import Counter
from itertools import islice

from kustodian.model.errors import UserError
from kustodian.model.finding import Finding, finding_order
from kustodian.model.results.check_report import CheckReport

#: Rules about waivers. Every part that reads a waiver reports it, and a waiver may be used in another part.
_ABOUT_WAIVERS = ("waiver-expired", "waiver-unused", "gate-changed-waiver")
#: The most missing parts that are named.
_NAMED = 20


def merge(reports: dict[str, CheckReport]) -> CheckReport:
    """One report made of several, which are given by the name of their file.

    The parts of a split run give the same report as the run in one piece. Raises UserError if a part is
    missing or given twice, if parts belong to different runs, or if two reports contain the same overlay.
    """
    if any(report.comparison for report in reports.values()):
        raise UserError("reports of `check --base` cannot be merged", hint="run it in one piece")
    _refuse_wrong_shards(reports)
    _refuse_overlaps(reports)
    parts = list(reports.values())
    return CheckReport(
        overlays=sorted((o for part in parts for o in part.overlays), key=lambda outcome: outcome.path),
        findings=sorted(_findings(parts), key=finding_order),
        not_checked=sorted((e for part in parts for e in part.not_checked), key=lambda e: e.message),
        rules=max(part.rules for part in parts),
        seconds=None,
        graphs={path: graph for part in parts for path, graph in sorted(part.graphs.items())},
    )


def _findings(parts: list[CheckReport]) -> list[Finding]:
    used = {place for part in parts if part.shard for place in part.shard.used_waivers}
    findings: list[Finding] = []
    listed: set[tuple[object, ...]] = set()
    for part in parts:
        for finding in part.findings:
            if finding.rule in _ABOUT_WAIVERS and part.shard:
                place = (finding.source.file, finding.source.line, finding.source.column)
                key = (finding.rule, finding.fingerprint, place)
                if key in listed or (finding.rule == "waiver-unused" and place in used):
                    continue
                listed.add(key)
            findings.append(finding)
    return findings


def _refuse_wrong_shards(reports: dict[str, CheckReport]) -> None:
    shards = {name: report.shard for name, report in reports.items() if report.shard is not None}
    if not shards:
        return
    whole = [name for name in reports if name not in shards]
    if whole:
        raise UserError(f"{whole[0]} is a whole report, the others are parts", hint="merge parts of one run")
    first_name, first = next(iter(shards.items()))
    for name, part in shards.items():
        if (part.run, part.shard.total) != (first.run, first.shard.total):
            raise UserError(
                f"{name} and {first_name} are parts of different runs",
                hint="all parts need the same commit, targets, configuration, version and --shard total",
            )
    counted = Counter(part.shard.index for part in shards.values())
    twice = [index for index, number in sorted(counted.items()) if number > 1]
    if twice:
        raise UserError(f"part {twice[0]}/{first.shard.total} is given twice", hint="give each part once")
    total = first.shard.total
    missing = islice((index for index in range(1, total + 1) if index not in counted), _NAMED)
    if names := ", ".join(map(str, missing)):
        more = total - len(counted) - _NAMED
        raise UserError(
            f"parts missing: {names}{f' and {more} more' if more > 0 else ''} (of {total})",
            hint="a report without them would look clean where nothing was checked",
        )


def _refuse_overlaps(reports: dict[str, CheckReport]) -> None:
    owner: dict[str, str] = {}
    for name, report in reports.items():
        for overlay in report.overlays:
            other = owner.setdefault(overlay.path, name)
            if other != name:
                raise UserError(
                    f"{overlay.path} is in {other} and in {name}",
                    hint="merge reports of different overlays, made from one working directory",
                )
