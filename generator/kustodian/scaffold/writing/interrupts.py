"""Ctrl-C and SIGTERM as one KeyboardInterrupt that can be held back for a moment."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Final

_SIGNALS: Final = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)


class Interrupts:
    """While entered, the signals that ask a process to stop raise KeyboardInterrupt in the main thread.

    The error's argument is the signal's number.

    Inside `held()` they wait: while a new process or folder is not yet recorded, and during clean-up. Outside
    the main thread nothing is changed, because Python delivers signals only there.
    """

    def __init__(self) -> None:
        """Nothing is changed until it is entered."""
        self._holds = 0
        self._pending = 0
        self._before: dict[signal.Signals, signal.Handlers] = {}

    def __enter__(self) -> Interrupts:
        """Install the handlers."""
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                # A signal that the caller ignores (nohup) stays ignored.
                if signal.getsignal(number) is not signal.SIG_IGN:
                    self._before[number] = signal.signal(number, self._stop)  # type: ignore[assignment]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Put the handlers back."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold signals back; one that arrives in between raises KeyboardInterrupt at the end."""
        self._holds += 1
        try:
            yield
        finally:
            self._holds -= 1
        if self._pending and not self._holds:
            number, self._pending = self._pending, 0
            raise KeyboardInterrupt(number)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        if self._holds:
            self._pending = number
        else:
            raise KeyboardInterrupt(number)
