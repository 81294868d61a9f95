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

Notes: Reports Secrets that are written as manifests, and the literals and files of a `secretGenerator`. Not
reported are values that SOPS, git-crypt or age encrypted, empty values, placeholders (`${TOKEN}`,
`<path:...>`, `vault:...`), public certificates, Secrets with nothing but user and host names, files that git
ignores, and the plain fields of Argo CD's repository and cluster Secrets. A file that is meant for SOPS is
reported by `unencrypted-secret-file` instead.

Source: Kubernetes documentation, "Good practices for Kubernetes Secrets",
https://kubernetes.io/docs/concepts/security/secrets-good-practices/; OWASP Kubernetes Top Ten 2022, K08,
https://owasp.org/www-project-kubernetes-top-ten/
"""

from __future__ import annotations

import base64
import binascii
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping

from kustodian.argocd.applications import Placed, source_of
from kustodian.kustomize.folders import is_aside
from kustodian.kustomize.references import targets
from kustodian.model.json_value import FieldPath, JsonObject, mapping, mappings, sequence, string_map, text
from kustodian.model.measure import Measure, hidden_entry, members
from kustodian.model.repository.kustomization import Kustomization
from kustodian.model.repository.view import RepositoryView
from kustodian.model.violation import SourceViolation
from kustodian.policy.rule import Context, Reach, RepositoryRule, Worse
from kustodian.policy.rules.secrets._encryption import (
    is_encrypted_document,
    is_encrypted_file,
    is_git_encrypted,
    meant_for_sops,
)

_PLACEHOLDER = re.compile(
    r"""\s*(?:\$\{[^}]*\}|\$\([^)]*\)|\$[A-Z_][A-Z0-9_]*|<[^<>]*>|\{\{.*\}\}|ENC\[.*\]|vault:\S+|ref\+\w+://\S+|null)?\s*\Z""",
    re.DOTALL,
)
_EXAMPLE = re.compile(r"your[-_ ].*|.*\b(?:placeholder|replace[-_]?me)\b.*|x{3,}|\*{3,}|\.{3}", re.IGNORECASE)
#: Keys that say who or where; a Secret with no other value in plain text reveals no credential.
_NOT_CREDENTIALS = {"username", "user", "host", "hostname", "port", "database", "dbname"}
_PEM = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----")
_PUBLIC = {"CERTIFICATE", "PUBLIC KEY", "TRUSTED CERTIFICATE", "X509 CRL"}
_ARGO_LABEL = "argocd.argoproj.io/secret-type"
#: Fields of Argo CD's declarative Secrets that are not credentials (operator-manual/declarative-setup.md).
_ARGO_PLAIN = {
    "url", "type", "name", "project", "server", "namespaces", "clusterResources", "shard", "enableLfs",
    "enableOCI", "insecure", "insecureIgnoreHostKey", "forceHttpBasicAuth", "proxy", "noProxy", "username",
    "githubAppID", "githubAppInstallationID", "githubAppEnterpriseBaseUrl", "useAzureWorkloadIdentity",
    "depth",
}  # fmt: skip


def check(view: RepositoryView, _: Context) -> Iterator[SourceViolation]:
    """One violation for each Secret manifest, and for each field of a secretGenerator entry."""
    used = targets(view)
    for_sops = meant_for_sops(view)
    aside_only = {
        k.path for k in view.kustomizations.values() if is_aside(k.directory) and k.directory not in used
    }
    for manifest in view.manifests("", "Secret"):
        file = manifest.provenance.file or ""
        aside = is_aside(posixpath.dirname(file) or ".") and file not in used
        if aside or file in for_sops or is_git_encrypted(view, file) or is_encrypted_document(manifest.data):
            continue
        placed = Placed(manifest, *source_of(view, manifest))
        for field, values in _plaintext_fields(manifest.data):
            message = f"Secret {manifest.name} has values in plain text: {', '.join(values)}"
            yield placed.violation((field,), message, measure=_measure(values))
    for kustomization in view.kustomizations.values():
        for path, message, measure in (
            ()
            if kustomization.path in aside_only
            else _plaintext_in_generators(view, kustomization, for_sops)
        ):
            yield SourceViolation(
                kustomization.path, path, message, overlay=kustomization.directory, measure=measure
            )


def _measure(values: Mapping[str, object]) -> Measure:
    return members(hidden_entry(key, value) for key, value in values.items())


def _plaintext_fields(secret: JsonObject) -> Iterator[tuple[str, dict[str, object]]]:
    labels = string_map(mapping(secret.get("metadata")).get("labels"))
    plain = _ARGO_PLAIN if _ARGO_LABEL in labels else set()
    for field, decode in (("data", True), ("stringData", False)):
        values = mapping(secret.get(field))
        given = {str(k): _decoded(v) if decode else v for k, v in values.items() if k not in plain}
        clear = {key: value for key, value in given.items() if _is_plaintext(value)}
        if _has_credential(clear):
            yield field, clear


def _has_credential(keys: Iterable[str]) -> bool:
    return any(key.lower() not in _NOT_CREDENTIALS for key in keys)


def _decoded(value: object) -> object:
    """A base64 value as text; the value itself if it is not base64, as a placeholder is not."""
    if not isinstance(value, str):
        return None
    try:
        return base64.b64decode(value, validate=True).decode("utf-8", "replace")
    except (ValueError, binascii.Error):
        return value


def _is_plaintext(value: object) -> bool:
    """Whether a value is a plain-text credential, not empty, a placeholder or a public certificate."""
    if value is None or isinstance(value, dict | list):
        return False
    content = str(value)
    blocks = set(_PEM.findall(content))
    if _PLACEHOLDER.match(content) or _EXAMPLE.fullmatch(content.strip()):
        return False
    return not (blocks and blocks <= _PUBLIC)


def _plaintext_in_generators(
    view: RepositoryView, kustomization: Kustomization, for_sops: frozenset[str]
) -> Iterator[tuple[FieldPath, str, Measure]]:
    for index, entry in mappings(kustomization.data.get("secretGenerator")):
        base: FieldPath = ("secretGenerator", index)
        name = text(entry.get("name"))
        literals = [text(literal).partition("=") for literal in sequence(entry.get("literals"))]
        values = {key: value for key, _, value in literals if _is_plaintext(value.strip("'\""))}
        if _has_credential(values):
            message = f"secretGenerator {name} has values in plain text: {', '.join(values)}"
            yield (*base, "literals"), message, _measure(values)
        for field in ("files", "envs", "env"):
            written = entry.get(field)
            names = [text(n) for n in (written if isinstance(written, list) else [written])]
            targets = [kustomization.resolve(n.rpartition("=")[2]) for n in names if n]
            is_list = field != "files"  # `envs` are lists of KEY=value, whatever the file is called
            clear = [t for t in targets if t not in for_sops and _is_plaintext_file(view, t, is_list)]
            if clear:
                message = f"secretGenerator {name} reads files in plain text: {', '.join(clear)}"
                yield (*base, field), message, members(_contents(view, clear, is_list))


def _contents(view: RepositoryView, files: list[str], is_list: bool) -> Iterator[str]:
    """A member for each entry of these files; a file that is not a list of entries is one."""
    for file in files:
        content = view.read_text(file)
        entries = content.splitlines() if is_list or file.endswith(".env") else [content]
        for entry in entries:
            name = f"{file}: {entry.partition('=')[0].strip()}" if len(entries) > 1 else file
            yield hidden_entry(name, entry)


def _is_plaintext_file(view: RepositoryView, file: str, is_list: bool) -> bool:
    if file not in view.file_set or is_encrypted_file(view, file):
        return False
    content = view.read_text(file)
    if is_list or file.endswith(".env"):
        lines = [line for line in content.splitlines() if "=" in line and not line.lstrip().startswith("#")]
        pairs = [line.strip().partition("=") for line in lines]
        return _has_credential([key for key, _, value in pairs if _is_plaintext(value.strip().strip("'\""))])
    return _is_plaintext(content)


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
