"""List the files of a repository, and the doors through which every file is read and written.

What the command line names is the user's: it may be anywhere. What the repository names is not trusted: it is
read by `Reader` or `read_inside`, and written with `within`, which is the repository.
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import stat
import time
from collections.abc import Container, Iterator, Mapping
from pathlib import Path

from kustodian.model.errors import UserError
from kustodian.repository.git import git_program, repository_around
from kustodian.repository.snapshot import SKIPPED
from kustodian.repository.temporary import registered

#: Not on Windows.
_FLAGS = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)
_WITHOUT_WAITING = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_CLOEXEC", 0)
_READER_SECONDS = 10.0
_LARGEST = 16 * 1024 * 1024


def repository_files(root: Path) -> tuple[str, ...]:
    """Every regular file below `root`, relative to it, sorted; without what git ignores.

    Raises UserError if `root` is in a git repository and git fails.
    """
    listed = _listed(root)
    found = listed.split("\0") if listed is not None else _walk(root)
    above = f"{root}/"
    is_file = os.path.isfile  # thousands of files: a Path for each is slow
    return tuple(sorted({name for name in found if name and is_file(above + name)}))


def _listed(root: Path) -> str | None:
    """The files as git lists them; None without git, without a repository and for one that is not trusted."""
    if git_program() is None:
        return None
    try:
        repository = repository_around(root)
    except UserError:
        return None
    if repository is None:
        return None
    return repository.text("ls-files", "-z", "--cached", "--others", "--exclude-standard")


def _walk(root: Path) -> Iterator[str]:
    above = len(f"{root}/")
    for folder, files in walk(root, SKIPPED):
        yield from (f"{folder}/{name}"[above:] for name in files)


def walk(root: Path, skipped: Container[str] = ()) -> Iterator[tuple[str, list[str]]]:
    """Each folder below a folder with the names in it that are not folders; links are not followed.

    As `os.walk`, whose recursion before Python 3.12 fails in thousands of nested folders.
    """
    folders = [str(root)]
    while folders:
        folder = folders.pop()
        files: list[str] = []
        below: list[str] = []
        with contextlib.suppress(OSError), os.scandir(folder) as entries:
            for entry in entries:
                if not entry.is_dir(follow_symlinks=False):
                    files.append(entry.name)
                elif entry.name not in skipped:
                    below.append(entry.path)
        yield folder, files
        folders += sorted(below, reverse=True)


class OutsideError(OSError):
    """A path that the repository names leads out of it, or is not a regular file."""

    def __init__(self, reason: str, path: Path) -> None:
        """`reason` is the message, without the path."""
        super().__init__(errno.EPERM, reason, str(path))


class Reader:
    """Reads the regular files inside a folder; what leads out of it or is special is never opened.

    A folder is resolved once, so that reading thousands of files takes few system calls.
    """

    def __init__(self, root: Path | str) -> None:
        """`root` may itself be reached through links."""
        self._root = str(root)
        self._real = os.path.realpath(root)
        self._folders: dict[str, str] = {}

    def read(self, name: str, largest: int = _LARGEST) -> bytes:
        """The content of a file, relative to the root. Raises OSError, OutsideError."""
        folder, _, base = name.rpartition("/")
        if base in ("", ".", "..") or "\0" in name:
            raise OutsideError("it is not a regular file", Path(name))
        real = self._folders.get(folder)
        if real is None:
            real = self._folders[folder] = self._resolve(folder)
        path = f"{real}/{base}"
        if base.lower() == ".git":
            raise OutsideError("it leads into .git", Path(name))
        try:
            return _content(path, largest, follow=False)
        except OSError as error:
            if error.errno != errno.ELOOP:
                raise
        return read_inside(Path(path), Path(self._real), largest)

    def text(self, name: str) -> str:
        """The text of a file. Raises OSError and UnicodeDecodeError."""
        return self.read(name).decode("utf-8")

    def _resolve(self, folder: str) -> str:
        """The folder with its links followed."""
        path = folder if folder.startswith("/") else f"{self._root}/{folder}"
        real = os.path.realpath(path)
        if real != self._real:
            _refuse_outside(Path(real), Path(self._real))
        return real


def files_below(path: Path, within: Path, suffixes: tuple[str, ...]) -> list[Path]:
    """The regular files with these suffixes below a folder, sorted, or the file itself; links are followed.

    Links to folders below it are not. Raises OutsideError for what leads out or is special, and OSError.
    """
    real, root = Path(os.path.realpath(path)), Path(os.path.realpath(within))
    if real != root:
        _refuse_outside(real, root, path)
    if not real.is_dir():
        return [_inside(path, within)]
    found = set()
    for folder, files in walk(real, (".git",)):
        found |= {_inside(Path(folder, name), root) for name in files if name.endswith(suffixes)}
    return sorted(found)


def read_inside(path: Path, within: Path, largest: int = _LARGEST) -> bytes:
    """The content of a regular file inside a folder. Raises OSError, OutsideError for any other file."""
    return read_regular(_inside(path, within), largest)


def read_regular(path: Path, largest: int = _LARGEST) -> bytes:
    """The content of a regular file of at most `largest` bytes. Raises OSError for any other one."""
    return _content(str(path), largest, follow=True)


def _content(path: str, largest: int, *, follow: bool) -> bytes:
    file = os.open(path, os.O_RDONLY | _WITHOUT_WAITING | (0 if follow else _FLAGS))
    state = os.fstat(file)
    if not stat.S_ISREG(state.st_mode):
        os.close(file)
        raise OutsideError("it is not a regular file", Path(path))
    with os.fdopen(file, "rb") as stream:
        content = stream.read(largest + 1) if state.st_size <= largest else b""
    if max(state.st_size, len(content)) > largest:  # a file of /proc has no size
        raise OSError(errno.EFBIG, f"it is larger than {largest:,} bytes", path)
    return content


def start_inside(path: Path, within: Path, count: int) -> bytes:
    """The first bytes of a regular file inside a folder. Raises OSError, OutsideError for any other file."""
    file = os.open(_inside(path, within), os.O_RDONLY | _WITHOUT_WAITING)
    with os.fdopen(file, "rb") as stream:
        return stream.read(count) if stat.S_ISREG(os.fstat(file).st_mode) else b""


def replace_file(
    path: Path,
    content: bytes,
    *,
    executable: bool = False,
    within: Path | None = None,
    mode: int | None = None,
    durable: bool = True,
) -> None:
    """Write a file atomically: readers see the old content or the new one.

    An existing file keeps its mode; a new one gets `mode`, or that of the umask, and `executable` adds to
    that. A link that the user named is replaced, not followed. With `within` the file must lie in that
    folder after links are followed; missing parents are then made. A device or a pipe is written to.
    With `durable` the content is on the disk before the old file goes. Raises OSError and leaves the old
    file in place.
    """
    if within is not None:
        path = _inside(path, within)
        path.parent.mkdir(parents=True, exist_ok=True)
    elif (sink := _open_sink(path)) is not None:
        with os.fdopen(sink, "wb") as stream:
            stream.write(content)
        return
    with _fresh(path, content, executable=executable, mode=mode, durable=durable) as fresh:
        fresh.replace(path)


def replace_files(contents: Mapping[Path, bytes], within: Path) -> None:
    """Write several files inside a folder, each as `replace_file` does; missing parents are made.

    All contents are on the disk before the first file is put in place, and a signal waits until the last one
    is. Raises OSError with every file as it was.
    """
    with contextlib.ExitStack() as stack:
        prepared: list[tuple[Path, Path, bytes | None]] = []
        for named, content in contents.items():
            path = _inside(named, within)
            path.parent.mkdir(parents=True, exist_ok=True)
            before = read_regular(path) if path.exists() else None
            prepared.append((stack.enter_context(_fresh(path, content)), path, before))
        with _signals_held():
            for number, (fresh, path, _) in enumerate(prepared):
                try:
                    fresh.replace(path)
                except OSError:
                    for _, done, before in prepared[:number]:
                        done.unlink() if before is None else replace_file(done, before, within=within)
                    raise


@contextlib.contextmanager
def _fresh(
    path: Path, content: bytes, *, executable: bool = False, mode: int | None = None, durable: bool = True
) -> Iterator[Path]:
    """A new file with a content beside a path; at the end it is removed if it was not put in place.

    It lies in a folder called `.git`, which git never adds: if the process is killed, no commit takes it
    along.
    """
    folder = path.with_name(f".{os.urandom(8).hex()}.kustodian-new")
    fresh = folder / ".git" / "new"
    with registered(folder):
        fresh.parent.mkdir(0o700, parents=True)
        bits = 0o666 if mode is None else mode
        file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _FLAGS, bits)
        with os.fdopen(file, "wb") as stream:
            _set_mode(file, path, executable=executable, fixed=mode is not None)
            stream.write(content)
            stream.flush()
            if durable:
                os.fsync(file)
        yield fresh


@contextlib.contextmanager
def _signals_held() -> Iterator[None]:
    """Let signals wait, where the system can."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _refuse_outside(real: Path, root: Path, named: Path | None = None) -> None:
    """Raise OutsideError unless a resolved path is below a resolved folder; `named` is shown."""
    if real == root or not real.is_relative_to(root):
        raise OutsideError("it leads out of the repository", named or real)
    if ".git" in (part.lower() for part in real.relative_to(root).parts):
        raise OutsideError("it leads into .git", named or real)


def refuse_outside(path: Path, within: Path) -> None:
    """Raise OutsideError unless the path is inside a folder after links are followed, and not special."""
    _inside(path, within)


def remove_inside(path: Path, within: Path) -> None:
    """Remove a file or a link inside a folder, if it exists. Raises OSError, OutsideError elsewhere."""
    (_inside(path.parent / "_", within).parent / path.name).unlink(missing_ok=True)


def _inside(path: Path, within: Path) -> Path:
    """The path with its links followed. Raises OutsideError if it is not inside the folder, or special.

    What git keeps for itself is not part of the repository: its settings hold credentials and name programs.
    """
    real, root = Path(os.path.realpath(path)), Path(os.path.realpath(within))
    _refuse_outside(real, root, path)
    with contextlib.suppress(FileNotFoundError):
        if not stat.S_ISREG(real.lstat().st_mode):
            raise OutsideError("it is not a regular file", path)
    return real


def _set_mode(file: int, path: Path, *, executable: bool, fixed: bool) -> None:
    """Give a new file the mode of the one that it replaces."""
    if fixed or not hasattr(os, "fchmod"):
        return
    try:
        os.fchmod(file, stat.S_IMODE(path.stat().st_mode))
    except FileNotFoundError:
        if executable:
            os.fchmod(file, stat.S_IMODE(os.fstat(file).st_mode) | 0o111)


def _open_sink(path: Path) -> int | None:
    """An open descriptor of what is written to and never replaced: a device, a pipe; else None."""
    own = _own_descriptor(path)
    if own is not None:
        return os.dup(own)
    try:
        kind = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None
    if stat.S_ISREG(kind):
        return None
    if stat.S_ISDIR(kind):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    return _open_pipe(path) if stat.S_ISFIFO(kind) else os.open(path, os.O_WRONLY | _WITHOUT_WAITING)


def _own_descriptor(path: Path) -> int | None:
    """The number of the open file that /dev/stdout, /dev/fd/3 or the like means; None for another path."""
    if os.name != "posix":
        return None
    absolute = os.path.abspath(path)
    standard = {"/dev/stdin": 0, "/dev/stdout": 1, "/dev/stderr": 2}
    folder, _, name = absolute.rpartition("/")
    if folder in ("/dev/fd", "/proc/self/fd", f"/proc/{os.getpid()}/fd") and name.isdecimal():
        return int(name)
    return standard.get(absolute)


def _open_pipe(path: Path) -> int:
    """Open a named pipe once somebody reads it. Raises OSError if nobody does within ten seconds."""
    end = time.monotonic() + _READER_SECONDS
    while True:
        try:
            file = os.open(path, os.O_WRONLY | _WITHOUT_WAITING)
        except OSError as error:
            if error.errno != errno.ENXIO or time.monotonic() > end:
                raise
            time.sleep(0.05)
            continue
        os.set_blocking(file, True)
        return file
