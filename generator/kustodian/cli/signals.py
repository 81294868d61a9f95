"""Signals that ask the command to stop: it ends its processes, removes its temporary files, and exits."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from types import FrameType
from typing import NoReturn

_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
#: A process that was killed may have started another one meanwhile.
_ROUNDS = 5


def install() -> None:
    """Let the signals end the process, with nothing left behind.

    They raise no KeyboardInterrupt: it would come out of any line, of a clean-up and of extension modules.
    """
    for number in _SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
            signal.signal(number, _stop)


def exit_code(error: KeyboardInterrupt) -> int:
    """The exit code that shells give to a process that the signal of this error ended."""
    number = error.args[0] if error.args else signal.SIGINT
    return 128 + int(number)


def _stop(number: int, frame: FrameType | None) -> NoReturn:
    for other in _SIGNALS:
        signal.signal(other, signal.SIG_IGN)
    for _ in range(_ROUNDS):
        children = _children()
        for child in children:
            with contextlib.suppress(OSError):
                os.kill(child, signal.SIGKILL)
        if "kustodian.repository.temporary" in sys.modules:
            from kustodian.repository.temporary import remove_all

            remove_all()
        if not children:
            break
        for child in children:
            with contextlib.suppress(OSError):
                os.waitpid(child, 0)
    with contextlib.suppress(OSError):
        os.write(2, b"\ninterrupted; nothing was left half-done\n")
    os._exit(128 + number)


def _children() -> list[int]:
    """The processes that this one started and that run; empty where there is no /proc."""
    from pathlib import Path

    children: list[int] = []
    own = str(os.getpid()).encode()
    with contextlib.suppress(OSError):
        for process in Path("/proc").iterdir():
            if process.name.isdecimal():
                with contextlib.suppress(OSError):
                    # Behind the program's name, which may contain anything: the state, then the parent.
                    state, parent = (process / "stat").read_bytes().rpartition(b")")[2].split()[:2]
                    if parent == own and state != b"Z":
                        children.append(int(process.name))
    return children
