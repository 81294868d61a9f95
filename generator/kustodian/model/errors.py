"""Errors that a person can act on, and the exit codes of the command."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What the process exit code means; a contract with scripts and CI."""

    CLEAN = 0
    FINDINGS = 1
    USAGE = 2
    NOT_CHECKED = 3
    NOTHING_TO_CHECK = 4
    INTERRUPTED = 130


class UserError(Exception):
    """Something the user can correct: what is wrong, where, and what to do about it.

    `file` is relative to the working directory or absolute; `line` and `column` are 1-based.
    `hint` is one imperative sentence.
    """

    def __init__(
        self,
        message: str,
        file: str | None = None,
        line: int | None = None,
        column: int | None = None,
        hint: str | None = None,
        exit_code: ExitCode = ExitCode.USAGE,
    ) -> None:
        """Say as much as is known."""
        super().__init__(message)
        self.message = message
        self.file, self.line, self.column = file, line, column
        self.hint = hint
        self.exit_code = exit_code

    def __str__(self) -> str:
        """`file:line:column: message (hint)`, on one line."""
        where = self.place()
        text = f"{where}: {self.message}" if where else self.message
        return f"{text} ({self.hint})" if self.hint else text

    def place(self) -> str:
        """`file:line:column`, as far as each part is known; empty where no file is."""
        if self.file is None:
            return ""
        parts = [self.file]
        if self.line is not None:
            parts.append(str(self.line))
            if self.column is not None:
                parts.append(str(self.column))
        return ":".join(parts)


class EngineError(UserError):
    """The engine process is missing, died, or answered something that is no answer."""


def nearest(word: str, known: list[str] | tuple[str, ...] | set[str]) -> str | None:
    """The known word most like `word`, for "did you mean"; None where nothing is close."""
    import difflib

    matches = difflib.get_close_matches(word, sorted(known), n=1, cutoff=0.6)
    return matches[0] if matches else None
