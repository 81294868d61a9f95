"""A function that runs in the background."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread
from typing import Generic, TypeVar

_T = TypeVar("_T")


class Background(Generic[_T]):
    """A call in a thread of its own, for work that mostly waits, such as git."""

    def __init__(self, work: Callable[[], _T]) -> None:
        """Start `work`."""
        self._values: list[_T] = []
        self._error: BaseException | None = None
        self._thread = Thread(target=self._run, args=(work,))
        self._thread.start()

    def wait(self) -> None:
        """Wait until the call has returned or raised."""
        self._thread.join()

    def result(self) -> _T:
        """Wait for the return value; raises what the call raised."""
        self.wait()
        if self._error is not None:
            raise self._error
        return self._values[0]

    def _run(self, work: Callable[[], _T]) -> None:
        try:
            self._values.append(work())
        except BaseException as error:  # raised again by `result`
            self._error = error
