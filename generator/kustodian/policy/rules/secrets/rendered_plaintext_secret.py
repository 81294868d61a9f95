"""Rendered Secret has values in plain text that no Secret in a file has.

Why: The credential is in git all the same: in a patch, in a replacement, in the data of an object whose kind
is changed to Secret, or in a generator that a plugin configures.

Fix: Keep the value in a secret store and commit an ExternalSecret, or commit it encrypted (SealedSecret,
SOPS); then change the credential, because the history keeps the old one.

Wrong:
    patches:
      - target: {kind: Secret, name: iris-api-keys}
        patch: |-
          - {op: add, path: /stringData, value: {HF_TOKEN: hf_abcdefgh}}

Right:
    resources: [external-secret.yaml]

Notes: Values that a Secret in a manifest or an entry of `secretGenerator` has are reported by
`plaintext-secret` or, in a file that is meant for SOPS, by `unencrypted-secret-file`. What those do not count
as plain text is not reported here either: ciphertext, placeholders, public certificates.

Source: Kubernetes documentation, "Good practices for Kubernetes Secrets",
https://kubernetes.io/docs/concepts/security/secrets-good-practices/
"""

from __future__ import annotations

import base64
import binascii
import posixpath
from collections.abc import Iterator
from typing import NamedTuple

from kustodian.argocd.applications import source_of
from kustodian.kustomize.folders import ASIDE
from kustodian.kustomize.references import written_references
from kustodian.model.json_value import JsonObject, mapping, mappings, sequence, text
from kustodian.model.manifest import Manifest
from kustodian.model.measure import hidden_entry, members
from kustodian.model.overlay import RenderedOverlay
from kustodian.model.repository.path import beside
from kustodian.model.repository.source_files import START_BYTES
from kustodian.model.repository.view import RepositoryView
from kustodian.model.violation import SourceViolation
from kustodian.policy.rule import Context, Reach, RepositoryRule, Worse
from kustodian.policy.rules.secrets._detector import (
    decoded_values,
    has_credential,
    plaintext_fields,
    readable_pairs,
)
from kustodian.policy.rules.secrets._encryption import is_encrypted_bytes, is_encrypted_text


class _Written(NamedTuple):
    """The values of Secrets as files have them: (key, value), and (key, first bytes) of whole files."""

    values: set[tuple[str, str]]
    starts: set[tuple[str, bytes]]


def check(view: RepositoryView, _: Context) -> Iterator[SourceViolation]:
    """One violation for each field of a rendered Secret with values that come from elsewhere."""
    asked = {kustomization.directory for kustomization in view.asked_about}
    for rendered in view.overlays:
        secrets = [m for m in rendered.objects if m.is_a("", "Secret")]
        if secrets and rendered.overlay.is_kustomization and rendered.overlay.path in asked:
            written = _written(view, rendered)
            for secret in secrets:
                yield from _violations(view, rendered, secret, written)


def _violations(
    view: RepositoryView, rendered: RenderedOverlay, secret: Manifest, written: _Written
) -> Iterator[SourceViolation]:
    for field, keys in plaintext_fields(secret.data):
        values = decoded_values(secret.data, field)
        raw = mapping(secret.data.get(field))
        unknown = [key for key in keys if not _is_written(key, values[key], raw.get(key), written)]
        if has_credential(unknown):
            message = f"Secret {secret.name} is rendered with values in plain text: {', '.join(unknown)}"
            path = (field, unknown[0]) if len(unknown) == 1 else (field,)
            file, document, _ = source_of(view, secret)
            measure = members(hidden_entry(key, values[key]) for key in unknown)
            overlay = rendered.overlay.path
            yield SourceViolation(file, path, message, document, overlay, secret, measure=measure)


def _is_written(key: str, value: object, raw: object, written: _Written) -> bool:
    content = str(value)
    if (key, _bare(content)) in written.values or is_encrypted_text(content):
        return True
    try:
        start = base64.b64decode("".join(str(raw).split()), validate=True)[:START_BYTES]
    except (ValueError, binascii.Error):
        return False
    return (key, start) in written.starts or is_encrypted_bytes(start)


def _bare(value: str) -> str:
    """A value without the quotes and spaces around it, which generators treat in different ways."""
    return value.strip().strip("'\"")


def _written(view: RepositoryView, rendered: RenderedOverlay) -> _Written:
    """The values that Secrets and secret generators have in the files that the overlay reads."""
    written = _Written(set(), set())
    own = view.graph.by_folder.get(rendered.overlay.path)
    parts = view.graph.built_from(own) if own is not None else []
    named = {part.resolve(name) for part in parts for _, name in written_references(part)}
    for manifest in view.manifests("", "Secret", "SecretGenerator"):
        file = manifest.provenance.file or ""
        aside = not ASIDE.isdisjoint(posixpath.dirname(file).split("/")) and file not in named
        if file not in rendered.files or aside:
            continue
        if manifest.kind == "SecretGenerator":
            _add_generated(view, manifest.data, posixpath.dirname(file), written)
        for field in ("data", "stringData"):
            written.values.update((k, _bare(str(v))) for k, v in decoded_values(manifest.data, field).items())
    for kustomization in parts:
        for _, entry in mappings(kustomization.data.get("secretGenerator")):
            _add_generated(view, entry, kustomization.directory, written)
    return written


def _add_generated(view: RepositoryView, entry: JsonObject, folder: str, written: _Written) -> None:
    for literal in sequence(entry.get("literals")):
        key, _, value = text(literal).partition("=")
        written.values.add((key, _bare(value)))
    for field in ("files", "envs", "env"):
        names = entry.get(field)
        for name in map(text, names if isinstance(names, list) else [names]):
            key, _, path = name.rpartition("=")
            file = beside(folder, path) if path else ""
            if file not in view.file_set:
                continue
            if field == "files":
                written.starts.add((key or posixpath.basename(file), view.start(file)))
            else:
                pairs = readable_pairs(view.read_text(file))
                written.values.update((key, _bare(value)) for key, value in pairs.items())


RULE = RepositoryRule(
    id="rendered-plaintext-secret",
    topic="secrets",
    severity="W/E/E",
    check=check,
    reach=Reach.OVERLAY,
    doc=__doc__,
    worse=Worse.BY_MEASURE,
    tags=("security", "owasp"),
)
