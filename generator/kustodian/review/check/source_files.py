"""The files of a repository as its rules read them: in the work tree, or at another revision."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from kustodian.model.repository.source_files import START_BYTES, FileDocument, SourceFiles
from kustodian.render.engine import Engine, ParsedFile, Scan
from kustodian.repository.changes import Changes
from kustodian.repository.files import Reader, start_inside
from kustodian.repository.history import committed_start, past_texts

#: How the engine says that a key is repeated.
_REPEATED = re.compile(r'key "(.*)" is set twice', re.DOTALL)
#: A file is parsed whole if it has at most this many objects beside those at the requested lines.
_FEW = 8


class WorkTreeFiles:
    """The files below a folder; the engine parses each at most once."""

    def __init__(
        self, root: Path, engine: Engine, scan: Scan, parsed: Mapping[str, list[FileDocument]] | None = None
    ) -> None:
        """`parsed` are documents that are not in a file below `root`, or are parsed already."""
        self._root = root
        self._reader = Reader(root)
        self._engine = engine
        self._scan = scan
        self._files = dict(parsed or {})
        self._committed: dict[str, bytes | None] = {}
        self._parts: dict[tuple[str, tuple[int, ...]], list[FileDocument]] = {}

    def documents(self, file: str) -> list[FileDocument]:
        """The objects of a YAML file; empty if it does not parse."""
        self.prefetch([file])
        return self._files.get(file, [])

    def documents_at(self, lines: Mapping[str, Sequence[int]]) -> dict[str, list[FileDocument]]:
        """The documents at these lines of each file.

        A file with few others is parsed whole, because a rule may need them, too.
        """
        parts = {
            file: (file, tuple(numbers))
            for file, numbers in lines.items()
            if file not in self._files and self._sizes.get(file, 0) > len(numbers) + _FEW
        }
        self.prefetch(file for file in lines if file not in parts)
        missing = {file: list(lines[file]) for file, part in parts.items() if part not in self._parts}
        for file in self._engine.parse(self._root, list(missing), lines=missing) if missing else ():
            self._parts[parts[file.path]] = _documents_of(file)
        return {
            file: self._parts[parts[file]] if file in parts else self._files.get(file, []) for file in lines
        }

    def prefetch(self, files: Iterable[str]) -> None:
        """Parse files in one request to the engine."""
        missing = [file for file in dict.fromkeys(files) if file not in self._files]
        for file in self._engine.parse(self._root, missing) if missing else ():
            self._files[file.path] = _documents_of(file)

    def text(self, file: str) -> str:
        """The text of a file; empty if it cannot be read or is not UTF-8."""
        try:
            return self._reader.text(file)
        except (OSError, UnicodeDecodeError):
            return ""

    def repeated_keys(self, texts: Mapping[str, str]) -> dict[str, tuple[int, str]]:
        """Of each text with a key twice in one mapping: the line of the second, and the key."""
        found: dict[str, tuple[int, str]] = {}
        for file in self._engine.parse(self._root, [], dict(texts)) if texts else ():
            match = _REPEATED.match(file.error.message) if file.error is not None else None
            if match is not None and file.error is not None:
                found[file.path] = (file.error.line or 1, match[1])
        return found

    def start(self, file: str) -> bytes:
        """The first bytes of a file; none if it cannot be read or is outside of the folder."""
        try:
            return start_inside(self._root / file, self._root, START_BYTES)
        except OSError:
            return b""

    def committed_start(self, file: str) -> bytes | None:
        """The first bytes of a file as git has it: in the index, else in HEAD."""
        if file not in self._committed:
            self._committed[file] = committed_start(self._root, file, START_BYTES)
        return self._committed[file]

    def history(self, file: str) -> list[str]:
        """The contents of a file in the commits that HEAD reaches, newest first."""
        return past_texts(self._root, file)

    @cached_property
    def _sizes(self) -> dict[str, int]:
        """The number of objects in each file."""
        return {file: len(heads) for file, heads, _ in self._scan.yaml_files}


class RevisionFiles:
    """The files of another revision: its checkout holds only what changed, `head` has the rest."""

    def __init__(self, checkout: SourceFiles, head: SourceFiles, changes: Changes) -> None:
        """`changes` says which files differ between the two."""
        self._checkout = checkout
        self._head = head
        self._changes = changes

    def documents(self, file: str) -> list[FileDocument]:
        """The objects of a YAML file; empty if it does not parse."""
        return self._side(file).documents(file)

    def documents_at(self, lines: Mapping[str, Sequence[int]]) -> dict[str, list[FileDocument]]:
        """The documents at these lines of each file, and possibly others."""
        changed, unchanged = self._split(lines)
        documents = {
            **self._checkout.documents_at({file: lines[file] for file in changed}),
            **self._head.documents_at({file: lines[file] for file in unchanged}),
        }
        return {file: documents[file] for file in lines}

    def prefetch(self, files: Iterable[str]) -> None:
        """Parse files in one request to the engine for each side."""
        changed, unchanged = self._split(files)
        self._checkout.prefetch(changed)
        self._head.prefetch(unchanged)

    def text(self, file: str) -> str:
        """The text of a file; empty if it cannot be read or is not UTF-8."""
        return self._side(file).text(file)

    def repeated_keys(self, texts: Mapping[str, str]) -> dict[str, tuple[int, str]]:
        """Of each text with a key twice in one mapping: the line of the second, and the key."""
        return self._head.repeated_keys(texts)

    def start(self, file: str) -> bytes:
        """The first bytes of a file; none if it cannot be read."""
        return self._side(file).start(file)

    def committed_start(self, file: str) -> bytes | None:
        """The first bytes of a file as git has it at this revision."""
        return self._side(file).committed_start(file)

    def history(self, file: str) -> list[str]:
        """The contents of a file in the commits that this revision reaches, newest first."""
        return self._checkout.history(file)

    def _side(self, file: str) -> SourceFiles:
        return self._checkout if self._changes.touch(file) else self._head

    def _split(self, files: Iterable[str]) -> tuple[list[str], list[str]]:
        """The files that changed, and the others."""
        changed: list[str] = []
        unchanged: list[str] = []
        for file in files:
            (changed if self._changes.touch(file) else unchanged).append(file)
        return changed, unchanged


def _documents_of(file: ParsedFile) -> list[FileDocument]:
    return [
        FileDocument(document.index, document.item, document.data)
        for document in file.documents
        if isinstance(document.data, dict)
    ]
