"""The one place that starts git: to read a repository that nobody vouches for.

git never sees the repository's own git folder. It is given a temporary one that has only references, objects
and the index in common with it, and a configuration of ours: whatever the repository's configuration, hooks,
attributes or submodules name, git has nothing to run, no remote to ask, and no other repository to find. The
owner of the files therefore does not matter, and `safe.directory` is not needed. What the environment and the
user's own configuration say is left out too, but for line endings and the global ignore file.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from functools import cached_property
from pathlib import Path

from kustodian.model.errors import ExitCode, UserError
from kustodian.repository.git_config import safe_config, user_config_files, user_excludes_file
from kustodian.repository.git_folder import (
    GitFolder,
    UntrustedGit,
    find_git_folder,
    read_small,
    refuse_special,
)
from kustodian.repository.temporary import temporary_folder

_TIMEOUT_SECONDS = 30
#: git's own file of a few commits at most, and a list of every remote branch.
_LARGEST_COPY = 16 * 1024 * 1024
_SETTINGS = (
    "safe.bareRepository=explicit",
    "core.fsmonitor=false",
    "core.untrackedCache=false",
    f"core.hooksPath={os.devnull}",
    f"core.attributesFile={os.devnull}",
    "core.pager=cat",
    "core.quotePath=false",
    "protocol.allow=never",
    "submodule.recurse=false",
    "gc.auto=0",
    "maintenance.auto=false",
)
_OWNER_HINT = "it belongs to another user: run as its owner, or make it readable (`chmod -R a+rX .git`)"
_ENVIRONMENT = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_ALLOW_PROTOCOL": "none",  # beats any protocol.<name>.allow
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}


class GitError(UserError):
    """git could not answer; `reason` says why, in words that continue a sentence."""

    def __init__(self, message: str, reason: str, hint: str) -> None:
        """Exits with 3: what was asked for has not been looked at."""
        super().__init__(f"{message}: {reason}", hint=hint, exit_code=ExitCode.NOT_CHECKED)
        self.reason = reason


class Repository:
    """A git work tree; `top` is its folder and `prefix` that of `root` in it, "" at the top."""

    def __init__(self, folder: GitFolder, root: Path, source: Repository | None = None) -> None:
        """`root` is the folder in which git runs, so that names are relative to it.

        `source` is the repository whose objects this one shares: then the git folder is ours, and git sees
        it itself.
        """
        self._source = source
        self._kept = folder.own if source is not None else None
        self.top, self.root = Path(folder.top), root
        relative = root.relative_to(self.top).as_posix()
        self.prefix = "" if relative == "." else relative
        self._folder = folder

    @property
    def at_top(self) -> Repository:
        """The same repository, with git run at its top."""
        return Repository(self._folder, self.top)

    @contextmanager
    def session(self) -> Iterator[None]:
        """Several git commands on the repository as it is now, with one stand-in for its git folder."""
        with self._stand_in() as folder:
            self._kept = folder
            try:
                yield
            finally:
                self._kept = None

    @property
    def is_shallow(self) -> bool:
        """Whether the clone lacks older commits."""
        return (Path(self._folder.common) / "shallow").exists()

    @cached_property
    def is_partial(self) -> bool:
        """Whether the clone may lack objects that git would fetch when they are needed."""
        packs = Path(self._folder.common, "objects", "pack")
        return any(packs.glob("*.promisor"))

    @property
    def objects(self) -> Path:
        """The folder of git's objects."""
        return Path(self._folder.common, "objects")

    @property
    def lfs_objects(self) -> Path:
        """The folder in which Git LFS keeps contents; it may not exist."""
        return Path(self._folder.common, "lfs", "objects")

    def text(
        self, *command: str, given: str = "", own_index: bool = False, objects: Path | None = None
    ) -> str:
        """The output of a git command. Raises GitError if it fails.

        Bytes that are not UTF-8 become lone surrogates, as in the names of Python's `os`.

        `given` is its standard input, `objects` the folder that new objects are written to. With `own_index`
        git works on a copy of the index.
        """
        done = self._run(command, given.encode("utf-8", "surrogateescape"), own_index, objects)
        if done.returncode != 0:
            raise self._failure(command, done.stderr)
        return done.stdout.decode("utf-8", "surrogateescape")

    def text_or_none(self, *command: str) -> str | None:
        """The output of a git command, None if git says no. Raises GitError if git cannot run."""
        done = self._run(command, b"", False, None)
        return done.stdout.decode("utf-8", "surrogateescape") if done.returncode == 0 else None

    def sizes(self, names: Sequence[str]) -> list[tuple[str, int] | None]:
        """Id and bytes of the objects of these names (`commit:path`), None for one that is missing."""
        given = "".join(f"{name}\n" for name in names)
        answer = self.text("cat-file", "--batch-check=%(objectname) %(objectsize)", given=given)
        parts = (line.split(" ") for line in answer.split("\n")[:-1])
        return [(one[0], int(one[1])) if len(one) == 2 and one[1].isdigit() else None for one in parts]

    def contents(self, ids: Sequence[str]) -> list[bytes]:
        """The contents of objects that exist, in the order of their ids."""
        if not ids:
            return []
        command = ("cat-file", "--batch")
        done = self._run(command, "".join(f"{name}\n" for name in ids).encode())
        if done.returncode != 0:
            raise self._failure(command, done.stderr)
        return list(_batch(done.stdout, len(ids)))

    def _run(
        self, command: Sequence[str], given: bytes, own_index: bool = False, objects: Path | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        program = git_program()
        if program is None:
            raise GitError("the repository's history cannot be read", "git is not on PATH", "install git")
        settings = [part for setting in self._settings for part in ("-c", setting)]
        try:
            kept = nullcontext(self._kept) if self._kept and not own_index else self._stand_in(own_index)
            with kept as folder:
                environment = _clean_environment() | {
                    "GIT_DIR": folder,
                    "GIT_WORK_TREE": str(self.top),
                    "GIT_OBJECT_DIRECTORY": str(objects or self.objects),
                    "HOME": folder,  # a git older than 2.32 does not know GIT_CONFIG_GLOBAL
                    "XDG_CONFIG_HOME": folder,
                }
                if not own_index:
                    environment["GIT_INDEX_FILE"] = os.path.join(self._folder.own, "index")
                return subprocess.run(
                    [program, "--no-pager", *settings, *command],
                    cwd=self.root,
                    env=environment,
                    input=given,
                    capture_output=True,
                    check=False,
                    timeout=_TIMEOUT_SECONDS,
                )
        except subprocess.TimeoutExpired as error:
            reason = f"it took longer than {_TIMEOUT_SECONDS} seconds"
            raise GitError(f"git {command[0]} was stopped", reason, "try again on a faster disk") from error
        except OSError as error:
            raise _not_started(error) from error

    @cached_property
    def _settings(self) -> tuple[str, ...]:
        """The settings of the command line, which win over those of any file."""
        excludes = user_excludes_file(self._user_config) or os.devnull
        return (*_SETTINGS, f"core.excludesFile={excludes}")

    @cached_property
    def _user_config(self) -> str:
        return "\n".join(_text(os.path.realpath(file)) for file in user_config_files())

    @cached_property
    def _config(self) -> str:
        return safe_config(_text(os.path.join(self._folder.common, "config")), self._user_config)

    @contextmanager
    def _stand_in(self, own_index: bool = False) -> Iterator[str]:
        """A temporary git folder with the repository's references and a configuration of ours."""
        with _temporary_folder() as folder:
            try:
                self._fill(folder, own_index)
            except OSError as error:
                raise _not_started(error) from error
            yield folder

    def _fill(self, folder: str, own_index: bool) -> None:
        own, common = self._folder.own, self._folder.common
        with open(os.path.join(folder, "config"), "wb") as file:
            file.write(self._config.encode("utf-8", "surrogateescape"))
        with os.scandir(own) as entries:
            for entry in entries:
                if entry.name == "HEAD" or entry.name.endswith("_HEAD"):
                    _copy(entry.path, os.path.join(folder, entry.name))
                elif entry.name.startswith("sharedindex.") and not entry.is_symlink():
                    os.symlink(entry.path, os.path.join(folder, entry.name))
        for name in ("refs", "packed-refs", "reftable", "shallow"):
            if os.path.exists(os.path.join(common, name)):
                os.symlink(os.path.join(common, name), os.path.join(folder, name))
        os.mkdir(os.path.join(folder, "logs"))
        os.symlink(os.path.join(own, "logs", "HEAD"), os.path.join(folder, "logs", "HEAD"))
        os.symlink(os.path.join(common, "logs", "refs"), os.path.join(folder, "logs", "refs"))
        os.mkdir(os.path.join(folder, "info"))
        _copy(os.path.join(common, "info", "exclude"), os.path.join(folder, "info", "exclude"))
        if own_index and os.path.exists(os.path.join(own, "index")):
            shutil.copyfile(os.path.join(own, "index"), os.path.join(folder, "index"), follow_symlinks=False)

    def _failure(self, command: Sequence[str], errors: bytes) -> GitError:
        lines = errors.decode("utf-8", "replace").strip().splitlines()
        reason = lines[-1].removeprefix("fatal: ") if lines else "it gave no reason"
        return GitError(f"git {command[0]} failed", reason, self.missing_hint())

    def missing_hint(self) -> str:
        """What to do about commits or files that this clone does not have."""
        if self._source is not None:
            return self._source.missing_hint()
        if self.is_shallow:
            return (
                "this clone is shallow: run `git fetch --unshallow`, or set fetch-depth: 0 for "
                "actions/checkout, GIT_DEPTH: 0 for GitLab"
            )
        if self.is_partial:
            return (
                "this is a partial clone, and nothing is fetched during a check: run `git fetch --refetch "
                "--no-filter`, or clone without --filter"
            )
        return "run `git fsck` to see whether the clone is damaged"


def repository_around(root: Path) -> Repository | None:
    """The repository whose work tree contains a folder; None if there is none.

    Raises UserError for a `.git` that may belong to another repository.
    """
    resolved = root.resolve()
    try:
        folder = find_git_folder(str(resolved))
        if folder is not None:
            _refuse_inner_links(folder.common)
    except UntrustedGit as error:
        hint = "check a clone or a worktree made by `git worktree add`, or remove this .git"
        denied = error.reason == "cannot be read"
        raise UserError(error.reason, file=error.path, hint=_OWNER_HINT if denied else hint) from error
    except OSError as error:
        raise UserError("cannot be read", file=error.filename, hint=_OWNER_HINT) from error
    return Repository(folder, resolved) if folder is not None else None


def user_files() -> list[str]:
    """The files of the user's that change what git answers: configuration and ignored names."""
    files = user_config_files()
    excludes = user_excludes_file("\n".join(_text(os.path.realpath(file)) for file in files))
    return [*files, excludes] if excludes else files


def git_program() -> str | None:
    """The absolute path of git; None if PATH has none. A relative entry of PATH may be in the repository."""
    entries = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return shutil.which("git", path=os.pathsep.join(entry for entry in entries if os.path.isabs(entry)))


def merge_texts(mine: bytes, base: bytes, wanted: bytes) -> bytes | None:
    """Git's three-way merge of one file; None if both sides changed the same lines. Raises UserError."""
    program = git_program()
    if program is None:
        raise UserError("git is needed to merge edited files", hint="install git")
    with temporary_folder("kustodian-merge-") as folder:
        names = ("mine", "base", "wanted")
        for name, content in zip(names, (mine, base, wanted), strict=True):
            (folder / name).write_bytes(content)
        settings = [part for setting in _SETTINGS for part in ("-c", setting)]
        done = subprocess.run(
            [program, *settings, "merge-file", "--stdout", *names],
            cwd=folder,
            # No repository is looked for: the folder for temporary files may lie in one.
            env=_clean_environment() | {"GIT_CEILING_DIRECTORIES": str(folder.parent)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=_TIMEOUT_SECONDS,
        )
    return done.stdout if done.returncode == 0 else None


def new_git_folder(path: Path, source: Repository, head: str | None) -> None:
    """Make an empty git folder that shares another repository's objects; `head` is its commit, if any."""
    for name in ("objects/info", "objects/pack", "refs/heads", "info"):
        (path / name).mkdir(parents=True)
    path.joinpath("HEAD").write_text(f"{head or 'ref: refs/heads/main'}\n")
    path.joinpath("config").write_text(source._config, encoding="utf-8", errors="surrogateescape")
    path.joinpath("objects/info/alternates").write_bytes(b"".join(_alternates(source.objects)))
    shallow = read_small(os.path.join(source._folder.common, "shallow"), _LARGEST_COPY)
    if shallow is not None:
        path.joinpath("shallow").write_bytes(shallow)


def _alternates(objects: Path) -> Iterator[bytes]:
    """The lines that name a folder of objects, and those that it names: git follows relative ones once."""
    listed = read_small(str(objects / "info" / "alternates")) or b""
    for path in (bytes(objects), *listed.splitlines()):
        if path and not path.startswith(b"#"):
            absolute = path if path.startswith((b"/", b'"')) else os.path.join(bytes(objects), path)
            quoted = (
                b'"' + absolute.replace(b"\\", b"\\\\").replace(b"\n", b"\\n").replace(b'"', b'\\"') + b'"'
            )
            yield (quoted if b"\n" in absolute else absolute) + b"\n"


def _batch(output: bytes, count: int) -> Iterator[bytes]:
    """The objects in the output of `cat-file --batch`."""
    position = 0
    for _ in range(count):
        start = output.index(b"\n", position) + 1
        end = start + int(output[position:start].rpartition(b" ")[2])
        yield output[start:end]
        position = end + 1


def _refuse_inner_links(common: str) -> None:
    """Raise UntrustedGit for symbolic links and pipes among references and packs."""
    folders = [os.path.join(common, "refs"), os.path.join(common, "logs")]
    flat = [os.path.join(common, "objects"), os.path.join(common, "objects", "pack")]
    while folders or flat:
        deep = bool(folders)
        folder = folders.pop() if deep else flat.pop()
        if not os.path.isdir(folder):
            continue
        with os.scandir(folder) as entries:
            for entry in entries:
                refuse_special(entry)
                if deep and entry.is_dir():
                    folders.append(entry.path)


@contextmanager
def _temporary_folder() -> Iterator[str]:
    with ExitStack() as stack:
        try:
            folder = stack.enter_context(temporary_folder("kustodian-git-"))
        except OSError as error:
            raise _not_started(error) from error
        yield str(folder)


def _not_started(error: OSError) -> GitError:
    hint = "see that temporary files can be written and `ulimit -n` is at least 64"
    return GitError("git cannot be started", error.strerror or str(error), hint)


def _clean_environment() -> dict[str, str]:
    """The environment without what speaks of other repositories or would change what git does."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    return kept | _ENVIRONMENT


def _copy(source: str, target: str) -> None:
    content = read_small(source, _LARGEST_COPY)
    if content is not None:
        with open(target, "wb") as file:
            file.write(content)


def _text(file: str) -> str:
    content = read_small(file)
    return content.decode("utf-8", "surrogateescape") if content is not None else ""
