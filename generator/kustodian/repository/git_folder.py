"""Find the git repository around a folder without asking git, which would obey what it finds.

git takes any folder with HEAD, objects/ and refs/ for a bare repository, follows a `.git` file anywhere, and
runs programs that the configuration it finds there names. A pull request or an unpacked archive can hold all
of these. Here a repository is a `.git` folder, or the `.git` file of a worktree or submodule whose git folder
names this work tree in turn. Imports little: `cli/cache.py` runs it before anything else is loaded.
"""

from __future__ import annotations

import os
from stat import S_ISREG

_LARGEST = 1024 * 1024
#: What is read of a git folder; symbolic links there could lead to another repository's.
_READ = frozenset(
    ("HEAD", "config", "objects", "refs", "reftable", "packed-refs", "index", "shallow", "logs")
)
_HEX = frozenset("0123456789abcdef")


class UntrustedGit(Exception):
    """A `.git` that may belong to another repository; `path` is the file, `reason` says what is wrong."""

    def __init__(self, path: str, reason: str) -> None:
        """`reason` continues a sentence that starts with the path."""
        super().__init__(f"{path} {reason}")
        self.path, self.reason = path, reason


class GitFolder:
    """A work tree's top and its git folder; `common` differs from `own` in a worktree. All absolute."""

    def __init__(self, top: str, own: str, common: str) -> None:
        """Hold the values; a plain class, because a cached check creates one."""
        self.top, self.own, self.common = top, own, common

    def facts(self) -> list[str]:
        """The files that decide what is tracked, ignored and in the history; some may not exist."""
        head = os.path.join(self.own, "HEAD")
        branch = _text(head).removeprefix("ref:").strip()
        facts = [os.path.join(self.top, ".git"), head, os.path.join(self.own, "index")]
        if _is_ref(branch):
            facts.append(os.path.join(self.common, branch))
        names = ("packed-refs", "shallow", "config", "info/exclude")
        return facts + [os.path.join(self.common, name) for name in names]


def find_git_folder(folder: str) -> GitFolder | None:
    """The repository whose work tree contains an absolute path; None if there is none.

    Raises UntrustedGit for a `.git` that may belong to another repository.
    """
    while True:
        mark = os.path.join(folder, ".git")
        if os.path.islink(mark):
            raise UntrustedGit(mark, "is a symbolic link")
        if os.path.isfile(mark):
            return _linked(folder, mark)
        if _is_repository(mark, mark):
            if os.path.lexists(os.path.join(mark, "commondir")):
                raise UntrustedGit(os.path.join(mark, "commondir"), "makes it part of another repository")
            _refuse_links(mark)
            return GitFolder(folder, mark, mark)
        if os.path.isdir(mark) and not _is_readable(mark):
            raise UntrustedGit(mark, "cannot be read")
        above = os.path.dirname(folder)
        if above == folder:
            return None
        folder = above


def read_small(path: str, limit: int = _LARGEST) -> bytes | None:
    """The content of a regular file up to `limit` bytes; None for links, devices, pipes and larger files."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return None
    try:
        state = os.fstat(descriptor)
        if not S_ISREG(state.st_mode) or state.st_size > limit:
            return None
        with os.fdopen(os.dup(descriptor), "rb") as file:
            content = file.read(limit + 1)
    except OSError:
        return None
    finally:
        os.close(descriptor)
    return content if len(content) <= limit else None


def _linked(top: str, mark: str) -> GitFolder:
    """The repository of a `.git` file, which a worktree or submodule has."""
    text = _text(mark)
    if not text.startswith("gitdir:"):
        raise UntrustedGit(mark, "does not name a git folder")
    own = os.path.realpath(os.path.join(top, text.removeprefix("gitdir:").strip()))
    back = _text(os.path.join(own, "gitdir")).strip()
    if back:
        common = os.path.realpath(os.path.join(own, _text(os.path.join(own, "commondir")).strip()))
        is_ours = os.path.dirname(own) == os.path.join(common, "worktrees")
        if is_ours and _same_path(os.path.join(own, back), mark) and _is_repository(own, common):
            _refuse_links(own)
            _refuse_links(common)
            return GitFolder(top, own, common)
    else:
        work_tree = _work_tree_of(own)
        if work_tree and _same_path(os.path.join(own, work_tree), top) and _is_repository(own, own):
            _refuse_links(own)
            return GitFolder(top, own, own)
    raise UntrustedGit(mark, f"leads to {own}, which is not the git folder of a worktree or submodule here")


def _work_tree_of(own: str) -> str:
    """The `core.worktree` of a submodule's git folder; "" if it has none."""
    from kustodian.repository.git_config import settings_in

    found = ""
    for file in ("config", "config.worktree"):
        for name, value in settings_in(_text(os.path.join(own, file))):
            found = value if name == "core.worktree" else found
    return found


def _is_repository(own: str, common: str) -> bool:
    head = _text(os.path.join(own, "HEAD")).strip()
    target = head.removeprefix("ref:").strip() if head.startswith("ref:") else ""
    is_commit = len(head) in (40, 64) and _HEX.issuperset(head)
    return (
        (is_commit or _is_ref(target))
        and os.path.isdir(os.path.join(common, "objects"))
        and os.path.isdir(os.path.join(common, "refs"))
    )


def _is_readable(folder: str) -> bool:
    """Whether a folder and the HEAD in it, if any, can be read."""
    head = os.path.join(folder, "HEAD")
    return os.access(folder, os.R_OK | os.X_OK) and (not os.path.lexists(head) or os.access(head, os.R_OK))


def _refuse_links(folder: str) -> None:
    """Raise UntrustedGit for a symbolic link, a pipe or a device among the entries that are read."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name in _READ:
                refuse_special(entry)


def refuse_special(entry: os.DirEntry[str]) -> None:
    """Raise UntrustedGit for what is neither a file nor a folder."""
    if entry.is_symlink():
        raise UntrustedGit(entry.path, "is a symbolic link")
    if not entry.is_file() and not entry.is_dir():
        raise UntrustedGit(entry.path, "is neither a file nor a folder")


def _is_ref(name: str) -> bool:
    return name.startswith("refs/") and ".." not in name and not any(ord(char) < 33 for char in name)


def _same_path(path: str, other: str) -> bool:
    return os.path.realpath(path) == os.path.realpath(other)


def _text(path: str) -> str:
    content = read_small(path)
    return content.decode("utf-8", "surrogateescape") if content is not None else ""
