"""Credentials that claim to be encrypted, or that only rendering shows: each is new, and makes the comparison red.

Every case starts from a clean base and checks the change with `--base`, and the whole repository as well.
"""

from __future__ import annotations

import base64
import random
from pathlib import Path

import pytest

from tests.cli.harness import Outcome, kustodian, write
from tests.cli.test_base import KUSTOMIZATION, commit, git

RULES = tuple(
    word
    for rule in ("plaintext-secret", "rendered-plaintext-secret", "unencrypted-secret-file")
    for word in ("--rule", rule)
)
CONFIG_MAP = (
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {mode: fast, token: swordfish}\n"
)
SECRET = "apiVersion: v1\nkind: Secret\nmetadata: {name: keys}\n"
PLAIN = f"{SECRET}stringData: {{password: swordfish}}\n"
KUSTOMIZED = f"{KUSTOMIZATION}resources: [a.yaml]\n"
#: A placeholder that a patch or a replacement fills.
EMPTY = f'{SECRET}stringData: {{password: "${{PASSWORD}}"}}\n'
FILE, ONE = "overlays/one/a.yaml", "overlays/one/kustomization.yaml"


def encrypted(text: str, seed: int = 1) -> str:
    """A value as SOPS writes it: bytes that are no text, a nonce of 32 bytes and a tag of 16."""
    chosen = random.Random(seed)
    parts = [bytes(chosen.randrange(128, 256) for _ in range(size)) for size in (len(text), 32, 16)]
    data, nonce, tag = (base64.b64encode(part).decode() for part in parts)
    return f"ENC[AES256_GCM,data:{data},iv:{nonce},tag:{tag},type:str]"


def sops(lines: str = "") -> str:
    """The block that SOPS adds to a file."""
    return (
        "sops:\n  age: [{recipient: age1abc, enc: '-----BEGIN AGE ENCRYPTED FILE-----'}]\n"
        f'  lastmodified: "2026-01-01T00:00:00Z"\n  mac: {encrypted("x" * 64)}\n{lines}'
    )


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = write(tmp_path / "repository", {
        "kustodian.yaml": "environments: {prod: {paths: ['overlays/*']}}\n",
        ONE: KUSTOMIZED,
        FILE: CONFIG_MAP,
    })  # fmt: skip
    git(root, "init", "--quiet", "--initial-branch", "main")
    commit(root, "clean")
    return root


def check(root: Path, *arguments: str) -> Outcome:
    return kustodian("check", "--no-cache", "--format", "json", *RULES, *arguments, cwd=root)


def assert_red(root: Path, files: dict[str, str]) -> None:
    """The change is a finding, in the comparison and in the full check."""
    write(root, files)
    git(root, "switch", "--quiet", "--create", "change")
    commit(root, "change")
    for arguments in (("--base", "main"), ()):
        outcome = check(root, *arguments)
        assert outcome.code == 1, outcome.out + outcome.err


def assert_green(root: Path, files: dict[str, str]) -> None:
    write(root, files)
    commit(root, "change")
    outcome = check(root)
    assert outcome.code == 0, outcome.out + outcome.err


LIES = {
    "attribute of git-crypt": {".gitattributes": "* filter=git-crypt\n", FILE: PLAIN},
    "attribute of transcrypt in a folder": {"overlays/.gitattributes": "* filter=crypt\n", FILE: PLAIN},
    "fake block": {FILE: f"{PLAIN}sops: {{mac: 'ENC[AES256_GCM,data:YQ==,iv:YQ==,tag:YQ==,type:str]'}}\n"},
    "fake block that a patch takes off": {
        FILE: f"{PLAIN}sops: {{mac: x, version: 3.10.0}}\n",
        ONE: KUSTOMIZED + "patches: [{target: {kind: Secret}, patch: "
        "'[{\"op\": \"remove\", \"path\": \"/sops\"}]'}]\n",
    },
    "real block, one value added": {
        FILE: f"{SECRET}stringData: {{old: '{encrypted('old')}', new: swordfish}}\n{sops()}"
    },
    "real block that exempts everything": {
        FILE: PLAIN + sops("  unencrypted_regex: ^(data|stringData)$\n")
    },
    "real block that exempts a credential beside ciphertext": {
        FILE: f"{SECRET}stringData: {{a: '{encrypted('a')}', DB_PASSWORD: swordfish-42-xyz}}\n"
        + sops("  encrypted_regex: ^a$\n")
    },
    "brackets around a password": {FILE: f"{SECRET}stringData: {{password: 'ENC[swordfish]'}}\n"},
    "base64 of a password as ciphertext": {
        FILE: f"{SECRET}stringData: {{password: 'ENC[AES256_GCM,data:c3dvcmRmaXNo,iv:YQ==,tag:YQ==,type:str]'}}\n"
    },
    "SealedSecret that is not sealed": {
        FILE: "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: keys}\n"
        "spec: {encryptedData: {password: c3dvcmRmaXNo}}\n"
    },
    "line of age in a file of a generator": {
        ONE: f"{KUSTOMIZED}secretGenerator: [{{name: keys, files: [key.txt]}}]\n",
        "overlays/one/key.txt": "swordfish\n-----BEGIN AGE ENCRYPTED FILE-----\n",
    },
    "mac in a list of a generator": {
        ONE: f"{KUSTOMIZED}secretGenerator: [{{name: keys, envs: [keys.env]}}]\n",
        "overlays/one/keys.env": f"PASSWORD=swordfish\nsops_mac={encrypted('x' * 64)}\n",
    },
    "mac in a file that is meant for SOPS": {
        "keys.enc.env": f"PASSWORD=swordfish\nsops_mac={encrypted('x' * 64)}\n"
    },
    "list inside a Secret that is meant for SOPS": {
        "keys.enc.yaml": f"{SECRET}stringData:\n  password: swordfish\n  list: |\n    A={encrypted('a')}\n"
        f"    sops_mac={encrypted('x' * 64)}\n"
    },
    "credential that the metadata of a file meant for SOPS exempts": {
        "keys.enc.yaml": f"{SECRET}stringData: {{a: '{encrypted('a')}', DB_PASSWORD: swordfish-42-xyz}}\n"
        + sops("  encrypted_regex: ^a$\n")
    },
    "block in a file that is meant for SOPS": {"values.enc.yaml": f"password: swordfish\n{sops()}"},
    "file of a generator under git-crypt's attribute": {
        ".gitattributes": "*.key filter=git-crypt diff=git-crypt\n",
        ONE: f"{KUSTOMIZED}secretGenerator: [{{name: keys, files: [a.key]}}]\n",
        "overlays/one/a.key": "swordfish\n",
    },
}  # fmt: skip

RENDERED = {
    "data made by a patch": {
        FILE: SECRET,
        ONE: KUSTOMIZED + "patches: [{target: {kind: Secret}, patch: "
        "'[{\"op\": \"add\", \"path\": \"/stringData\", \"value\": {\"password\": \"swordfish\"}}]'}]\n",
    },
    "kind changed by a patch": {
        FILE: CONFIG_MAP.replace("fast", "c3dvcmRmaXNo").replace(", token: swordfish", ""),
        ONE: KUSTOMIZED + "patches: [{target: {kind: ConfigMap}, patch: "
        "'[{\"op\": \"replace\", \"path\": \"/kind\", \"value\": \"Secret\"}]'}]\n",
    },
    "value copied by a replacement": {
        FILE: f"{CONFIG_MAP}---\n{EMPTY}",
        ONE: KUSTOMIZED + "replacements: [{source: {kind: ConfigMap, fieldPath: data.token}, "
        "targets: [{select: {kind: Secret}, fieldPaths: [stringData.password]}]}]\n",
    },
    "literal put together by a replacement": {
        FILE: f"{CONFIG_MAP}---\n{SECRET}stringData: {{password: '<a:b>'}}\n",
        ONE: KUSTOMIZED + "replacements: [{source: {kind: ConfigMap, fieldPath: data.token}, "
        "targets: [{select: {kind: Secret}, fieldPaths: [stringData.password], "
        "options: {delimiter: ':', index: 1}}]}]\n",
    },
    "builtin generator in a file": {
        ONE: f"{KUSTOMIZED}generators: [keys.yaml]\n",
        "overlays/one/keys.yaml": "apiVersion: builtin\nkind: SecretGenerator\nmetadata: {name: keys}\n"
        "literals: [password=swordfish]\n",
    },
    "builtin generator in the kustomization": {
        ONE: KUSTOMIZED + "generators:\n  - |-\n    {apiVersion: builtin, kind: SecretGenerator, "
        "metadata: {name: keys}, literals: [password=swordfish]}\n"
    },
}  # fmt: skip

UNLISTED = {
    "kind that is an alias": {"keys.yaml": "x: &k Secret\n" + PLAIN.replace("kind: Secret", "kind: *k")},
    "kind of a merge key": {"keys.yaml": "x: &k {kind: Secret}\n" + PLAIN.replace("kind: Secret", "<<: *k")},
    "second document that does not parse": {"keys.yaml": f"{PLAIN}---\nkind: [x\n"},
    "document that begins with its kind": {
        "keys.yaml": "a: b\n---\nkind: Secret\napiVersion: v1\nstringData:\n  password: swordfish\n---\nkind: [x\n"
    },
    "one line that does not parse": {
        "keys.yaml": "{apiVersion: v1, kind: Secret, stringData: {password: swordfish}}\n---\nkind: [x\n"
    },
    "block style that does not parse": {
        "keys.yaml": f"{SECRET}data:\n  password: |\n    c3dvcmRmaXNo\n---\nkind: [x\n"
    },
    "folder of the forge": {".github/keys.yaml": PLAIN},
    "hidden folder": {".hidden/keys.yaml": PLAIN},
    "virtual environment": {"venv/keys.yaml": PLAIN},
    "text": {"keys.txt": PLAIN},
    "copy": {"overlays/one/keys.yaml.bak": PLAIN},
    "no suffix": {"keys": PLAIN},
    "JSON without a name for it": {
        "keys.old": '{"kind": "Secret", "stringData": {"password": "swordfish"}}\n'
    },
    "settings": {".env": "DB_PASSWORD=swordfish-42-xyz\n"},
    "settings of an environment": {"app/prod.env": "export DB_PASSWORD=swordfish-42-xyz\n"},
}


@pytest.mark.parametrize("name", LIES)
def test_readable_value_that_says_it_is_encrypted(root: Path, name: str) -> None:
    assert_red(root, LIES[name])


@pytest.mark.parametrize("name", RENDERED)
def test_secret_that_only_rendering_shows(root: Path, name: str) -> None:
    assert_red(root, RENDERED[name])


@pytest.mark.parametrize("name", UNLISTED)
def test_secret_in_a_file_that_nothing_lists(root: Path, name: str) -> None:
    assert_red(root, UNLISTED[name])


def test_bytes_of_git_crypt_are_encrypted_though_the_work_tree_is_unlocked(root: Path) -> None:
    locked = b"\0GITCRYPT\0" + random.Random(1).randbytes(60)
    write(root, {".gitattributes": "*.yaml filter=git-crypt\n"})
    commit(root, "attribute")
    (root / FILE).write_bytes(locked)
    git(root, "-c", "filter.git-crypt.clean=cat", "add", FILE)
    git(root, "commit", "--quiet", "--message", "locked")
    (root / FILE).write_text(PLAIN)
    outcome = check(root)
    assert outcome.code == 0, outcome.out + outcome.err


@pytest.mark.parametrize("file", ["keys.txt", "keys.yaml", "overlays/one/a.key"])
def test_one_byte_that_is_not_utf_8_hides_nothing(root: Path, file: str) -> None:
    (root / ONE).write_text(f"{KUSTOMIZATION}secretGenerator: [{{name: keys, files: [a.key]}}]\n")
    (root / "overlays/one/a.key").write_bytes(b"")
    (root / file).write_bytes(b"# caf\xe9\n" + PLAIN.encode())
    commit(root, "change")
    assert check(root).code == 1


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("file", ["keys.txt", "keys.bak", "overlays/one/a.key"])
def test_a_wide_encoding_hides_nothing(root: Path, file: str, encoding: str) -> None:
    (root / ONE).write_text(f"{KUSTOMIZATION}secretGenerator: [{{name: keys, files: [a.key]}}]\n")
    (root / "overlays/one/a.key").write_bytes(b"")
    (root / file).write_bytes(PLAIN.encode(encoding))
    commit(root, "change")
    assert check(root).code == 1


@pytest.mark.parametrize("content", [b"\x85\x02\x0c\x03" + random.Random(1).randbytes(300), b"\0PNG\0"])
def test_binary_file_of_a_generator_passes(root: Path, content: bytes) -> None:
    (root / ONE).write_text(f"{KUSTOMIZATION}secretGenerator: [{{name: keys, files: [a.key]}}]\n")
    (root / "overlays/one/a.key").write_bytes(content)
    commit(root, "change")
    outcome = check(root)
    assert outcome.code == 0, outcome.out + outcome.err


@pytest.mark.parametrize("text", [
    "\n" * 2_000_000, " " * 2_000_000, "data: {" * 300_000, "---\n" * 500_000, "kind: " * 300_000, "{kind:" * 300_000,
    "-----BEGIN AGE ENCRYPTED FILE-----\n" + "A: b\n" * 300_000, "A b\n" * 500_000, "ENC[AES256_GCM,data:" * 100_000,
])  # fmt: skip
def test_long_files_end(root: Path, text: str) -> None:
    files = {"keys.txt": f"{text}\nkind: Secret\ndata: {{a: b}}\n", "a.env": text, "b.enc.env": text}
    write(root, {**files, ".gitattributes": "* filter=git-crypt\n", "overlays/one/a.key": text,
                 ONE: f"{KUSTOMIZATION}secretGenerator: [{{name: keys, files: [a.key], envs: [../../a.env]}}]\n"})  # fmt: skip
    commit(root, "change")
    assert check(root).code in (1, 3)


def test_magic_before_a_readable_text_is_not_encrypted(root: Path) -> None:
    write(root, {
        ".gitattributes": "*.key filter=git-crypt\n",
        ONE: f"{KUSTOMIZED}secretGenerator: [{{name: keys, files: [a.key]}}]\n",
        "overlays/one/a.key": "\0GITCRYPT\0" + "a swordfish is the password of everything",
    })  # fmt: skip
    commit(root, "change")
    assert check(root).code == 1


@pytest.mark.parametrize("files", [
    {FILE: f"{SECRET}stringData: {{token: '{encrypted('token')}', note_unencrypted: rotated}}\n{sops()}"},
    {FILE: f"{SECRET}data: {{a: '{encrypted('a')}'}}\n" + sops("  encrypted_regex: ^(data|stringData)$\n")},
    {"values.enc.yaml": f"a: {{b: ['{encrypted('a')}'], c: '{encrypted('b')}'}}\n{sops()}"},
    {"keys.enc.env": f"A={encrypted('a')}\nsops_lastmodified=2026\nsops_mac={encrypted('x' * 64)}\n"},
    {FILE: EMPTY},
    {".env.example": "DB_PASSWORD=swordfish-42-xyz\n", "docs/keys.yaml": PLAIN, "README.md": PLAIN},
    {"app/.env": "MODE=fast\nDB_PASSWORD=\n"},
])  # fmt: skip
def test_what_reveals_nothing_passes(root: Path, files: dict[str, str]) -> None:
    assert_green(root, files)


def test_value_that_a_file_has_is_reported_once(root: Path) -> None:
    write(root, {
        FILE: PLAIN,
        ONE: f"{KUSTOMIZED}secretGenerator: [{{name: more, literals: [\"password='swordfish'\"], files: [a.key]}}]\n",
        "overlays/one/a.key": "swordfish " * 20,
    })  # fmt: skip
    found = check(root)
    assert found.found("rendered-plaintext-secret") == []
    assert len(found.found("plaintext-secret")) == 3
