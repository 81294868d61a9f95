"""Git folders that nobody vouches for: settings, links to other folders, references, the index, LFS pointers."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from pathlib import Path

from kustodian.model.errors import UserError
from kustodian.repository.files import repository_files
from kustodian.repository.git_config import safe_config, settings_in
from kustodian.repository.git_folder import UntrustedGit, find_git_folder
from kustodian.repository.history import past_texts
from kustodian.repository.lfs import is_resolved
from tests.fuzz.target import Target
from tests.fuzz.targets.documents import folder

_NAMED = ("branch.", "remote.")
_ALLOWED = {
    "core.bare", "core.filemode", "core.symlinks", "core.ignorecase", "core.precomposeunicode", "core.autocrlf", "core.eol",
    "core.repositoryformatversion", "extensions.objectformat", "extensions.refstorage",
}  # fmt: skip
_FILES = (
    "HEAD",
    "config",
    "index",
    "packed-refs",
    "refs/heads/main",
    "info/exclude",
    "shallow",
    "ORIG_HEAD",
    "logs/HEAD",
)


def settings(data: bytes) -> None:
    """The copy of a configuration holds only harmless settings, as git itself reads it."""
    text = data.decode("utf-8", "surrogateescape")
    list(settings_in(text))
    safe = safe_config(text, text)
    file = folder() / "safe-config"
    file.write_bytes(safe.encode("utf-8", "surrogateescape"))
    done = subprocess.run(
        ["git", "config", "--file", file, "--list", "--null"], capture_output=True, check=False, env={"PATH": "/usr/bin:/bin"}
    )  # fmt: skip
    assert done.returncode == 0, (safe, done.stderr)
    for entry in done.stdout.decode("utf-8", "surrogateescape").split("\0")[:-1]:
        name = entry.partition("\n")[0].lower()
        is_named = name.startswith(_NAMED) and name.rpartition(".")[2] in ("remote", "merge", "fetch")
        assert name in _ALLOWED or is_named, (name, safe)


@cache
def _repository() -> Path:
    root = folder() / "repository"
    root.mkdir()
    (root / "a.yaml").write_text("a: 1\n")
    who = ("-c", "user.name=T", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false")
    for command in (
        ("init", "--quiet", "--initial-branch", "main"),
        ("add", "."),
        ("commit", "--quiet", "-m", "a"),
    ):
        subprocess.run(
            ["git", *who, *command], cwd=root, check=True, capture_output=True, env={"PATH": "/usr/bin:/bin"}
        )
    return root


def git_files(data: bytes) -> None:
    """A damaged or hostile git folder is an error of the user, or its files and history are read."""
    if not data:
        return
    root = folder() / "work"
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(_repository(), root)
    file = root / ".git" / _FILES[data[0] % len(_FILES)]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data[1:])
    for read in (repository_files, lambda root: past_texts(root, "a.yaml")):
        try:
            read(root)
        except UserError as error:
            assert error.message


def git_links(data: bytes) -> None:
    """A `.git` file, or what a worktree's git folder says, leads only to a folder that names this one in turn."""
    parts = (data.split(b"\0") + [b""] * 5)[:5]
    root, other = folder() / "linked", folder() / "other"
    for one in (root, other):
        shutil.rmtree(one, ignore_errors=True)
        (one / "objects").mkdir(parents=True)
        (one / "refs").mkdir()
    (root / ".git").write_bytes(parts[0].replace(b"OTHER", bytes(other)))
    for name, content in zip(("HEAD", "config", "commondir", "gitdir"), parts[1:], strict=True):
        if content:
            (other / name).write_bytes(content.replace(b"ROOT", bytes(root)))
    try:
        found = find_git_folder(str(root))
    except UntrustedGit as error:
        assert error.path and error.reason
        return
    assert found is not None and found.top == str(root)
    assert (
        bytes(root) in parts[2].replace(b"ROOT", bytes(root)) + parts[4].replace(b"ROOT", bytes(root))
        or b".." in data
    ), data


def pointers(data: bytes) -> None:
    """A pointer of Git LFS whose content is missing is not resolved; everything else is no pointer."""
    file = folder() / "pointer"
    file.write_bytes(data)
    if not is_resolved(file, (folder() / "no-store").resolve()):
        assert data.startswith(b"version https://git-lfs")
    assert file.read_bytes() == data


TARGETS = (
    Target("git-settings", settings, (
        b'[core]\n\tautocrlf = input\n\tfsmonitor = x\n[branch "main"]\n\tremote = origin\n\tmerge = refs/heads/main\n', b"[include]\npath = /x\n",
        b'[remote "a\\"b"] fetch = "+refs/*:\\\n refs/*" ; c\n[core] eol=lf\n[core "x"]\nautocrlf=true\n', b"\xef\xbb\xbf[filter \"e\"]clean=x\n",
    ), ("[core]", '[core "', '"]', "fsmonitor", "autocrlf", "eol", "=", "lf", "\\\n", "\\\"", ";", "[branch \"", "remote", "merge", "[remote.x]", "fetch", "true")),
    Target("git-files", git_files, (
        b"\0ref: refs/heads/main\n", b"\1[core]\nrepositoryformatversion = 1\n[extensions]\nobjectformat = sha256\n", b"\2DIRC\0\0\0\2\0\0\0\0" + b"\0" * 20,
        b"\3# pack-refs with: peeled\n" + b"0" * 40 + b" refs/heads/main\n", b"\4ref: refs/heads/main\n", b"\5*\n!a\n[", b"\6" + b"0" * 40 + b"\n", b"\0" + b"1" * 40,
    ), ("ref: ", "refs/heads/main", "..", "0" * 40, "DIRC", "[extensions]\n", "worktreeConfig=true\n", "reftable", "sha256")),
    Target("git-links", git_links, (
        b"gitdir: OTHER\n\0ref: refs/heads/main\n\0[core]\nworktree = ROOT\n", b"gitdir: OTHER\0ref: refs/heads/x\0\0.\0ROOT/.git\n", b"gitdir: ../other\0" + b"0" * 40,
    ), ("gitdir: ", "OTHER", "ROOT", "/.git", "..", "worktree = ", "commondir", "ref: ", "refs/", "\0")),
    Target("lfs-pointers", pointers, (
        b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 5\n", b"version https://git-lfs.github.com/spec/v1\next-0-a sha256:1\n",
    ), ("size ", "oid sha256:", "9" * 50, "\n")),
)  # fmt: skip
