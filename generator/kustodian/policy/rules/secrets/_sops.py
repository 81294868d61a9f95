"""What SOPS encrypted: its metadata, its values, and which values it was told to leave readable.

Source: SOPS 3.10, sops.go (`Metadata`, `ToMap`), aes/cipher.go (`encryptedValue`), stores/flatten.go;
https://getsops.io/docs/#encrypting-only-parts-of-a-file
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator

from kustodian.model.json_value import FieldPath, JsonObject, mapping, mappings, text
from kustodian.model.linear_pattern import linear_pattern

_VALUE = re.compile(
    r"ENC\[AES256_GCM,data:([A-Za-z0-9+/]*={0,2}),iv:([A-Za-z0-9+/]+={0,2}),tag:([A-Za-z0-9+/]+={0,2})"
    r",type:(?:str|int|float|bool|bytes|comment|time)\]"
)
#: The bytes of the nonce and of the tag in what SOPS writes.
_NONCE, _TAG = 32, 16
_KEY_GROUPS = ("age", "pgp", "kms", "gcp_kms", "azure_kv", "hc_vault", "hckms")
#: Fields that identify an object; SOPS leaves them readable wherever it is told what to encrypt.
_IDENTITY = ("apiVersion", "kind", "metadata", "sops")


def is_sops_value(value: object) -> bool:
    """Whether a value is ciphertext of SOPS, and not a readable text in its place."""
    match = _VALUE.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        return False
    data, nonce, tag = (_bytes(part) for part in match.groups())
    is_real = len(nonce) == _NONCE and len(tag) == _TAG
    # Ciphertext of 16 bytes is not readable by chance; that of a short password may be.
    return not _is_readable(data) or (is_real and 0 < len(data) < 16)


def is_sops_metadata(sops: JsonObject) -> bool:
    """Whether the block `sops` is one that SOPS wrote: a MAC, a date and the keys that can decrypt it."""
    holders = [sops, *(group for _, group in mappings(sops.get("key_groups")))]
    keys = [key for holder in holders for name in _KEY_GROUPS for key in mappings(holder.get(name))]
    return is_sops_value(sops.get("mac")) and bool(sops.get("lastmodified")) and bool(keys)


def is_encrypted_document(document: object) -> bool:
    """Whether SOPS encrypted a YAML or JSON document: every value that it had to is ciphertext."""
    data = mapping(document)
    return isinstance(data.get("sops"), dict) and has_ciphertext(data) and not list(readable_values(data))


def readable_values(document: JsonObject) -> Iterator[FieldPath]:
    """The values of a document with a block `sops` that should be ciphertext and are not.

    In a Secret these are its data; in another object, what its own metadata selects. What the metadata
    exempts counts only if SOPS wrote it.
    """
    sops = mapping(document.get("sops"))
    is_real = is_sops_metadata(sops)
    for path, value in _leaves(_encrypted_part(document, sops), ()):
        keys = tuple(str(key) for key in path)
        if not is_sops_value(value) and (not is_real or should_be_encrypted(keys, sops)):
            yield path


def _encrypted_part(document: JsonObject, sops: JsonObject) -> JsonObject:
    if document.get("kind") == "Secret":
        return {field: document[field] for field in ("data", "stringData") if field in document}
    names_parts = any(text(sops.get(key)) for key in ("encrypted_regex", "encrypted_suffix"))
    is_object = "kind" in document
    if is_object and not names_parts:
        return {}
    return {
        key: value for key, value in document.items() if key not in (_IDENTITY if is_object else ("sops",))
    }


def _leaves(value: object, path: FieldPath) -> Iterator[tuple[FieldPath, object]]:
    """The values that SOPS encrypts: all but null and the empty text."""
    if isinstance(value, dict):
        for key, child in value.items():
            yield from _leaves(child, (*path, key))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from _leaves(child, (*path, index))
    elif value is not None and value != "":
        yield path, value


def has_ciphertext(document: JsonObject) -> bool:
    """Whether any value of a document is ciphertext of SOPS, or it is a Secret without values."""
    part = {key: value for key, value in document.items() if key != "sops"}
    leaves = [value for _, value in _leaves(part, ())]
    secret = document.get("kind") == "Secret"
    return any(map(is_sops_value, leaves)) or (
        secret and not any(document.get(f) for f in ("data", "stringData"))
    )


def should_be_encrypted(path: tuple[str, ...], sops: JsonObject) -> bool:
    """Whether any key on the path is selected by SOPS's regular expression or suffix (all are by default)."""
    regex, skipped = text(sops.get("encrypted_regex")), text(sops.get("unencrypted_regex"))
    suffix = text(sops.get("encrypted_suffix"))
    skip_suffix = text(sops.get("unencrypted_suffix")) or "_unencrypted"
    if regex or skipped:
        pattern = linear_pattern(regex or skipped)
        selected = pattern is not None and any(pattern.search(key) for key in path)
        return pattern is None or selected == bool(regex)
    if suffix:
        return any(key.endswith(suffix) for key in path)
    return not any(key.endswith(skip_suffix) for key in path)


def is_sops_text(content: str) -> bool:
    """Whether SOPS encrypted a list of `KEY=value` or an INI file: every value is ciphertext."""
    section, has_mac, has_value = "", False, False
    for line in map(str.strip, content.splitlines()):
        if not line or line.startswith(("#", ";")):
            continue
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1].strip()
            continue
        key, separator, value = (part.strip() for part in line.partition("="))
        if not separator:
            return False
        own = section == "sops" or key.startswith("sops_")
        if own:
            has_mac = has_mac or (key in ("mac", "sops_mac") and is_sops_value(value))
        elif value and not is_sops_value(value):
            return False
        else:
            has_value = has_value or bool(value)
    return has_mac and has_value


def _is_readable(data: bytes) -> bool:
    try:
        return data.decode().isprintable()
    except UnicodeDecodeError:
        return False


def _bytes(encoded: str) -> bytes:
    try:
        return base64.b64decode(encoded + "=" * (-len(encoded) % 4))
    except (ValueError, binascii.Error):
        return b"?"
