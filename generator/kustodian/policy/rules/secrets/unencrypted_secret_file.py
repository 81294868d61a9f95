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
      lastmodified: "2026-01-01T00:00:00Z"
      mac: ENC[AES256_GCM,data:...]
      age: [...]

Notes: A file is meant for SOPS if it is called `*.enc.yaml` or `*.sops.yaml` (or json, env, ini), if a
`path_regex` of `.sops.yaml` matches it, or if a KSOPS generator reads it. A rule whose pattern also matches
kustomizations, or that has an `encrypted_regex`, says how to encrypt rather than what: under such a rule only
files with Secrets count. A plain-text value that was added to an encrypted Secret is reported as well. The
values decide, not the block `sops`: what it exempts counts only if it has a MAC, a date and the keys that can
decrypt the file.

Source: SOPS 3.10 documentation,
https://getsops.io/docs/#using-sopsyaml-conf-to-select-kms-pgp-and-age-for-new-files
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.model.json_value import JsonObject, dig, mapping
from kustodian.model.measure import Measure, hidden
from kustodian.model.repository.view import RepositoryView
from kustodian.model.violation import SourceViolation
from kustodian.policy.rule import Context, Reach, RepositoryRule, Worse
from kustodian.policy.rules.secrets._detector import plaintext_fields
from kustodian.policy.rules.secrets._encryption import is_encrypted_text, meant_for_sops
from kustodian.policy.rules.secrets._measures import lines_of, values_of
from kustodian.policy.rules.secrets._sops import (
    has_ciphertext,
    is_encrypted_document,
    is_sops_metadata,
    readable_values,
)


def check(view: RepositoryView, _: Context) -> Iterator[SourceViolation]:
    """One violation for each unencrypted document, and for each plain-text value of an encrypted Secret."""
    for file in sorted(meant_for_sops(view)):
        content = view.read_text(file)
        if not content.strip() or is_encrypted_text(content):
            continue
        documents = view.documents_of(file) if file in view.yaml_files else []
        message = f"{file} is meant for SOPS but is not encrypted"
        if not documents:
            yield SourceViolation(file, (), message, measure=lines_of(content))
        for document in documents:
            readable = list(readable_values(document.data))
            if (
                document.data.get("kind") == "Secret"
            ):  # what was left readable may be a credential all the same
                exempt = ((field, key) for field, keys in plaintext_fields(document.data) for key in keys)
                readable += [path for path in exempt if path not in readable]
            if not readable and is_encrypted_document(document.data):
                continue
            is_ours = is_sops_metadata(mapping(document.data.get("sops")))
            if not is_ours or not readable or not has_ciphertext(document.data):
                measure: Measure = values_of(_confidential(document.data))
                yield SourceViolation(file, document.base, message, document.index, measure=measure)
                continue
            for path in readable:
                message_of_value = (
                    f"{path[-1]} was added in plain text to an encrypted {_noun(document.data)}"
                )
                measure = hidden(dig(document.data, path))
                at = (*document.base, *path)
                yield SourceViolation(file, at, message_of_value, document.index, measure=measure)


def _confidential(document: JsonObject) -> object:
    """What of a document has to be encrypted: of a Secret only its data."""
    if document.get("kind") != "Secret":
        return document
    return [document.get("data"), document.get("stringData")]


def _noun(document: JsonObject) -> str:
    return "Secret" if document.get("kind") == "Secret" else "file"


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
