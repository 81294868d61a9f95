"""Secret is stored in git in plain text.

Why: Everyone who can read the repository, or any clone or backup of it, has the credential for ever; base64
hides nothing.

Fix: Keep the value in a secret store and commit an ExternalSecret, or commit it encrypted (SealedSecret,
SOPS); then change the credential, because the history keeps the old one.

Wrong:
    kind: Secret
    stringData:
      HF_TOKEN: hf_abcdefgh

Right:
    kind: ExternalSecret
    spec:
      target: {name: iris-api-keys}

Notes: Reports Secrets that are written as manifests in any text file of the repository, whether or not it
is listed or parses, credentials in the templates of ExternalSecrets and SealedSecrets, the literals and
files of a `secretGenerator`, SealedSecrets with values that are not sealed, and credentials in `.env`
files that nothing lists. Not reported are values that SOPS, git-crypt or age encrypted, empty values,
placeholders (`${TOKEN}`, `<path:...>`, `vault:...`), public certificates, Secrets with nothing but user
and host names, files that git ignores, the plain fields of Argo CD's repository and cluster Secrets, and
what lies in folders of tests, examples, docs, templates and charts. Encrypted means that the bytes are: a
`.gitattributes` counts only if the file in git begins as git-crypt's or transcrypt's do, and a block
`sops` does not make a readable value secret. A file that is meant for SOPS is reported by
`unencrypted-secret-file` instead, and a value that only rendering shows by `rendered-plaintext-secret`.

Source: Kubernetes documentation, "Good practices for Kubernetes Secrets",
https://kubernetes.io/docs/concepts/security/secrets-good-practices/; OWASP Kubernetes Top Ten 2022, K08,
https://owasp.org/www-project-kubernetes-top-ten/
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping

from kustodian.argocd.applications import Placed, source_of
from kustodian.kustomize.folders import ASIDE, is_aside
from kustodian.kustomize.references import targets
from kustodian.model.json_value import FieldPath, JsonObject, mapping, mappings, sequence, text
from kustodian.model.manifest import Manifest
from kustodian.model.measure import Measure, hidden, hidden_entry, members
from kustodian.model.repository.path import beside
from kustodian.model.repository.view import RepositoryView
from kustodian.model.violation import SourceViolation
from kustodian.policy.rule import Context, Reach, RepositoryRule, Worse
from kustodian.policy.rules.secrets._detector import (
    credential_in_template,
    decoded_values,
    has_credential,
    is_plaintext,
    is_sealed,
    plaintext_fields,
    readable_pairs,
)
from kustodian.policy.rules.secrets._encryption import (
    is_encrypted_file,
    is_git_encrypted,
    meant_for_sops,
    readable_text,
)
from kustodian.policy.rules.secrets._files import secrets_beside_manifests

#: Where the template of the Secret is in an object of External Secrets.
_EXTERNAL_TEMPLATE: dict[str, FieldPath] = {
    "ExternalSecret": ("spec", "target", "template"),
    "ClusterExternalSecret": ("spec", "externalSecretSpec", "target", "template"),
}


def check(view: RepositoryView, _: Context) -> Iterator[SourceViolation]:
    """One violation for each Secret manifest, and for each field of a secretGenerator entry."""
    for manifest in view.manifests("", "Secret"):
        if not _is_exempt(view, manifest):
            for field, keys in plaintext_fields(manifest.data):
                message = f"Secret {manifest.name} has values in plain text: {', '.join(keys)}"
                measure = _hidden(decoded_values(manifest.data, field), keys)
                yield _placed(view, manifest).violation((field,), message, measure=measure)
    for manifest in view.manifests("bitnami.com", "SealedSecret"):
        if not _is_exempt(view, manifest):
            for path, message, measure in _unsealed(manifest):
                yield _placed(view, manifest).violation(path, message, measure=measure)
    for manifest in view.manifests("external-secrets.io", *_EXTERNAL_TEMPLATE):
        for path, message, measure in _in_template(manifest, _EXTERNAL_TEMPLATE[manifest.kind]):
            if not _is_exempt(view, manifest):
                yield _placed(view, manifest).violation(path, message, measure=measure)
    yield from _in_generators(view)
    yield from secrets_beside_manifests(view)


def _placed(view: RepositoryView, manifest: Manifest) -> Placed:
    return Placed(manifest, *source_of(view, manifest))


def _is_exempt(view: RepositoryView, manifest: Manifest) -> bool:
    """Whether the file is an example, reported as meant for SOPS, or encrypted in git."""
    file = manifest.provenance.file or ""
    aside = not ASIDE.isdisjoint(posixpath.dirname(file).split("/")) and file not in targets(view)
    return aside or file in meant_for_sops(view) or (_is_revealing(manifest) and is_git_encrypted(view, file))


def _is_revealing(manifest: Manifest) -> bool:
    """Whether it matters how git has the file, which takes time to find out."""
    return manifest.kind != "Secret" or next(plaintext_fields(manifest.data), None) is not None


def _hidden(values: Mapping[str, object], keys: Iterable[str]) -> Measure:
    return members(hidden_entry(key, values.get(key)) for key in keys)


def _unsealed(sealed: Manifest) -> Iterator[tuple[FieldPath, str, Measure]]:
    values = mapping(sealed.spec.get("encryptedData"))
    keys = [str(key) for key, value in values.items() if is_plaintext(value) and not is_sealed(value)]
    if keys:
        message = f"SealedSecret {sealed.name} has values that are not encrypted: {', '.join(keys)}"
        yield ("spec", "encryptedData"), message, _hidden(values, keys)
    yield from _in_template(sealed, ("spec", "template"))


def _in_template(manifest: Manifest, template: FieldPath) -> Iterator[tuple[FieldPath, str, Measure]]:
    """The literal credentials in the template of the Secret that a controller makes."""
    for field in ("data", "stringData"):
        for key, value in mapping(manifest.get(*template, field)).items():
            if found := credential_in_template(str(key), value):
                message = f"{manifest.kind} {manifest.name} has {found} in its template: {key}"
                yield (*template, field, key), message, hidden(value)


def _in_generators(view: RepositoryView) -> Iterator[SourceViolation]:
    """The entries of `secretGenerator`, and builtin generators that are configured in a file."""
    used, for_sops = targets(view), meant_for_sops(view)
    for kustomization in view.kustomizations.values():
        if is_aside(kustomization.directory) and kustomization.directory not in used:
            continue
        for index, entry in mappings(kustomization.data.get("secretGenerator")):
            for field, message, measure in _plaintext_in(view, entry, kustomization.directory, for_sops):
                path: FieldPath = ("secretGenerator", index, field)
                overlay = kustomization.directory
                yield SourceViolation(kustomization.path, path, message, overlay=overlay, measure=measure)
    for manifest in view.manifests("", "SecretGenerator"):
        file = manifest.provenance.file or ""
        entry = {**manifest.data, "name": manifest.name}
        for field, message, measure in _plaintext_in(view, entry, posixpath.dirname(file), for_sops):
            yield _placed(view, manifest).violation((field,), message, measure=measure)


def _plaintext_in(
    view: RepositoryView, entry: JsonObject, folder: str, for_sops: frozenset[str]
) -> Iterator[tuple[str, str, Measure]]:
    """The fields of a generator that reveal a credential, each with a message; its files are in `folder`."""
    name = text(entry.get("name"))
    literals = [text(literal).partition("=") for literal in sequence(entry.get("literals"))]
    values = {key: value for key, _, value in literals if is_plaintext(value.strip("'\""))}
    if has_credential(list(values)):
        message = f"secretGenerator {name} has values in plain text: {', '.join(values)}"
        yield "literals", message, _hidden(values, values)
    for field in ("files", "envs", "env"):
        written = entry.get(field)
        names = [text(n) for n in (written if isinstance(written, list) else [written])]
        files = [beside(folder, n.rpartition("=")[2]) for n in names if n]
        is_list = field != "files"  # `envs` are lists of KEY=value, whatever the file is called
        clear = [f for f in files if f not in for_sops and _is_plaintext_file(view, f, is_list)]
        if clear:
            message = f"secretGenerator {name} reads files in plain text: {', '.join(clear)}"
            yield field, message, members(_contents(view, clear, is_list))


def _contents(view: RepositoryView, files: list[str], is_list: bool) -> Iterator[str]:
    """A member for each entry of these files; a file that is not a list of entries is one."""
    for file in files:
        content = readable_text(view, file)
        entries = content.splitlines() if is_list or file.endswith(".env") else [content]
        for entry in entries:
            name = f"{file}: {entry.partition('=')[0].strip()}" if len(entries) > 1 else file
            yield hidden_entry(name, entry)


def _is_plaintext_file(view: RepositoryView, file: str, is_list: bool) -> bool:
    if file not in view.file_set or is_encrypted_file(view, file):
        return False
    content = readable_text(view, file)
    if is_list or file.endswith(".env"):
        return has_credential([key for key, value in readable_pairs(content).items() if is_plaintext(value)])
    return is_plaintext(content)


RULE = RepositoryRule(
    id="plaintext-secret",
    topic="secrets",
    severity="W/E/E",
    check=check,
    reach=Reach.NOTHING,
    doc=__doc__,
    worse=Worse.BY_MEASURE,
    tags=("security", "owasp"),
)
