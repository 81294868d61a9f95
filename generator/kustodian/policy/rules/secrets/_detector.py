"""Finds credentials by name and value. Results say what a value appears to be and never contain it.

In a Secret every value is a credential unless it says that it is none.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping

from kustodian.model.json_value import JsonObject, mapping, string_map
from kustodian.policy.rules.secrets._names import kind_of
from kustodian.policy.rules.secrets._sops import (
    has_ciphertext,
    is_sops_metadata,
    is_sops_value,
    should_be_encrypted,
)
from kustodian.policy.rules.secrets._values import credential_in, is_credential

_PLACEHOLDER = re.compile(
    r"""\s*(?:\$\{[^}]*\}|\$\([^)]*\)|\$[A-Z_][A-Z0-9_]*|<[^<>]*>|\{\{.*\}\}|vault:\S+|ref\+\w+://\S+|null)?\s*\Z""",
    re.DOTALL,
)
_EXAMPLE = re.compile(r"your[-_ ].*|.*\b(?:placeholder|replace[-_]?me)\b.*|x{3,}|\*{3,}|\.{3}", re.IGNORECASE)
#: Keys that say who or where; a Secret with no other value in plain text reveals no credential.
_NOT_CREDENTIALS = {"username", "user", "host", "hostname", "port", "database", "dbname"}
_NOT_SEALED = re.compile(r"not[-_ ](?:yet[-_ ])?sealed(?:[-_ ]yet)?", re.IGNORECASE)
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


def credential(name: str, value: str) -> str | None:
    """What credential a named value holds ("a literal credential", "a private key"), or None."""
    return credential_in(value) or literal_credential(name, value)


def literal_credential(name: str, value: str) -> str | None:
    """Like `credential`, but only for names that say that their value is a credential."""
    kind = kind_of(name)
    return "a literal credential" if kind and is_credential(value, kind) else None


def plaintext_fields(secret: JsonObject) -> Iterator[tuple[str, list[str]]]:
    """The fields `data` and `stringData` of a Secret that reveal a credential, and the keys that do."""
    labels = string_map(mapping(secret.get("metadata")).get("labels"))
    plain = _ARGO_PLAIN if _ARGO_LABEL in labels else set()
    for field in ("data", "stringData"):
        given = {key: value for key, value in decoded_values(secret, field).items() if key not in plain}
        keys = [key for key, value in given.items() if is_plaintext(value)]
        keys = [key for key in keys if not _is_exempt(secret, field, key, given[key])]
        if has_credential(keys):
            yield field, keys


def _is_exempt(secret: JsonObject, field: str, key: str, value: object) -> bool:
    """Whether SOPS left a value readable, as it was told to, and it does not look like a credential."""
    sops = mapping(secret.get("sops"))
    if not is_sops_metadata(sops) or not has_ciphertext(secret):
        return False
    return not should_be_encrypted((field, key), sops) and credential(key, str(value)) is None


def decoded_values(secret: JsonObject, field: str) -> Mapping[str, object]:
    """The values of a Secret's field by key, those of `data` decoded."""
    decode = field == "data"
    return {str(k): _decoded(v) if decode else v for k, v in mapping(secret.get(field)).items()}


def has_credential(keys: list[str]) -> bool:
    """Whether one of these keys names more than a user or a host."""
    return any(key.lower() not in _NOT_CREDENTIALS for key in keys)


def _decoded(value: object) -> object:
    """A base64 value as text; the value itself if it is not base64, as a placeholder is not."""
    if not isinstance(value, str):
        return None
    try:
        return base64.b64decode("".join(value.split()), validate=True).decode("utf-8", "replace")
    except (ValueError, binascii.Error):
        return value


def is_plaintext(value: object) -> bool:
    """Whether a value reveals a credential: it is not empty, ciphertext, a placeholder or a certificate."""
    if value is None or isinstance(value, dict | list):
        return False
    content = str(value)
    blocks = set(_PEM.findall(content))
    if _PLACEHOLDER.match(content) or _EXAMPLE.fullmatch(content.strip()) or is_sops_value(content):
        return False
    return not (blocks and blocks <= _PUBLIC)


def readable_pairs(content: str) -> dict[str, str]:
    """The lines `KEY=value` of a file such as those that `envs` of a generator names."""
    lines = [line for line in content.splitlines() if "=" in line and not line.lstrip().startswith("#")]
    pairs = [line.strip().partition("=") for line in lines]
    return {key: value.strip().strip("'\"") for key, _, value in pairs}


def is_sealed(value: object) -> bool:
    """Whether a value of a SealedSecret is ciphertext, or says that it is not sealed yet.

    Source: sealed-secrets pkg/crypto/crypto.go, `HybridEncrypt`: the length of the RSA part in two bytes,
    that part, then AES-GCM with a tag of 16 bytes.
    """
    if not isinstance(value, str) or _NOT_SEALED.fullmatch(value.strip()):
        return True
    try:
        content = base64.b64decode("".join(value.split()), validate=True)
    except (ValueError, binascii.Error):
        return False
    length = int.from_bytes(content[:2], "big")
    return 128 <= length <= 1024 and len(content) >= 2 + length + 16


def credential_in_template(key: str, value: object) -> str | None:
    """What credential a template of a Secret holds; None for one whose values are filled in later."""
    if not isinstance(value, str) or not is_plaintext(value):
        return None
    return credential(key, value.strip()) if "{{" not in value else credential_in(value)
