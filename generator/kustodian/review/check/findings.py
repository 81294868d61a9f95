"""Converts hits to findings, with location and fingerprint."""

from __future__ import annotations

import hashlib
import re

from kustodian.model.environment import Severity
from kustodian.model.field_path import format_path, parse_path
from kustodian.model.finding import Finding, Location
from kustodian.model.json_value import FieldPath, dig, text
from kustodian.model.manifest import Manifest, ObjectRef
from kustodian.model.measure import Exactly, Measure, fingerprint, hidden
from kustodian.model.overlay import PolicyResult, RenderedOverlay
from kustodian.model.violation import SourceViolation, Violation
from kustodian.policy.evaluate import Hit, SourceHit
from kustodian.policy.rule import Rule, Worse
from kustodian.repository.source_map import MERGE_KEYS
from kustodian.review.locate.locator import Locator

_REGO_SEVERITY = {"failure": Severity.ERROR, "warning": Severity.WARNING}
_HASH_SUFFIX = re.compile(r"-[0-9a-z]{10}\Z")


def from_hit(hit: Hit, locator: Locator) -> Finding:
    """The finding of an object, pod or set rule."""
    violation, rule = hit.violation, hit.rule
    manifest = hit.manifest
    location = (
        locator.locate(manifest, violation.path, violation.part)
        if manifest
        else Location(hit.overlay.overlay.path)
    )
    return _finding(
        rule.id, hit.severity, violation.message, violation.fix or rule.manual.fix, rule.manual.why,
        hit.overlay, manifest, violation.path, location, (rule.topic, *rule.tags),
        measure_of(rule, violation, manifest),
    )  # fmt: skip


def from_source_hit(hit: SourceHit, locator: Locator) -> Finding:
    """The finding of a repository rule."""
    violation, rule = hit.violation, hit.rule
    if violation.manifest is not None and hit.overlay is not None:
        # a field of a rendered object, located as for other rules
        location = locator.locate(violation.manifest, violation.path)
    else:
        location = locator.in_file(violation.file, violation.path, violation.document)
        location = location if violation.line is None else Location(violation.file, violation.line)
    return _finding(
        rule.id, hit.severity, violation.message, violation.fix or rule.manual.fix, rule.manual.why,
        hit.overlay, violation.manifest, violation.path, location, (rule.topic, *rule.tags),
        measure_of(rule, violation, violation.manifest),
    )  # fmt: skip


def from_policy(result: PolicyResult, rendered: RenderedOverlay, locator: Locator) -> Finding | None:
    """The finding of a Rego policy; None for an exception, or if the environment switches it off.

    A policy may name the field that it concerns: `{"msg": ..., "field": "spec.replicas"}`.
    """
    rule = f"rego/{result.namespace}/{result.query}"
    severity = _REGO_SEVERITY.get(result.level)
    severity = rendered.overlay.environment.severities.get(rule, severity)
    evaluated = rendered.evaluated
    if severity is None or not 0 <= result.object < len(evaluated):
        return None
    manifest = evaluated[result.object]
    path = parse_path(text(result.metadata.get("field")))
    return _finding(
        rule, severity, result.message, text(result.metadata.get("fix")) or "see the policy that says so",
        "an organisation policy in Rego asks for it", rendered, manifest, path,
        locator.locate(manifest, path), ("rego",), _policy_measure(result),
    )  # fmt: skip


def cluster_finding(
    rule: str,
    severity: Severity,
    message: str,
    rendered: RenderedOverlay,
    manifest: Manifest,
    path: FieldPath,
    locator: Locator,
) -> Finding:
    """The finding of a message that a cluster's API server returned for a dry run."""
    return _finding(
        rule, severity, message, "change what the API server names, or the policy that asks for it",
        "the cluster would answer the same to Argo CD, whose sync would fail or warn",
        rendered, manifest, path, locator.locate(manifest, path), ("cluster",),
        Exactly(message),
    )  # fmt: skip


def repository_finding(
    rule: Rule, severity: Severity, message: str, location: Location, fingerprint: str
) -> Finding:
    """A finding about the repository as a whole, of a rule without a check of its own."""
    return Finding(
        rule=rule.id, severity=severity, message=message, fix=rule.manual.fix, why=rule.manual.why,
        environment=None, overlay=".", object=None, field="", source=location,
        tags=(rule.topic, *rule.tags), fingerprint=fingerprint,
    )  # fmt: skip


def _finding(
    rule: str,
    severity: Severity,
    message: str,
    fix: str,
    why: str,
    rendered: RenderedOverlay | None,
    manifest: Manifest | None,
    path: FieldPath,
    location: Location,
    tags: tuple[str, ...],
    measure: Measure | None,
) -> Finding:
    overlay = rendered.overlay if rendered else None
    where = overlay.path if overlay else location.file
    # An object inside another one is reported as a part of the one that is in the overlay.
    shown, shown_path = manifest.in_overlay(path) if manifest else (None, path)
    reference = shown.ref if shown else None
    place, list_place = _fingerprints(rule, where, reference, manifest, path)
    return Finding(
        rule=rule,
        severity=severity,
        message=message,
        fix=fix,
        why=why,
        environment=overlay.environment.name if overlay else None,
        overlay=overlay.path if overlay else ".",
        object=reference,
        field=format_path(shown_path),
        source=location,
        tags=tags,
        fingerprint=place,
        list_place=list_place,
        measure=measure,
    )


def measure_of(
    rule: Rule, violation: Violation | SourceViolation, manifest: Manifest | None
) -> Measure | None:
    """How bad a violation is, by the order that its rule declares; None if it has no degrees."""
    if rule.worse is Worse.NEVER:
        return None
    if rule.worse is Worse.BY_VALUE and manifest is not None:
        value = dig(manifest.data, violation.path)
        shown = isinstance(value, str | int | float) and not manifest.is_a("", "Secret")
        return Exactly(str(value)) if shown else hidden(value)
    return violation.measure or Exactly(violation.message)


def _policy_measure(result: PolicyResult) -> Measure:
    """Any other message or metadata is worse: only the policy's author knows an order."""
    detail = f" (metadata {fingerprint(result.metadata)})" if result.metadata else ""
    return Exactly(f"{result.message}{detail}")


def _fingerprints(
    rule: str, overlay: str, reference: ObjectRef | None, manifest: Manifest | None, path: FieldPath
) -> tuple[str, str]:
    """16 hex digits that do not change when lines move, items are inserted or a name gets another hash.

    The second do not change when items of a list without a key change places, either.
    """
    shown, shown_path = manifest.in_overlay(path) if manifest else (None, path)
    name = stable_name(shown) if shown else ""
    identity = f"{reference.api_version}/{reference.kind}/{reference.namespace}/{name}" if reference else ""
    if manifest is not shown and manifest is not None:
        identity += f"/{manifest.ref}"
    parts = _stable_parts(shown.data if shown else None, shown_path)
    exact = _digest(rule, overlay, identity, "/".join(map(str, parts)))
    if not any(isinstance(part, int) for part in parts):
        return exact, exact
    anywhere = ("[]" if isinstance(part, int) else part for part in parts)
    return exact, _digest(rule, overlay, identity, "/".join(anywhere))


def _digest(*texts: str) -> str:
    return hashlib.sha256("\n".join(texts).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def stable_name(manifest: Manifest) -> str:
    """The object's name without the hash of a generator."""
    generated = manifest.provenance.generator is not None
    return _HASH_SUFFIX.sub("", manifest.name) if generated else manifest.name


def _stable_parts(value: object, path: FieldPath) -> list[str | int]:
    """The path with the items of lists by their keys; an item without a key by its index."""
    parts: list[str | int] = []
    for part in path:
        if isinstance(part, int):
            value = dig(value, (part,))
            named = value if isinstance(value, dict) else {}
            key = next((key for key in MERGE_KEYS if isinstance(named.get(key), str | int)), None)
            parts.append(f"[{key}={named[key]}]" if key else part)
        else:
            value = value.get(part) if isinstance(value, dict) else None
            parts.append(part)
    return parts
