"""Converts hits to findings, with location and fingerprint."""

from __future__ import annotations

import hashlib
import re

from kustodian.model.environment import Severity
from kustodian.model.field_path import format_path, parse_path
from kustodian.model.finding import Finding, Location
from kustodian.model.json_value import FieldPath, dig, text
from kustodian.model.manifest import Manifest, ObjectRef
from kustodian.model.overlay import PolicyResult, RenderedOverlay
from kustodian.policy.evaluate import Hit, SourceHit
from kustodian.policy.rule import Rule
from kustodian.repository.source_map import MERGE_KEYS
from kustodian.review.locate.locator import Locator

_REGO_SEVERITY = {"failure": Severity.ERROR, "warning": Severity.WARNING}
_HASH_SUFFIX = re.compile(r"-[0-9a-z]{10}\Z")


def from_hit(hit: Hit, locator: Locator) -> Finding:
    """The finding of an object, pod or set rule."""
    violation, rule = hit.violation, hit.rule
    manifest = hit.manifest
    location = (
        locator.locate(manifest, violation.path, hit.overlay.files)
        if manifest
        else Location(hit.overlay.overlay.path)
    )
    return _finding(
        rule.id, hit.severity, violation.message, violation.fix or rule.manual.fix, rule.manual.why,
        hit.overlay, manifest, violation.path, location, (rule.topic, *rule.tags),
    )  # fmt: skip


def from_source_hit(hit: SourceHit, locator: Locator) -> Finding:
    """The finding of a repository rule."""
    violation, rule = hit.violation, hit.rule
    if violation.manifest is not None and hit.overlay is not None:
        # a field of a rendered object, located as for other rules
        location = locator.locate(violation.manifest, violation.path, hit.overlay.files)
    else:
        location = locator.in_file(violation.file, violation.path, violation.document)
    return _finding(
        rule.id, hit.severity, violation.message, violation.fix or rule.manual.fix, rule.manual.why,
        hit.overlay, violation.manifest, violation.path, location, (rule.topic, *rule.tags),
    )  # fmt: skip


def from_policy(result: PolicyResult, rendered: RenderedOverlay, locator: Locator) -> Finding | None:
    """The finding of a Rego policy; None for an exception, or if the environment switches it off.

    A policy may name the field that it concerns: `{"msg": ..., "field": "spec.replicas"}`.
    """
    rule = f"rego/{result.namespace}/{result.query}"
    severity = _REGO_SEVERITY.get(result.level)
    severity = rendered.overlay.environment.severities.get(rule, severity)
    if severity is None or not 0 <= result.object < len(rendered.objects):
        return None
    manifest = rendered.objects[result.object]
    path = parse_path(text(result.metadata.get("field")))
    return _finding(
        rule, severity, result.message, text(result.metadata.get("fix")) or "see the policy that says so",
        "an organisation policy in Rego asks for it", rendered, manifest, path,
        locator.locate(manifest, path, rendered.files), ("rego",),
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
        rendered, manifest, path, locator.locate(manifest, path, rendered.files), ("cluster",),
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
) -> Finding:
    overlay = rendered.overlay if rendered else None
    where = overlay.path if overlay else location.file
    reference = manifest.ref if manifest else None
    return Finding(
        rule=rule,
        severity=severity,
        message=message,
        fix=fix,
        why=why,
        environment=overlay.environment.name if overlay else None,
        overlay=overlay.path if overlay else ".",
        object=reference,
        field=format_path(path),
        source=location,
        tags=tags,
        fingerprint=_fingerprint(rule, where, reference, manifest, path),
    )


def _fingerprint(
    rule: str, overlay: str, reference: ObjectRef | None, manifest: Manifest | None, path: FieldPath
) -> str:
    """16 hex digits that do not change when lines move, items are inserted or a name gets another hash."""
    name = stable_name(manifest) if manifest else ""
    identity = f"{reference.api_version}/{reference.kind}/{reference.namespace}/{name}" if reference else ""
    field = "/".join(_stable_parts(manifest.data if manifest else None, path))
    return hashlib.sha256(
        f"{rule}\n{overlay}\n{identity}\n{field}".encode("utf-8", "surrogatepass")
    ).hexdigest()[:16]


def stable_name(manifest: Manifest) -> str:
    """The object's name without the hash of a generator."""
    generated = manifest.provenance.generator is not None
    return _HASH_SUFFIX.sub("", manifest.name) if generated else manifest.name


def _stable_parts(value: object, path: FieldPath) -> list[str]:
    parts = []
    for part in path:
        if isinstance(part, int):
            value = dig(value, (part,))
            named = value if isinstance(value, dict) else {}
            key = next((key for key in MERGE_KEYS if isinstance(named.get(key), str | int)), None)
            parts.append(f"[{key}={named[key]}]" if key else str(part))
        else:
            value = value.get(part) if isinstance(value, dict) else None
            parts.append(part)
    return parts
