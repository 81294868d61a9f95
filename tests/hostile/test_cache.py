"""The cache of checks believes only what this user's kustodian wrote, and notices every change."""

from __future__ import annotations

import hmac
import json
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.harness import Outcome, kustodian, write
from tests.cli.test_base import commit, git

KUSTOMIZATION = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [a.yaml]\n"
POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: c, image: 'x:latest'}]}\n"
POLICY = 'package main\n\ndeny contains msg if {\n\tmsg := "policy says %s"\n}\n'
AGAIN = "nothing has changed since it was checked"
NOTE = "note: the stored result is not used: "


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write(tmp_path / "repo", {
        "kustodian.yaml": "rego: {policy: [policy]}\n",
        "policy/main.rego": POLICY % "one",
        "overlays/prod/kustomization.yaml": KUSTOMIZATION,
        "overlays/prod/a.yaml": POD,
    })  # fmt: skip


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "kustodian"


@pytest.fixture
def check(root: Path, tmp_path: Path) -> Callable[..., Outcome]:
    def run(*arguments: str, **variables: str) -> Outcome:
        return kustodian("check", *arguments, cwd=root, XDG_CACHE_HOME=str(tmp_path / "cache"), **variables)

    return run


def entry_of(cache: Path) -> Path:
    (entry,) = (cache / "check").iterdir()
    return entry


def test_everything_is_the_users_alone(check: Callable[..., Outcome], cache: Path) -> None:
    check()
    modes = {
        path.name: stat.S_IMODE(path.stat().st_mode)
        for path in (cache, cache / "check", cache / "key", entry_of(cache))
    }
    assert sorted(modes.values()) == [0o600, 0o600, 0o700, 0o700]
    assert len((cache / "key").read_bytes()) == 32
    assert AGAIN in check().out


def poisoned(entry: Path, root: Path) -> bytes:
    """An entry that says that all is well, and that a file outside is to be written."""
    known = json.loads(entry.read_bytes()[32:].partition(b"\n")[0])
    victim = str(root.parent / "victim")
    green = b"no findings\n"
    head = {**known, "code": 0, "outputs": [[None, 0, len(green)], [victim, 0, len(green)]]}
    return json.dumps(head).encode() + b"\n" + green


def spoil(entry: Path, root: Path, kind: str) -> None:
    """Do to an entry what an attacker, or a broken disk, may do."""
    content = entry.read_bytes()
    entry.unlink()
    if kind == "pipe":
        os.mkfifo(entry)
    elif kind == "device":
        entry.symlink_to("/dev/zero")
    elif kind == "link":
        (root.parent / "copy").write_bytes(content)
        (root.parent / "copy").chmod(0o600)
        entry.symlink_to(root.parent / "copy")
    elif kind == "folder":
        entry.mkdir()
    elif kind == "large":
        with entry.open("wb") as file:
            file.truncate(8 << 30)
        entry.chmod(0o600)
    else:
        forged = {
            "open": content, "damaged": content[:-1] + b"?", "cut": content[:100], "empty": b"",
            "nested": bytes(32) + b"[" * 200_000, "unsigned": bytes(32) + b"{}\n",
        }.get(kind, content)  # fmt: skip
        entry.write_bytes(forged)
        entry.chmod(0o666 if kind == "open" else 0o600)


@pytest.mark.parametrize(
    "kind",
    ["pipe", "device", "link", "folder", "large", "open", "damaged", "cut", "empty", "nested", "unsigned"],
)
def test_an_odd_entry_is_ignored_with_a_line(
    root: Path, check: Callable[..., Outcome], cache: Path, kind: str
) -> None:
    first = check()
    entry = entry_of(cache)
    spoil(entry, root, kind)
    again = check()
    assert (again.code, AGAIN in again.out) == (first.code, False)
    assert again.err.startswith(NOTE + str(entry)) and again.err.count("\n") == 1
    if kind != "folder":
        assert AGAIN in check().out, "it was written again"


def test_a_poisoned_entry_is_not_believed(root: Path, check: Callable[..., Outcome], cache: Path) -> None:
    first = check()
    entry = entry_of(cache)
    content = poisoned(entry, root)
    for forged in (content, bytes(32) + content, hmac.digest(bytes(32), content, "sha256") + content):
        entry.write_bytes(forged)
        again = check()
        assert (again.code, again.err.count("\n")) == (first.code, 1) and first.code == 1
    assert not (root.parent / "victim").exists()


def test_even_a_signed_entry_writes_only_what_the_command_line_names(
    root: Path, check: Callable[..., Outcome], cache: Path
) -> None:
    check()
    entry = entry_of(cache)
    content = poisoned(entry, root)
    key = (cache / "key").read_bytes()
    entry.write_bytes(hmac.digest(key, entry.name.encode() + b"\0" + content, "sha256") + content)
    assert check().code == 1
    assert not (root.parent / "victim").exists()


def test_an_entry_is_for_one_command_line(root: Path, check: Callable[..., Outcome], cache: Path) -> None:
    write(root, {"kustodian.yaml": "waivers: []\n"})
    assert check("--rule", "single-replica").code == 0
    green = entry_of(cache)
    content = green.read_bytes()
    green.unlink()
    assert check("--rule", "unpinned-image").code == 1
    entry_of(cache).write_bytes(content)
    again = check("--rule", "unpinned-image")
    assert (again.code, AGAIN in again.out, NOTE in again.err) == (1, False, True)


@pytest.mark.parametrize("kind", ["link", "open", "short", "pipe"])
def test_an_odd_key_is_not_used(root: Path, check: Callable[..., Outcome], cache: Path, kind: str) -> None:
    check()
    key = cache / "key"
    if kind == "open":
        key.chmod(0o644)
    elif kind == "short":
        key.write_bytes(b"x")
    else:
        key.rename(root.parent / "key")
        if kind == "link":
            key.symlink_to(root.parent / "key")
        else:
            os.mkfifo(key)
    again = check()
    assert AGAIN not in again.out and NOTE in again.err and "key" in again.err


def test_a_folder_of_others_is_not_used(root: Path, check: Callable[..., Outcome], cache: Path) -> None:
    check()
    (cache / "check").chmod(0o777)
    again = check()
    assert AGAIN not in again.out and NOTE in again.err
    assert stat.S_IMODE((cache / "check").stat().st_mode) == 0o700, "it is the user's alone again"
    (cache / "check").rename(root.parent / "moved")
    (cache / "check").symlink_to(root.parent / "moved")
    again = check()
    assert AGAIN not in again.out and NOTE in again.err


def test_the_report_files_are_those_of_the_command_line(root: Path, check: Callable[..., Outcome]) -> None:
    for words in (
        ("-fjson=./a.json",),
        ("--format=json=a.json",),
        ("-f", "json", "-o", "a.json"),
        ("-f", "json", "--output=b/../a.json"),
    ):
        (root / "b").mkdir(exist_ok=True)
        check(*words)
        (root / "a.json").unlink()
        check(*words)
        assert (root / "a.json").exists(), words


#: A place that a check reads and that a walk of the repository may miss: the configuration, the file.
READ = {
    "a policy in .venv": ("rego: {policy: [.venv/p]}\n", ".venv/p/main.rego"),
    "data in node_modules": (
        "rego: {policy: [policy], data: [node_modules/d.json]}\n",
        "node_modules/d.json",
    ),
    "a policy behind a link": ("rego: {policy: [linked]}\n", "venv/p/main.rego"),
}


@pytest.mark.parametrize("ignored", [False, True])
@pytest.mark.parametrize("case", READ)
def test_every_file_that_was_read_counts(
    root: Path, check: Callable[..., Outcome], case: str, ignored: bool
) -> None:
    config, name = READ[case]
    texts = [POLICY % word for word in ("one", "two")]
    if name.endswith("json"):
        texts = [json.dumps({"word": word}) for word in ("one", "two")]
        (root / "policy/main.rego").write_text(
            'package main\n\nimport data.word\n\ndeny contains msg if {\n\tmsg := sprintf("policy says %s", [word])\n}\n'
        )
    write(root, {"kustodian.yaml": config, name: texts[0]})
    (root / "linked").symlink_to("venv/p")
    git(root, "init", "--quiet")
    if ignored:
        (root / ".gitignore").write_text(".venv\nvenv\nnode_modules\n")
    commit(root, "one")
    assert "policy says one" in check().out
    check()
    (root / name).write_text(texts[1])
    assert "policy says two" in check().out


@pytest.mark.parametrize("how", ["tracked", "forced", "untracked", "new"])
def test_files_in_folders_of_packages_count_if_git_has_them(
    root: Path, check: Callable[..., Outcome], how: str
) -> None:
    secret, rule = root / "venv/x.enc.env", ("--rule", "unencrypted-secret-file")
    write(root, {"kustodian.yaml": "waivers: []\n"})
    git(root, "init", "--quiet")
    if how == "forced":
        (root / ".gitignore").write_text("venv\n")
    if how != "new":
        write(root, {"venv/x.enc.env": ""})
    if how == "forced":
        git(root, "add", "--force", "venv/x.enc.env")
    if how == "untracked":
        (root / ".git/info/exclude").write_text("venv\n")
    commit(root, "one")
    (root / ".git/info/exclude").write_text("")
    for _ in range(2):
        assert check(*rule).code == 0
    write(root, {"venv/x.enc.env": "PASSWORD=hunter2\n"})
    assert secret.exists()
    assert check(*rule).code == check(*rule, "--no-cache").code == 1


def test_the_global_list_of_ignored_files_counts(
    root: Path, check: Callable[..., Outcome], tmp_path: Path
) -> None:
    home = write(tmp_path / "home", {".config/git/ignore": "*.enc.env\n", "other": "*.enc.env\n"})
    write(root, {"kustodian.yaml": "waivers: []\n", "x.enc.env": "PASSWORD=hunter2\n"})
    git(root, "init", "--quiet")
    commit(root, "one")
    rule = ("--rule", "unencrypted-secret-file")
    git(root, "rm", "--quiet", "--cached", "x.enc.env")

    def agrees() -> int:
        check(*rule, HOME=str(home))
        code = check(*rule, HOME=str(home)).code
        assert code == check(*rule, "--no-cache", HOME=str(home)).code
        return code

    assert agrees() == 0
    (home / ".config/git/ignore").write_text("")
    assert agrees() == 1
    (home / ".gitconfig").write_text(f"[core]\n\texcludesFile = {home}/other\n")
    assert agrees() == 0
    (home / "other").write_text("")
    assert agrees() == 1


def test_a_link_out_of_the_repository_is_followed_for_its_state(
    root: Path, check: Callable[..., Outcome]
) -> None:
    outside = write(root.parent / "outside", {"file": "x\n"})
    (root / "overlays/prod/link").symlink_to(outside / "file")
    check()
    assert AGAIN in check().out
    (outside / "file").write_text("changed\n")
    assert AGAIN not in check().out
    (root / "folder").symlink_to(outside)
    check()
    assert AGAIN not in check().out, "a folder elsewhere is not captured, so nothing is stored"
