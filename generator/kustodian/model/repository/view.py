"""The repository as repository rules see it: kustomizations, manifests on disk, rendered overlays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from kustodian.model.environment import environment_of
from kustodian.model.json_value import JsonObject, mappings, text
from kustodian.model.manifest import Manifest, Provenance
from kustodian.model.memo import Memoized
from kustodian.model.overlay import RenderedOverlay
from kustodian.model.repository.kustomization import Kustomization, KustomizationGraph
from kustodian.model.repository.source_files import FileDocument, NoSourceFiles, SourceFiles


@dataclass(slots=True, eq=False)
class SourceDocument:
    """The identity of an object in a YAML file; `line` is where its document starts.

    Treat it as immutable: it is not frozen because there are many, and frozen instances are slow to create.
    """

    file: str
    index: int
    line: int
    api_version: str
    kind: str
    name: str
    namespace: str | None


@dataclass(eq=False)
class RepositoryView(Memoized):
    """The input of repository rules; every path is relative to the repository root.

    `yaml_files` are all YAML files that parse, `files` all files of any kind; both are without what git
    ignores and the configuration excludes. `environments` maps the configured environments to their globs of
    overlay folders, whatever is being checked; `exclude` are globs of the folders that are left out.

    `subjects` are the folders of the kustomizations to report on, None for all. The others are there to be
    looked up.
    """

    kustomizations: dict[str, Kustomization] = field(default_factory=dict)
    documents: list[SourceDocument] = field(default_factory=list)
    yaml_files: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    environments: dict[str, tuple[str, ...]] = field(default_factory=dict)
    overlays: list[RenderedOverlay] = field(default_factory=list)
    sources: SourceFiles = field(default_factory=NoSourceFiles)
    subjects: frozenset[str] | None = None
    exclude: tuple[str, ...] = ()

    @cached_property
    def asked_about(self) -> tuple[Kustomization, ...]:
        """The kustomizations that a rule must report on."""
        found = self.kustomizations.values()
        return tuple(k for k in found if self.subjects is None or k.directory in self.subjects)

    @cached_property
    def files_used(self) -> frozenset[str]:
        """Every file that was read to render the overlays."""
        return frozenset(path for overlay in self.overlays for path in overlay.files)

    @cached_property
    def files_maybe_used(self) -> frozenset[str]:
        """Every file that the overlays that were not rendered may read."""
        return frozenset().union(*(overlay.may_read for overlay in self.overlays))

    @cached_property
    def file_set(self) -> frozenset[str]:
        """Every file of the repository."""
        return frozenset((*self.files, *self.yaml_files, *self.kustomizations))

    @cached_property
    def sorted_files(self) -> list[str]:
        """`file_set`, sorted."""
        return sorted(self.file_set)

    @cached_property
    def sorted_folders(self) -> list[str]:
        """`folders`, sorted."""
        return sorted(self.folders)

    @cached_property
    def folders(self) -> frozenset[str]:
        """Every folder with a file below it, at any depth; "." is the root."""
        found = {"."}
        for path in self.file_set:
            folder = path.rpartition("/")[0]
            while folder and folder not in found:
                found.add(folder)
                folder = folder.rpartition("/")[0]
        return frozenset(found)

    @cached_property
    def graph(self) -> KustomizationGraph:
        """Which kustomization uses which."""
        return KustomizationGraph(self.kustomizations)

    @cached_property
    def patch_files(self) -> frozenset[str]:
        """The files that kustomizations apply as patches."""
        found: set[str] = set()
        for kustomization in self.kustomizations.values():
            entries = [entry for _, _, entry in kustomization.references("patchesStrategicMerge", "patches")]
            for name in ("patches", "patchesJson6902"):
                entries += [text(item.get("path")) for _, item in mappings(kustomization.data.get(name))]
            found.update(kustomization.resolve(entry) for entry in entries if entry and "\n" not in entry)
        return frozenset(found)

    @cached_property
    def overlay_at(self) -> dict[str, RenderedOverlay]:
        """Rendered overlays by their path."""
        return {rendered.overlay.path: rendered for rendered in self.overlays}

    def environment_of(self, folder: str) -> str | None:
        """The environment of an overlay's folder, checked in this run or not; None if it has none."""
        rendered = self.overlay_at.get(folder)
        if rendered is not None and rendered.overlay.environment.name is not None:
            return rendered.overlay.environment.name
        return environment_of(folder, self.environments)

    def load(self, file: str) -> list[JsonObject]:
        """The objects of a YAML file; empty if it does not parse."""
        return [document.data for document in self.sources.documents(file)]

    def documents_of(self, file: str) -> list[FileDocument]:
        """The objects of a YAML file with their positions; empty if it does not parse."""
        return self.sources.documents(file)

    def prefetch(self, files: Iterable[str]) -> None:
        """Parse together the files that will be loaded."""
        self.sources.prefetch(files)

    def read_text(self, file: str) -> str:
        """The text of a file; empty if it cannot be read or is not UTF-8."""
        return self.sources.text(file)

    def start(self, file: str) -> bytes:
        """The first bytes of a file, of any encoding; none if it cannot be read."""
        return self.sources.start(file)

    def repeated_keys(self, texts: Mapping[str, str]) -> dict[str, tuple[int, str]]:
        """Of each YAML text with a key twice in one mapping: the line of the second, and the key."""
        return self.sources.repeated_keys(texts)

    def committed_start(self, file: str) -> bytes | None:
        """The first bytes of a file as git has it, None if it does not (see `SourceFiles`)."""
        return self.sources.committed_start(file)

    def history(self, file: str) -> list[str]:
        """The contents of a file in the commits that HEAD reaches (see `SourceFiles.history`)."""
        return self.sources.history(file)

    def manifests(self, group: str, *kinds: str) -> list[Manifest]:
        """The objects of a group and of these kinds as written in files, not as rendered."""
        lines: dict[str, list[int]] = {}
        for head in self.documents:
            if head.kind in kinds and head.api_version.rpartition("/")[0] == group:
                lines.setdefault(head.file, []).append(head.line)
        found = []
        for file, documents in self.sources.documents_at(lines).items():
            for document in documents:
                manifest = Manifest(
                    document.data, Provenance(file, document=document.index, item=document.item)
                )
                if manifest.is_a(group, *kinds):
                    found.append(manifest)
        return found
