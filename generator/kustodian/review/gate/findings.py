"""The findings about what a change does to the rules that judge it."""

from __future__ import annotations

import hashlib
import os
import posixpath
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from kustodian.model.environment import Environment, Severity
from kustodian.model.finding import GATE_RULES, Finding, Location
from kustodian.model.repository.kustomization import KUSTOMIZATION_NAMES
from kustodian.policy.catalogue import by_id
from kustodian.repository.changes import Changes
from kustodian.repository.source_map import SourceMaps
from kustodian.review.check.findings import repository_finding
from kustodian.review.check.plan import Plan
from kustodian.review.gate.change import GateChange
from kustodian.review.gate.environments import environment_changes, moved_overlays
from kustodian.review.gate.policies import policy_changes
from kustodian.review.gate.schemas import schema_changes
from kustodian.review.gate.settings import setting_changes
from kustodian.review.gate.waivers import waiver_changes


def rule_changes(own: Plan, judged: Plan, base: Plan) -> Iterator[GateChange]:
    """What a change does to the rules.

    `own` is the plan of the change by its own rules, `judged` by those of the base, and `base` that of the
    base. The files of the rules must be on disk at both.
    """
    yield from _configuration(own, base)
    before, after = base.config, own.config
    yield from setting_changes(before, after)
    yield from environment_changes(before, after, judged.overlays)
    yield from waiver_changes(before, after)
    yield from policy_changes(before, after, base.root, own.root)
    yield from schema_changes(base, own)


def is_kustomization(file: str) -> bool:
    """Whether kustomize would read the file as a kustomization."""
    return posixpath.basename(file) in KUSTOMIZATION_NAMES


def overlay_changes(
    judged: Plan, changes: Changes, base_files: frozenset[str], base_root: Path
) -> Iterator[GateChange]:
    """Overlays that leave their environment because their folder moves.

    The kustomizations among the changed files are on disk at both.
    """
    files = [path for path, _, _ in judged.scan.kustomizations] if judged.scan else []
    added = {path for path in files if changes.touch(path)} - base_files
    # Another spelling of the name in the same folder is no move.
    folders = {posixpath.dirname(path) for path in files}
    gone = {
        path
        for path in base_files.intersection(changes.files)
        if is_kustomization(path) and posixpath.dirname(path) not in folders
    }
    if not gone or not added:
        return
    old, new = SourceMaps(base_root), SourceMaps(judged.root)
    yield from moved_overlays(
        judged.config, gone, added, lambda file: old.text(file) or "", lambda file: new.text(file) or ""
    )


def gate_findings(changes: Iterable[GateChange], judged: Plan, maps: SourceMaps) -> tuple[Finding, ...]:
    """The findings of these changes, located in the files of the change."""
    settings = replace(judged.settings, only=frozenset())
    findings: list[Finding] = []
    for change in changes:
        rule = by_id()[f"{GATE_RULES}{change.kind}"]
        severity = settings.severity(rule, Environment())
        if severity is None:
            continue
        place = change.place or _place(change, judged.config_file, maps)
        subject = f"{rule.id}\n{change.subject or change.message}".encode("utf-8", "surrogatepass")
        findings.append(
            repository_finding(
                rule, Severity.INFO if change.tightens else severity, change.message, place,
                hashlib.sha256(subject).hexdigest()[:16],
            )
        )  # fmt: skip
    return tuple(findings)


def _place(change: GateChange, config_file: str, maps: SourceMaps) -> Location:
    document = maps.document(config_file)
    if document is None:
        return Location(config_file)
    span = document.nearest(change.path)[0].place
    return Location(config_file, span.line, span.column, span.end_line, span.end_column)


def _configuration(own: Plan, base: Plan) -> Iterator[GateChange]:
    """The file itself: removed, or a link."""
    old, new = base.root / base.config_file, own.root / own.config_file
    place = Location(own.config_file)
    if os.path.lexists(old) and not os.path.lexists(new):
        yield GateChange("config", f"{own.config_file} is removed, so the defaults would count", place=place)
    elif new.is_symlink() and not old.is_symlink():
        yield GateChange("config", f"{own.config_file} becomes a link", place=place)
