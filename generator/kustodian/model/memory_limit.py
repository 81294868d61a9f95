"""The memory that a run may use: that of Python and that of the engine together.

The engine ends itself at 1.25 times its soft limit (`GOMEMLIMIT`); Python gets what is left.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator

from kustodian.model.errors import ExitCode, UserError

VARIABLE = "KUSTODIAN_MEMORY"
DEFAULT = 2 << 30
_LEAST = 256 << 20
#: Parts of the whole: the engine's soft limit, and the memory at which it ends.
_ENGINE_SOFT, _ENGINE = 0.375, 0.46875
_WRITTEN = re.compile(r"([1-9][0-9]{0,9})(MiB|GiB)")
_UNITS = {"MiB": 1 << 20, "GiB": 1 << 30}


def memory_limit() -> int | None:
    """The limit in bytes; None if the environment switches it off. Raises UserError for another value."""
    given = os.environ.get(VARIABLE, "")
    if given == "off":
        return None
    if not given:
        return DEFAULT
    written = _WRITTEN.fullmatch(given)
    limit = int(written[1]) * _UNITS[written[2]] if written else 0
    if limit < _LEAST:
        raise UserError(
            f"{VARIABLE} is `{given}`, which is not an amount of memory from 256MiB",
            hint=f"set it to an amount such as 4GiB, or to off; the default is {DEFAULT >> 30}GiB",
            exit_code=ExitCode.USAGE,
        )
    return limit


def engine_memory() -> dict[str, str]:
    """The engine's environment variable for its part, if the user set a limit and not that variable."""
    if not os.environ.get(VARIABLE) or "GOMEMLIMIT" in os.environ:
        return {}
    limit = memory_limit()
    return {"GOMEMLIMIT": "off" if limit is None else str(int(limit * _ENGINE_SOFT))}


def limit_python() -> None:
    """Let allocations beyond Python's part fail with MemoryError, where the system can (Linux)."""
    limit = memory_limit()
    if limit is not None:
        _set(int(limit * (1 - _ENGINE)))


@contextlib.contextmanager
def unlimited() -> Iterator[None]:
    """Lift the limit while a process starts that has a limit of its own."""
    before = _set(None)
    try:
        yield
    finally:
        if before is not None:
            _set(before)


def _set(limit: int | None) -> int | None:
    """Set the soft limit, None for the highest allowed; returns the one before, None if there was none."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    if limit is None or (hard != resource.RLIM_INFINITY and limit > hard):
        limit = hard
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))
    return None if soft == resource.RLIM_INFINITY else soft
