"""Who may ask: API keys from a file that the cluster mounts from a Secret.

The file holds one key a line. Two lines at once are how a key is rotated without turning anybody away. It is read
again whenever it changes, so a rotation needs no restart.
"""

from __future__ import annotations

import hmac
from pathlib import Path


class ApiKeys:
    """The keys of one file. An absent or empty file lets nobody in."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: tuple[int, int] | None = None
        self._keys: tuple[bytes, ...] = ()

    def ready(self) -> bool:
        """Whether there is at least one key, so that somebody could be let in."""
        return bool(self._current())

    def accepts(self, authorization: str) -> bool:
        """Whether the value of an Authorization header ("Bearer KEY") holds one of the keys."""
        scheme, _, key = authorization.partition(" ")
        if scheme.lower() != "bearer" or not key:
            return False
        # Compare with every key, in constant time: the answer's delay must not tell how much of a guess was right.
        return any([hmac.compare_digest(key.strip().encode(), known) for known in self._current()])

    def _current(self) -> tuple[bytes, ...]:
        try:
            status = self._path.stat()
            stamp = (status.st_mtime_ns, status.st_ino)
            if stamp != self._stamp:
                self._keys = tuple(line.strip() for line in self._path.read_bytes().splitlines() if line.strip())
                self._stamp = stamp
        except OSError:
            self._keys, self._stamp = (), None
        return self._keys
