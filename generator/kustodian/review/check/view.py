"""The repository as its rules see it: put together from the scan, the rendered overlays and git."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from kustodian.model.json_value import JsonObject
from kustodian.model.manifest import Manifest
from kustodian.model.overlay import RenderedOverlay
from kustodian.model.repository_view import FileDocument, RepositoryView, SourceDocument
from kustodian.render.engine import Engine, ParsedFile, Scan, ScannedFile
from kustodian.repository.changes import Changes
from kustodian.repository.files import repository_files
from kustodian.repository.history import past_texts
from kustodian.repository.layout import is_excluded_file
from kustodian.review.check.plan import Plan
from kustodian.review.check.targets import kustomizations_of


def view_of(
    plan: Plan, rendered: list[RenderedOverlay], engine: Engine, files: tuple[str, ...] | None = None
) -> RepositoryView:
    """The repository for the repository rules; where only plain manifests were named, they are all of it.

    `files` are those of the repository if they are known.
    """
    plain = _plain_documents(rendered)
    scan = plan.scan or Scan(yaml_files=[(file, _heads(found), None) for file, found in plain.items()])
    parsed = _ParsedFiles(plan.root, engine, scan, plain)
    yaml_files = tuple(path for path, _, error in scan.yaml_files if error is None)
    if files is None:
        files = repository_files(plan.root) if plan.scan else yaml_files
    return RepositoryView(
        kustomizations=kustomizations_of(scan),
        documents=_documents(scan.yaml_files),
        yaml_files=yaml_files,
        files=_without(files, plan.config.exclude),
        environments={name: tuple(given.paths) for name, given in plan.config.environments.items()},
        overlays=rendered,
        load=lambda file: [document.data for document in parsed.documents(file)],
        parse=parsed.documents,
        parse_at=parsed.at,
        prefetch=parsed.prefetch,
        read_text=lambda file: _read_text(plan.root / file),
        history=lambda file: past_texts(plan.root, file),
    )


def view_beside(
    plan: Plan, known: RepositoryView, changes: Changes, tracked: Iterable[str], engine: Engine
) -> RepositoryView:
    """The repository at another revision, of which `plan.root` holds only what changed.

    All else is taken from `known`, a view of this revision; `tracked` are the files of the other one.
    """
    scan, known_at = plan.scan or Scan(), known.parse_at
    assert known_at is not None
    parsed = _ParsedFiles(plan.root, engine, scan, {})
    kustomizations = {
        path: known.kustomizations.get(path, found) if not changes.touch(path) else found
        for path, found in kustomizations_of(scan).items()
    }
    heads = [document for document in known.documents if not changes.touch(document.file)]
    heads += _documents(entry for entry in scan.yaml_files if changes.touch(entry[0]))
    files = [name for name in known.files if not changes.touch(name)]
    files += _without(filter(changes.touch, tracked), plan.config.exclude)

    def documents(file: str) -> list[FileDocument]:
        return parsed.documents(file) if changes.touch(file) else known.documents_of(file)

    def prefetch(wanted: list[str]) -> None:
        parsed.prefetch([file for file in wanted if changes.touch(file)])
        known.prefetch([file for file in wanted if not changes.touch(file)])

    def at(wanted: Mapping[str, list[int]]) -> dict[str, list[FileDocument]]:
        read = {
            **parsed.at({file: lines for file, lines in wanted.items() if changes.touch(file)}),
            **known_at({file: lines for file, lines in wanted.items() if not changes.touch(file)}),
        }
        return {file: read[file] for file in wanted}

    return RepositoryView(
        kustomizations=kustomizations,
        documents=sorted(heads, key=lambda document: document.file),
        yaml_files=tuple(path for path, _, error in scan.yaml_files if error is None),
        files=tuple(sorted(files)),
        environments=known.environments,
        load=lambda file: [document.data for document in documents(file)],
        parse=documents,
        parse_at=at,
        prefetch=prefetch,
        read_text=lambda file: _read_text(plan.root / file) if changes.touch(file) else known.read_text(file),
        history=lambda file: past_texts(plan.root, file),
    )


#: A file with so many objects that nobody asks for is not read whole.
_FEW = 8


class _ParsedFiles:
    """Files as the engine reads them, each asked for once."""

    def __init__(self, root: Path, engine: Engine, scan: Scan, known: dict[str, list[FileDocument]]) -> None:
        self._root = root
        self._engine = engine
        self._scan = scan
        self._files = known
        self._parts: dict[tuple[str, tuple[int, ...]], list[FileDocument]] = {}

    def prefetch(self, files: list[str]) -> None:
        """Read many files in one request."""
        missing = [file for file in dict.fromkeys(files) if file not in self._files]
        for file in self._engine.parse(self._root, missing) if missing else ():
            self._files[file.path] = _documents_of(file)

    def at(self, wanted: Mapping[str, list[int]]) -> dict[str, list[FileDocument]]:
        """The documents at these lines. A file that holds few others is read whole: they may be asked for."""
        parts = {
            file: (file, tuple(lines))
            for file, lines in wanted.items()
            if file not in self._files and self._sizes.get(file, 0) > len(lines) + _FEW
        }
        self.prefetch([file for file in wanted if file not in parts])
        missing = {file: wanted[file] for file, part in parts.items() if part not in self._parts}
        for file in self._engine.parse(self._root, list(missing), lines=missing) if missing else ():
            self._parts[parts[file.path]] = _documents_of(file)
        return {
            file: self._parts[parts[file]] if file in parts else self._files.get(file, []) for file in wanted
        }

    @cached_property
    def _sizes(self) -> dict[str, int]:
        """The number of objects in each file."""
        return {file: len(heads) for file, heads, _ in self._scan.yaml_files}

    def documents(self, file: str) -> list[FileDocument]:
        """The documents of a file; empty where it does not parse."""
        self.prefetch([file])
        return self._files.get(file, [])


def _documents_of(file: ParsedFile) -> list[FileDocument]:
    return [
        FileDocument(document.index, document.item, document.data)
        for document in file.documents
        if isinstance(document.data, dict)
    ]


def _plain_documents(rendered: list[RenderedOverlay]) -> dict[str, list[FileDocument]]:
    """The objects of manifests that were named as files (stdin is "-"), by file."""
    found: dict[str, list[FileDocument]] = {}
    for overlay in rendered:
        for manifest in () if overlay.overlay.is_kustomization else overlay.objects:
            provenance = manifest.provenance
            document = FileDocument(provenance.document or 0, provenance.item, manifest.data)
            found.setdefault(provenance.file or "", []).append(document)
    return found


def _heads(documents: list[FileDocument]) -> list[JsonObject]:
    """What the engine's scan would say of these objects."""
    manifests = [Manifest(document.data) for document in documents]
    return [
        {"apiVersion": m.api_version, "kind": m.kind, "name": m.name, "namespace": m.namespace}
        for m in manifests
    ]


def _documents(files: Iterable[ScannedFile]) -> list[SourceDocument]:
    def word(document: JsonObject, key: str) -> str:
        return document.get(key) or ""

    return [
        SourceDocument(
            path,
            index,
            document.get("line") or 1,
            word(document, "apiVersion"),
            word(document, "kind"),
            word(document, "name"),
            word(document, "namespace") or None,
        )
        for path, found, _ in files
        for index, document in enumerate(found)
    ]


def _without(files: Iterable[str], exclude: Sequence[str]) -> tuple[str, ...]:
    """Files outside the excluded folders."""
    if not exclude:
        return tuple(files)
    return tuple(name for name in files if not is_excluded_file(name, exclude))


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
