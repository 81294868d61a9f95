"""Errors that a user can correct, and the exit codes of the command."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes, a contract with scripts and CI."""

    CLEAN = 0
    FINDINGS = 1
    USAGE = 2
    NOT_CHECKED = 3
    NOTHING_TO_CHECK = 4
    INTERRUPTED = 130


class UserError(Exception):
    """An error that the user can correct: `message` says what is wrong, `hint` what to do.

    `file` is relative to the working directory or absolute; `line` and `column` are 1-based.
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
        """All but the message may be left out."""
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
        """`file:line:column` without the parts that are not known; empty without a file."""
        if self.file is None:
            return ""
        parts = [self.file]
        if self.line is not None:
            parts.append(str(self.line))
            if self.column is not None:
                parts.append(str(self.column))
        return ":".join(parts)


class Undecided(UserError):
    """A rule cannot decide, so the check is incomplete; `code` is that of the report's `notChecked`."""

    code: str


class TooManyParameters(Undecided):
    """The generators of an ApplicationSet are too large to be followed."""

    code = "too-many-parameters"

    def __init__(self, reason: str) -> None:
        """`reason` says what is too large."""
        super().__init__(reason, exit_code=ExitCode.NOT_CHECKED)


class HistoryUnknown(Undecided):
    """The earlier contents of a file are not all known, so a rule that needs them cannot decide."""

    code = "history-unknown"

    def __init__(self, file: str, reason: str, hint: str | None) -> None:
        """`file` is relative to the repository; `reason` is a clause."""
        super().__init__(
            f"the history of {file} is not known: {reason}", hint=hint, exit_code=ExitCode.NOT_CHECKED
        )


class EngineError(UserError):
    """The engine does not start, died, or speaks another protocol."""


def nearest(word: str, known: list[str] | tuple[str, ...] | set[str]) -> str | None:
    """The known word most similar to `word`, for "did you mean"; None if none is similar."""
    import difflib

    matches = difflib.get_close_matches(word, sorted(known), n=1, cutoff=0.6)
    return matches[0] if matches else None
