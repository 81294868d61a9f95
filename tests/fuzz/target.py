"""A fuzz target: a function of bytes that raises for a fault, the inputs to start from, and how these are changed."""

from __future__ import annotations

import random
import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NamedTuple

#: Inputs that once failed, or that reach something rare: a folder for each target, each file an input.
SEEDS = Path(__file__).parent / "seeds"
#: Far more than any input of a few kilobytes takes on a busy machine.
SECONDS = 20
_LARGEST = 4096
_ODD = (
    "\n", "\r", "\r\n", "\t", "\x00", "\x1b[2J", "\x85", "\u2028", "\u202e", "\ufeff", "\ud7ff", "😀", "---\n", "...\n", ": ", "- ",
    "{", "}", "[", "]", "\"", "'", "&a ", "*a", "!!", "<<", "|\n", ">-\n", "#", "%", "\\", "/", "../", "@", "`", "::", "##[", "~",
    "null", "true", "0", "-1", "1e999", "9" * 30, ".nan", "=", ",", "*", "(?", "a" * 200,
)  # fmt: skip


_tried: deque[str] = deque(maxlen=1_000_000)


def tried() -> int:
    """The number of inputs that this process has tried, up to a million."""
    return len(_tried)


class Target(NamedTuple):
    """`check` raises for a fault; errors of the user are no faults. `words` are what the inputs consist of."""

    name: str
    check: Callable[[bytes], None]
    seeds: Sequence[bytes]
    words: Sequence[str] = ()

    @property
    def kept(self) -> list[tuple[str, bytes]]:
        """The name and content of every kept input."""
        return [(file.name, file.read_bytes()) for file in sorted((SEEDS / self.name).glob("*"))]

    @property
    def all_seeds(self) -> list[bytes]:
        """What changes start from."""
        return [*self.seeds, *(content for _, content in self.kept)]

    @property
    def parts(self) -> list[bytes]:
        """What is inserted."""
        return [one.encode("utf-8", "surrogatepass") for one in (*self.words, *_ODD)]

    def run(self, data: bytes) -> None:
        """Try an input. Raises what `check` raises, and TimeoutError for one that hangs."""
        _tried.append(self.name)
        with ended_in_time(SECONDS):
            self.check(data)


class Change(NamedTuple):
    """Replace `length` bytes at a position (in thousandths of the text) by `new`."""

    at: int
    length: int
    new: bytes


def changed(data: bytes, changes: Sequence[Change]) -> bytes:
    """The input after some changes, cut to a few kilobytes."""
    for change in changes:
        start = len(data) * change.at // 1000
        data = data[:start] + change.new + data[start + change.length :]
    return data[:_LARGEST]


def random_input(target: Target, source: random.Random) -> bytes:
    """A seed with random changes, a mix of two, or a text of the target's words."""
    seeds, parts = target.all_seeds, target.parts
    kind = source.randrange(10)
    if kind == 0:
        return b"".join(source.choice(parts) for _ in range(source.randrange(30)))
    data = source.choice(seeds)
    if kind == 1:
        other = source.choice(seeds)
        data = data[: source.randrange(len(data) + 1)] + other[source.randrange(len(other) + 1) :]
    changes = []
    for _ in range(source.choice((1, 1, 2, 3, 8))):
        new = source.choice(
            (b"", source.choice(parts), source.randbytes(source.randrange(4)), source.choice(parts))
        )
        changes.append(Change(source.randrange(1001), source.choice((0, 0, 1, 1, 2, 5, 40)), new))
    return changed(data, changes)


def smaller(data: bytes, fails: Callable[[bytes], bool], tries: int = 400) -> bytes:
    """A shorter input that still fails."""
    size = max(1, len(data) // 2)
    while size and tries:
        for start in range(0, len(data), size):
            tries -= 1
            if tries and fails(less := data[:start] + data[start + size :]):
                data = less
                break
        else:
            size //= 2
    return data


@contextmanager
def ended_in_time(seconds: float) -> Iterator[None]:
    """Raise TimeoutError in the main thread after some seconds."""

    def stop(_: int, __: FrameType | None) -> None:
        raise TimeoutError(f"it takes longer than {seconds} seconds")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
