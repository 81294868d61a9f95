"""Work beside other work: git is mostly waited for."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread
from typing import Generic, TypeVar

_T = TypeVar("_T")


class Background(Generic[_T]):
    """A call that has begun; `result` waits for it, and raises what it raised."""

    def __init__(self, work: Callable[[], _T]) -> None:
        """Begin."""
        self._values: list[_T] = []
        self._error: BaseException | None = None
        self._thread = Thread(target=self._run, args=(work,))
        self._thread.start()

    def wait(self) -> None:
        """Until it has ended, well or not."""
        self._thread.join()

    def result(self) -> _T:
        """What the call returned."""
        self.wait()
        if self._error is not None:
            raise self._error
        return self._values[0]

    def _run(self, work: Callable[[], _T]) -> None:
        try:
            self._values.append(work())
        except BaseException as error:  # raised again where the result is wanted
            self._error = error
