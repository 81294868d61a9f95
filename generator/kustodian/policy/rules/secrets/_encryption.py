"""Which files are encrypted, and which ones are meant to be.

The bytes decide, never what says that they are encrypted: an attribute, a name or a block `sops`.

Sources: SOPS 3.10, README "Using .sops.yaml conf to select KMS, PGP and age for new files", https://getsops.io/docs/;
KSOPS 4, https://github.com/viaduct-ai/kustomize-sops; git-crypt 0.7, README and
commands.cpp (the magic and the nonce of a file)
"""

from __future__ import annotations

import codecs
import json
import posixpath
import re

from kustodian.kustomize.folders import is_aside
from kustodian.model.json_value import JsonObject, mapping, mappings, sequence, text
from kustodian.model.linear_pattern import LinearPattern, linear_pattern
from kustodian.model.repository.path import beside
from kustodian.model.repository.source_files import START_BYTES
from kustodian.model.repository.view import RepositoryView
from kustodian.policy.rules.secrets._sops import is_encrypted_document, is_sops_text

_SOPS_NAME = re.compile(
    r"[.-](?:enc|sops|encrypted)\.(?:ya?ml|json|env|ini|toml|txt)\Z|\.(?:ya?ml|json|env)\.(?:enc|sops)\Z"
)
_ARMOUR = re.compile(
    r"-----BEGIN (AGE ENCRYPTED FILE|PGP MESSAGE)-----\n(?:[A-Za-z]+: [^\n]*\n)*\s*"
    r"(?:[A-Za-z0-9+/=]+\s+)+(?=-----END )"
)
_HEX_LINES = re.compile(r"[0-9a-f\s]+")
_BASE64_LINES = re.compile(rb"[A-Za-z0-9+/=\s]+")
_GIT_CRYPT, _TRANSCRYPT, _AGE = b"\0GITCRYPT\0", b"U2FsdGVkX1", b"age-encryption.org/v1\n"
#: The magic and the nonce of git-crypt, and the fewest bytes that are text only because they were written so.
_GIT_CRYPT_HEADER, _READABLE = len(_GIT_CRYPT) + 12, 16
_CONFIGS = (".sops.yaml", ".sops.yml")
_YAML = (".yaml", ".yml", ".enc", ".sops")


def meant_for_sops(view: RepositoryView) -> frozenset[str]:
    """Files meant to be encrypted: by their name, by a rule in .sops.yaml, or because KSOPS reads them."""
    return view.memoized(_meant_for_sops)


def _meant_for_sops(view: RepositoryView) -> frozenset[str]:
    # The substring test is cheap and rules out nearly every file of a large repository.
    files = {f for f in view.file_set if ("enc" in f or "sops" in f) and _SOPS_NAME.search(f)}
    files |= _by_creation_rules(view) | _read_by_ksops(view)
    kustomization_names = {posixpath.basename(k) for k in view.kustomizations}
    return frozenset(
        file
        for file in files
        if posixpath.basename(file) not in {*_CONFIGS, *kustomization_names}
        and not is_aside(posixpath.dirname(file) or ".")
        and not is_git_encrypted(view, file)
    )


def is_encrypted_text(content: str) -> bool:
    """Whether a text that is not YAML is encrypted, by what all of it is: SOPS, age, PGP or Ansible Vault."""
    stripped = content.strip()
    if stripped.startswith("{"):
        try:
            return is_encrypted_document(json.loads(stripped))
        except (ValueError, RecursionError):
            return False
    if stripped.startswith("$ANSIBLE_VAULT;"):
        return bool(_HEX_LINES.fullmatch(stripped.partition("\n")[2].strip()))
    return _is_armoured(stripped) or is_sops_text(content)


def is_encrypted_file(view: RepositoryView, file: str) -> bool:
    """Whether the whole file is encrypted, in the work tree or as git has it."""
    text_of_file = view.read_text(file)
    if (
        is_encrypted_bytes(view.start(file))
        or is_encrypted_text(text_of_file)
        or is_git_encrypted(view, file)
    ):
        return True
    documents = view.load(file) if file.endswith(_YAML) and "sops" in text_of_file else []
    return bool(documents) and all(is_encrypted_document(document) for document in documents)


#: How the bytes of a wide encoding begin; those of UTF-32 come first, since UTF-16's mark begins theirs.
_WIDE = tuple(
    (re.compile(prefix, re.DOTALL), encoding)
    for prefix, encoding in (
        (rb"\xff\xfe\0\0|[\x01-\x7f]\0\0\0", "utf-32-le"),
        (rb"\0\0\xfe\xff|\0\0\0[\x01-\x7f]", "utf-32-be"),
        (rb"\xff\xfe|[\x01-\x7f]\0[\x01-\x7f]\0", "utf-16-le"),
        (rb"\xfe\xff|\0[\x01-\x7f]\0[\x01-\x7f]", "utf-16-be"),
    )
)


def readable_text(view: RepositoryView, file: str) -> str:
    """The text of a file, with U+FFFD for bytes that are not UTF-8; empty for a binary file.

    One such byte makes a file neither binary nor secret.
    """
    start = view.start(file)
    if len(start) == START_BYTES and (whole := view.read_text(file)):
        return whole
    decoded = start.removeprefix(_GIT_CRYPT).decode(_encoding_of(start), "replace").removeprefix("\ufeff")
    is_text = all(c >= " " or c in "\t\n\r\f" for c in decoded)
    return decoded if is_text and decoded.count("\ufffd") <= len(decoded) / 10 else ""


def _encoding_of(start: bytes) -> str:
    """UTF-16 and UTF-32 by their mark or by the zeros beside the first letter, else UTF-8."""
    return next((encoding for prefix, encoding in _WIDE if prefix.match(start)), "utf-8")


def is_encrypted_bytes(start: bytes) -> bool:
    """Whether the first bytes of a file are those of git-crypt, transcrypt or age, and no text follows."""
    if start.startswith(_TRANSCRYPT):
        return bool(_BASE64_LINES.fullmatch(start.strip()))
    if start.startswith(_GIT_CRYPT):
        return not _is_readable(start[_GIT_CRYPT_HEADER:])
    return start.startswith(_AGE)


def is_git_encrypted(view: RepositoryView, file: str) -> bool:
    """Whether the file is encrypted as git has it, although it is readable in an unlocked work tree.

    The attributes only say whether it is worth asking git: a filter that nobody set up encrypts nothing.
    """
    folder, filtered = posixpath.dirname(file), view.memoized(_folders_with_filters)
    while folder not in filtered:
        if not folder:
            return False
        folder = posixpath.dirname(folder)
    return is_encrypted_bytes(view.committed_start(file) or b"")


def _folders_with_filters(view: RepositoryView) -> frozenset[str]:
    """The folders with a .gitattributes that names a filter; "" is the root."""
    return frozenset(
        posixpath.dirname(file)
        for file in view.file_set
        if file.endswith(".gitattributes") and "filter=" in view.read_text(file)
    )


def _is_armoured(content: str) -> bool:
    match = _ARMOUR.match(content)
    return match is not None and content.endswith(f"-----END {match[1]}-----") and content.count("-----") == 4


def _is_readable(content: bytes) -> bool:
    """Whether bytes are a text, which ciphertext of this length is not by chance."""
    try:
        decoded = codecs.getincrementaldecoder("utf-8")().decode(content)  # the last character may be cut
    except UnicodeDecodeError:
        return False
    return len(content) >= _READABLE and all(c.isprintable() or c.isspace() for c in decoded)


def _by_creation_rules(view: RepositoryView) -> set[str]:
    """Files that a creation rule selects for encryption.

    A rule without a pattern, or with one so wide that it also matches kustomizations, says how to encrypt
    rather than what: under such a rule only files with Secrets count. As in SOPS, the first match wins.
    """
    files = set()
    for config in view.sorted_files:
        if not config.endswith(_CONFIGS) or posixpath.basename(config) not in _CONFIGS:
            continue
        folder = posixpath.dirname(config)
        rules = [r for d in view.load(config) for _, r in mappings(mapping(d).get("creation_rules"))]
        patterns = [(pattern, rule) for rule in rules if (pattern := _pattern(rule)) is not None]
        wide = [any(p.search(_below(folder, k)) for k in view.kustomizations) for p, _ in patterns]
        for file in view.file_set:
            if folder and not file.startswith(folder + "/"):
                continue
            for (pattern, rule), is_wide in zip(patterns, wide, strict=True):
                if pattern.search(_below(folder, file)):
                    if (not is_wide and not rule.get("encrypted_regex")) or _holds_secret(view, file):
                        files.add(file)
                    break
    return files


def _pattern(rule: JsonObject) -> LinearPattern | None:
    return linear_pattern(text(rule.get("path_regex")) or text(rule.get("filename_regex")))


def _below(folder: str, file: str) -> str:
    return posixpath.relpath(file, folder) if folder else file


def _holds_secret(view: RepositoryView, file: str) -> bool:
    return any(document.file == file and document.kind == "Secret" for document in view.documents)


def _read_by_ksops(view: RepositoryView) -> set[str]:
    files = set()
    for manifest in view.manifests("viaduct.ai", "ksops"):
        folder = posixpath.dirname(manifest.provenance.file or "")
        entries = list(sequence(manifest.data.get("files")))
        for _, source in mappings(manifest.data.get("secretFrom")):
            for key in ("files", "envs", "binaryFiles"):
                entries += sequence(source.get(key))
        for entry in entries:
            path = text(entry).rpartition("=")[2]
            target = beside(folder, path)
            if target in view.file_set:
                files.add(target)
    return files
