"""The contents of the files of a repository, at one revision."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from kustodian.model.json_value import FieldPath, JsonObject

#: The bytes of a file that say what it is.
START_BYTES = 4096


@dataclass(frozen=True, slots=True)
class FileDocument:
    """A document of a YAML file, or an item of a `kind: List` in it, with its position in the file."""

    index: int
    item: int | None
    data: JsonObject

    @property
    def base(self) -> FieldPath:
        """The path of the object in its document: empty, or that of an item."""
        return () if self.item is None else ("items", self.item)


class SourceFiles(Protocol):
    """Reads the files of a repository; paths are relative to its root."""

    def documents(self, file: str) -> list[FileDocument]:
        """The objects of a YAML file; empty if it does not parse."""

    def documents_at(self, lines: Mapping[str, Sequence[int]]) -> dict[str, list[FileDocument]]:
        """For each file, the documents that start at these lines, and possibly others."""

    def prefetch(self, files: Iterable[str]) -> None:
        """Parse together the files that `documents` will be called for."""

    def text(self, file: str) -> str:
        """The text of a file; empty if it cannot be read or is not UTF-8."""

    def repeated_keys(self, texts: Mapping[str, str]) -> dict[str, tuple[int, str]]:
        """Of each YAML text with a key twice in one mapping: the line of the second, and the key."""

    def start(self, file: str) -> bytes:
        """The first bytes of a file, at most `START_BYTES`; none if it cannot be read."""

    def committed_start(self, file: str) -> bytes | None:
        """The first bytes of a file as git has it: in the index, else in HEAD.

        None without git and for a file that git does not have. Raises HistoryUnknown if git fails.
        """

    def history(self, file: str) -> list[str]:
        """The contents of a file in the commits that HEAD reaches, newest first, without the work tree.

        Empty without git and for an uncommitted file. Raises HistoryUnknown if some are not known, as in a
        shallow clone.
        """


class NoSourceFiles:
    """A repository without any file."""

    def documents(self, file: str) -> list[FileDocument]:
        """No documents."""
        del file
        return []

    def documents_at(self, lines: Mapping[str, Sequence[int]]) -> dict[str, list[FileDocument]]:
        """All documents of each file, as `documents` returns them."""
        return {file: self.documents(file) for file in lines}

    def prefetch(self, files: Iterable[str]) -> None:
        """Nothing to do."""

    def text(self, file: str) -> str:
        """No text."""
        del file
        return ""

    def repeated_keys(self, texts: Mapping[str, str]) -> dict[str, tuple[int, str]]:
        """No key."""
        del texts
        return {}

    def start(self, file: str) -> bytes:
        """No bytes."""
        del file
        return b""

    def committed_start(self, file: str) -> bytes | None:
        """Nothing in git."""
        del file
        return None

    def history(self, file: str) -> list[str]:
        """No history."""
        del file
        return []
