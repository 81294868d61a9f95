"""The files of the cache: entries that nobody but the user can have written.

The folder is the user's alone (0700). Each entry begins with an HMAC of its name and content; the key is the
file `key` beside the entries' folder. An entry or key that is a link, not a regular file, another user's,
open to others or too large is not used, and one line on standard error says so. This module imports nothing
else of the program, see `cli/cache.py`.
"""

from __future__ import annotations

import contextlib
import hmac
import os
import stat
import sys
from errno import ELOOP

_KEY_BYTES = 32
_MAC_BYTES = 32
_LARGEST = 64 * 1024 * 1024
_KEPT_ENTRIES = 32
_KEPT_BYTES = 256 * 1024 * 1024
_FLAGS = (
    getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)


class Distrust(Exception):
    """A file of the cache that somebody else may have written; the message says why."""


def cache_folder() -> str | None:
    """The folder of the cache; None if there is no place for one."""
    home = os.environ.get("HOME")
    base = os.environ.get("XDG_CACHE_HOME") or (os.path.join(home, ".cache") if home else "")
    return os.path.join(base, "kustodian") if base and os.path.isabs(base) else None


def read_entry(folder: str, name: str) -> bytes | None:
    """The content of an entry; None, and a line on standard error if it is not to be trusted."""
    try:
        entries = os.path.join(folder, "check")
        if not os.path.lexists(os.path.join(entries, name)):
            return None
        _refuse_open(folder)
        _refuse_open(entries)
        key = _read(os.path.join(folder, "key"), _KEY_BYTES)
        content = _read(os.path.join(entries, name), _LARGEST)
        mac, content = content[:_MAC_BYTES], content[_MAC_BYTES:]
        if len(key) != _KEY_BYTES or not hmac.compare_digest(mac, _mac(key, name, content)):
            raise Distrust(f"{os.path.join(entries, name)} is damaged, or was not written with the key here")
        return content
    except OSError as error:
        _warn(f"{error.filename}: {error.strerror}")
    except Distrust as error:
        _warn(str(error))
    return None


def touch_entry(folder: str, name: str) -> None:
    """Note that an entry was used: those used last are kept longest."""
    with contextlib.suppress(OSError):
        os.utime(os.path.join(folder, "check", name), follow_symlinks=False)


def write_entry(folder: str, name: str, content: bytes) -> None:
    """Write an entry, and remove old ones.

    A line on standard error says so if the cache is not the user's; where there is no room for one nothing is
    said.
    """
    from pathlib import Path

    from kustodian.repository.files import replace_file

    if len(content) + _MAC_BYTES > _LARGEST:
        return
    try:
        entries = Path(folder, "check")
        for made in (Path(folder), entries):
            made.mkdir(parents=True, exist_ok=True, mode=0o700)
            _close(made)
        key = _key(os.path.join(folder, "key"))
        with contextlib.suppress(FileNotFoundError):
            if not stat.S_ISREG((entries / name).lstat().st_mode):
                (entries / name).unlink()  # a pipe would be written to
        replace_file(entries / name, _mac(key, name, content) + content, mode=0o600, durable=False)
        _remove_old(entries)
    except OSError as error:
        if error.errno == ELOOP:
            _warn(f"{error.filename} is a link")
    except Distrust as error:
        _warn(str(error))


def _key(path: str) -> bytes:
    """The key, which is made if it does not exist."""
    if not os.path.lexists(path):
        fresh = f"{path}.{os.urandom(8).hex()}"
        file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _FLAGS, 0o600)
        try:
            with os.fdopen(file, "wb") as stream:
                stream.write(os.urandom(_KEY_BYTES))
            with contextlib.suppress(FileExistsError):
                os.link(fresh, path)  # never in the place of a key that another run made meanwhile
        finally:
            os.unlink(fresh)
    key = _read(path, _KEY_BYTES)
    if len(key) != _KEY_BYTES:
        raise Distrust(f"{path} is not a key; remove it")
    return key


def _mac(key: bytes, name: str, content: bytes) -> bytes:
    return hmac.digest(key, name.encode() + b"\0" + content, "sha256")


def _read(path: str, largest: int) -> bytes:
    """The content of a file that only the user can have written. Raises Distrust or OSError."""
    try:
        file = os.open(path, os.O_RDONLY | _FLAGS)
    except OSError as error:
        if error.errno == ELOOP:
            raise Distrust(f"{path} is a link") from None
        raise
    state = os.fstat(file)
    if not stat.S_ISREG(state.st_mode):
        os.close(file)
        raise Distrust(f"{path} is not a regular file")
    with os.fdopen(file, "rb") as stream:
        _refuse_others(path, state, 0o077)
        if state.st_size > largest:
            raise Distrust(f"{path} is too large")
        return stream.read(largest)


def _refuse_open(folder: str) -> None:
    state = os.lstat(folder)
    if not stat.S_ISDIR(state.st_mode):
        raise Distrust(f"{folder} is not a folder")
    _refuse_others(folder, state, 0o022)


def _refuse_others(path: str, state: os.stat_result, bits: int) -> None:
    if os.name != "posix":
        return
    if state.st_uid != os.geteuid():
        raise Distrust(f"{path} belongs to another user")
    if state.st_mode & bits:
        raise Distrust(f"{path} is open to other users")


def _close(folder: os.PathLike[str]) -> None:
    """Make a folder of the user's the user's alone. Raises Distrust for another's, or a link."""
    state = os.lstat(folder)
    if not stat.S_ISDIR(state.st_mode) or (os.name == "posix" and state.st_uid != os.geteuid()):
        raise Distrust(f"{folder} is not a folder of this user")
    if state.st_mode & 0o077:
        os.chmod(folder, 0o700)


def _remove_old(entries: os.PathLike[str]) -> None:
    with os.scandir(entries) as found:
        states = [(entry.stat(follow_symlinks=False), entry.path) for entry in found]
    room = _KEPT_BYTES
    for position, (state, path) in enumerate(sorted(states, key=lambda one: -one[0].st_mtime_ns)):
        room -= state.st_size
        if position >= _KEPT_ENTRIES or room < 0:
            with contextlib.suppress(OSError):
                os.unlink(path)


def _warn(reason: str) -> None:
    """One line on standard error."""
    shown = reason if reason.isprintable() else reason.encode("unicode_escape").decode()
    with contextlib.suppress(OSError):
        print(f"note: the stored result is not used: {shown}", file=sys.stderr)
