"""A look at the command line before typer has parsed it.

typer parses the command line, but importing it and a command takes longer than three things that need only
a look at the words: printing the version, finding the stored result of the same check (`cli/cache.py`), and
starting the engine, which scans the repository while Python imports the rest (`cli/engine.py`). Everything
here is a guess: a wrong one costs time and never changes a result.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_RENDERING = ("check", "diff", "matrix")
_HELP = frozenset(("-h", "--help"))


class CommandLine:
    """The words after `kustodian`, and what they seem to ask for; immutable."""

    def __init__(self, words: tuple[str, ...]) -> None:
        """Keep the words; a plain class, because creating a named tuple or dataclass takes a millisecond."""
        self.words = words

    @property
    def subcommand(self) -> str | None:
        """The first word, which may also be an option or a typo; None if there is none."""
        return self.words[0] if self.words else None

    @property
    def asks_version(self) -> bool:
        """Whether only the version is asked for."""
        return self.words in (("--version",), ("-V",))

    @property
    def may_render(self) -> bool:
        """Whether the command needs the engine."""
        return self.subcommand in _RENDERING and _HELP.isdisjoint(self.words)

    @property
    def may_read_repository(self) -> bool:
        """Whether the command reads files that it does not trust."""
        return self.subcommand in ("add", "export", "promote", "report")

    @property
    def may_use_cache(self) -> bool:
        """Whether the command may take its result from the cache, and store it there."""
        return self.subcommand == "check" and "--no-cache" not in self.words

    def likely_root(self) -> Path | None:
        """The repository that is probably meant: that of the first word that is an existing path.

        None if no repository is marked, or the manifests come from standard input.
        """
        from pathlib import Path

        from kustodian.repository.layout import marked_root

        given = self.words[1:]
        if "-" in given:
            return None
        try:
            paths = [Path(word) for word in given if not word.startswith("-") and Path(word).exists()]
            start = paths[0].resolve() if paths else Path.cwd()
            return marked_root(start) if start.is_dir() else None
        except OSError:  # a word that is too long for a path, a working directory that is gone
            return None


def peek() -> CommandLine:
    """The command line of this process."""
    return CommandLine(tuple(sys.argv[1:]))
