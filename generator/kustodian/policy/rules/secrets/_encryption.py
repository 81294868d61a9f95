"""Which files are encrypted, and which ones are meant to be.

Sources: SOPS 3.10, README "Using .sops.yaml conf to select KMS, PGP and age for new files", https://getsops.io/docs/;
KSOPS 4, https://github.com/viaduct-ai/kustomize-sops; git-crypt 0.7, README
"""

from __future__ import annotations

import fnmatch
import posixpath
import re

from kustodian.kustomize.folders import is_aside
from kustodian.model.json_value import JsonObject, mapping, mappings, sequence, text
from kustodian.model.linear_pattern import LinearPattern, linear_pattern
from kustodian.model.repository.path import beside
from kustodian.model.repository.view import RepositoryView

_SOPS_NAME = re.compile(
    r"[.-](?:enc|sops|encrypted)\.(?:ya?ml|json|env|ini|toml|txt)\Z|\.(?:ya?ml|json|env)\.(?:enc|sops)\Z"
)
_ENCRYPTED_TEXT = re.compile(
    r"""^sops_(?:mac|version)=|^\[sops\]\s*$|"sops"\s*:\s*\{"""
    r"""|^-----BEGIN (?:AGE ENCRYPTED FILE|PGP MESSAGE)-----|^\$ANSIBLE_VAULT;""",
    re.MULTILINE,
)
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
    """Whether a text that is not YAML carries the markers of SOPS, age, PGP or Ansible Vault."""
    return bool(_ENCRYPTED_TEXT.search(content)) or content.startswith("\0GITCRYPT")


def is_encrypted_document(document: object) -> bool:
    """Whether a YAML document was encrypted by SOPS: it carries SOPS's own metadata."""
    return isinstance(mapping(document).get("sops"), dict)


def is_encrypted_file(view: RepositoryView, file: str) -> bool:
    """Whether the whole file is encrypted, judging by git's attributes and the markers in its content."""
    if is_git_encrypted(view, file) or is_encrypted_text(view.read_text(file)):
        return True
    documents = view.load(file) if file.endswith(_YAML) else []
    return bool(documents) and all(is_encrypted_document(document) for document in documents)


def is_git_encrypted(view: RepositoryView, file: str) -> bool:
    """Whether git itself encrypts the file when it is committed (git-crypt, transcrypt)."""
    for line in view.read_text(".gitattributes").splitlines() if ".gitattributes" in view.file_set else ():
        words = line.split()
        if len(words) > 1 and any(w.startswith(("filter=git-crypt", "filter=crypt")) for w in words[1:]):
            pattern = words[0].lstrip("/").replace("**/", "*")
            name = file if "/" in words[0].strip("/") else posixpath.basename(file)
            if fnmatch.fnmatch(name, pattern):
                return True
    return False


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
