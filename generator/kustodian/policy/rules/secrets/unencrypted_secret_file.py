"""File that is meant for SOPS is not encrypted.

Why: Someone edited the decrypted file and committed it like that: the credentials are in the history, and
decryption at deployment fails on a file without SOPS metadata.

Fix: Encrypt it with `sops --encrypt --in-place FILE`, and change every credential that was committed.

Wrong:
    # api-keys.enc.yaml
    kind: Secret
    stringData:
      HF_TOKEN: hf_abcdefgh

Right:
    # api-keys.enc.yaml
    kind: Secret
    stringData:
      HF_TOKEN: ENC[AES256_GCM,data:...]
    sops:
      mac: ENC[AES256_GCM,data:...]

Notes: A file is meant for SOPS if it is called `*.enc.yaml` or `*.sops.yaml` (or json, env, ini), if a
`path_regex` of `.sops.yaml` matches it, or if a KSOPS generator reads it. A rule whose pattern also matches
kustomizations, or that has an `encrypted_regex`, says how to encrypt rather than what: under such a rule only
files with Secrets count. A plain-text value that was added to an encrypted Secret is reported as well.

Source: SOPS 3.10 documentation,
https://getsops.io/docs/#using-sopsyaml-conf-to-select-kms-pgp-and-age-for-new-files
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.model.json_value import FieldPath, JsonObject, dig, mapping, text
from kustodian.model.linear_pattern import linear_pattern
from kustodian.model.measure import hidden
from kustodian.model.repository.view import RepositoryView
from kustodian.model.violation import SourceViolation
from kustodian.policy.rule import Context, Reach, RepositoryRule, Worse
from kustodian.policy.rules.secrets._encryption import (
    is_encrypted_document,
    is_encrypted_text,
    meant_for_sops,
)
from kustodian.policy.rules.secrets._measures import lines_of, values_of


def check(view: RepositoryView, _: Context) -> Iterator[SourceViolation]:
    """One violation for each unencrypted document, and for each plain-text value of an encrypted Secret."""
    for file in sorted(meant_for_sops(view)):
        content = view.read_text(file)
        if not content.strip() or is_encrypted_text(content):
            continue
        documents = view.documents_of(file) if file in view.yaml_files else []
        if not documents:
            message = f"{file} is meant for SOPS but is not encrypted"
            yield SourceViolation(file, (), message, measure=lines_of(content))
        for document in documents:
            if not is_encrypted_document(document.data):
                message = f"{file} is meant for SOPS but is not encrypted"
                measure = values_of(_confidential(document.data))
                yield SourceViolation(file, document.base, message, document.index, measure=measure)
                continue
            for path in _plaintext_values(document.data):
                message = f"{path[-1]} was added in plain text to an encrypted Secret"
                measure = hidden(dig(document.data, path))
                at = (*document.base, *path)
                yield SourceViolation(file, at, message, document.index, measure=measure)


def _confidential(document: JsonObject) -> object:
    """What of a document has to be encrypted: of a Secret only its data."""
    if document.get("kind") != "Secret":
        return document
    return [document.get("data"), document.get("stringData")]


def _plaintext_values(document: JsonObject) -> Iterator[FieldPath]:
    """The values of a Secret that SOPS's own metadata says should be encrypted and are not."""
    sops = mapping(document.get("sops"))
    if document.get("kind") != "Secret":
        return
    for field in ("data", "stringData"):
        for key, value in mapping(document.get(field)).items():
            is_plaintext = isinstance(value, str) and value != "" and not value.startswith("ENC[")
            if is_plaintext and _should_be_encrypted((field, str(key)), sops):
                yield field, key


def _should_be_encrypted(path: tuple[str, ...], sops: JsonObject) -> bool:
    """Whether any key on the path is selected by SOPS's regular expression or suffix (all are by default)."""
    regex, skipped = text(sops.get("encrypted_regex")), text(sops.get("unencrypted_regex"))
    suffix = text(sops.get("encrypted_suffix"))
    skip_suffix = text(sops.get("unencrypted_suffix")) or "_unencrypted"
    if regex or skipped:
        pattern = linear_pattern(regex or skipped)
        selected = pattern is not None and any(pattern.search(key) for key in path)
        return pattern is not None and selected == bool(regex)
    if suffix:
        return any(key.endswith(suffix) for key in path)
    return not any(key.endswith(skip_suffix) for key in path)


RULE = RepositoryRule(
    id="unencrypted-secret-file",
    topic="secrets",
    severity="E/E/E",
    check=check,
    reach=Reach.NOTHING,
    doc=__doc__,
    worse=Worse.BY_MEASURE,
    tags=("security", "sops"),
)
