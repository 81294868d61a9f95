"""The repository as its rules see it, made from the scan, the rendered overlays and git."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kustodian.model.json_value import JsonObject
from kustodian.model.manifest import Manifest
from kustodian.model.overlay import RenderedOverlay
from kustodian.model.repository.source_files import FileDocument
from kustodian.model.repository.view import RepositoryView, SourceDocument
from kustodian.render.engine import Engine, Scan, ScannedFile
from kustodian.repository.changes import Changes
from kustodian.repository.files import repository_files
from kustodian.repository.layout import is_excluded_file
from kustodian.review.check.plan import Plan
from kustodian.review.check.source_files import RevisionFiles, WorkTreeFiles
from kustodian.review.check.targets import kustomizations_of


def view_of(
    plan: Plan, rendered: list[RenderedOverlay], engine: Engine, files: tuple[str, ...] | None = None
) -> RepositoryView:
    """The repository for the repository rules; if only plain manifests are checked, they are all of it.

    `files` are the files of the repository, if they are known already.
    """
    plain = _plain_documents(rendered)
    scan = plan.scan or Scan(yaml_files=[(file, _heads(found), None) for file, found in plain.items()])
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
        sources=WorkTreeFiles(plan.root, engine, scan, plain),
        exclude=tuple(plan.config.exclude),
    )


def view_of_revision(
    plan: Plan, head: RepositoryView, changes: Changes, tracked: Iterable[str], engine: Engine
) -> RepositoryView:
    """The repository at another revision, of which `plan.root` holds only what changed.

    All else is taken from the view of the head; `tracked` are the files of the other revision.
    """
    scan = plan.scan or Scan()
    kustomizations = {
        path: kustomization if changes.touch(path) else head.kustomizations.get(path, kustomization)
        for path, kustomization in kustomizations_of(scan).items()
    }
    documents = [document for document in head.documents if not changes.touch(document.file)]
    documents += _documents(entry for entry in scan.yaml_files if changes.touch(entry[0]))
    files = [name for name in head.files if not changes.touch(name)]
    files += _without(filter(changes.touch, tracked), plan.config.exclude)
    return RepositoryView(
        kustomizations=kustomizations,
        documents=sorted(documents, key=lambda document: document.file),
        yaml_files=tuple(path for path, _, error in scan.yaml_files if error is None),
        files=tuple(sorted(files)),
        environments=head.environments,
        sources=RevisionFiles(WorkTreeFiles(plan.root, engine, scan), head.sources, changes),
        exclude=head.exclude,
    )


def _plain_documents(rendered: list[RenderedOverlay]) -> dict[str, list[FileDocument]]:
    """The objects of the manifest files that were given as targets, by file; stdin is "-"."""
    documents: dict[str, list[FileDocument]] = {}
    for overlay in rendered:
        for manifest in () if overlay.overlay.is_kustomization else overlay.objects:
            provenance = manifest.provenance
            document = FileDocument(provenance.document or 0, provenance.item, manifest.data)
            documents.setdefault(provenance.file or "", []).append(document)
    return documents


def _heads(documents: list[FileDocument]) -> list[JsonObject]:
    """The heads of these objects as the engine's scan returns them."""
    manifests = [Manifest(document.data) for document in documents]
    return [
        {"apiVersion": m.api_version, "kind": m.kind, "name": m.name, "namespace": m.namespace}
        for m in manifests
    ]


def _documents(files: Iterable[ScannedFile]) -> list[SourceDocument]:
    def word(head: JsonObject, key: str) -> str:
        return head.get(key) or ""

    return [
        SourceDocument(
            path,
            index,
            head.get("line") or 1,
            word(head, "apiVersion"),
            word(head, "kind"),
            word(head, "name"),
            word(head, "namespace") or None,
        )
        for path, heads, _ in files
        for index, head in enumerate(heads)
    ]


def _without(files: Iterable[str], exclude: Sequence[str]) -> tuple[str, ...]:
    """Files outside the excluded folders."""
    if not exclude:
        return tuple(files)
    return tuple(name for name in files if not is_excluded_file(name, exclude))
