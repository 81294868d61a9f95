"""Files of a repository that exist only in a test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kustodian.model.json_value import JsonObject
from kustodian.model.repository.source_files import FileDocument, NoSourceFiles


class GivenFiles(NoSourceFiles):
    """The given objects by file; `read` are the files that were read, in order."""

    def __init__(self, objects: Mapping[str, Sequence[JsonObject]]) -> None:
        self._objects = objects
        self.read: list[str] = []

    def documents(self, file: str) -> list[FileDocument]:
        self.read.append(file)
        return [FileDocument(index, None, data) for index, data in enumerate(self._objects.get(file, ()))]
