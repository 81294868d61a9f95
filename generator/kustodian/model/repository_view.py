"""The repository as repository rules see it: kustomizations, manifests on disk, rendered overlays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from kustodian.model.environment import environment_of
from kustodian.model.json_value import FieldPath, JsonObject, mappings, text
from kustodian.model.kustomization import Kustomization, KustomizationGraph
from kustodian.model.manifest import Manifest, Provenance
from kustodian.model.memo import Memoized
from kustodian.model.overlay import RenderedOverlay


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


@dataclass(eq=False)
class RepositoryView(Memoized):
    """The input of repository rules; every path is relative to the repository root.

    `yaml_files` are all YAML files that parse, `files` all files of any kind; both are without what git
    ignores and the configuration excludes. `environments` maps the configured environments to their globs of
    overlay folders, whatever is being checked.

    `load` parses a YAML file into its objects (empty if it does not parse), and `parse` returns them with
    their positions. `parse_at` returns the documents at some lines of each file, and possibly others.
    `prefetch` tells which files will be loaded, so that they are parsed together.

    `history` returns the contents of a file in the commits that HEAD reaches, newest first, without the
    work tree. It is empty without git and for an uncommitted file, and raises HistoryUnknown if not all are
    known, as in a shallow clone.

    `subjects` are the folders of the kustomizations to report on, None for all. The others are there to be
    looked up.
    """

    kustomizations: dict[str, Kustomization] = field(default_factory=dict)
    documents: list[SourceDocument] = field(default_factory=list)
    yaml_files: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    environments: dict[str, tuple[str, ...]] = field(default_factory=dict)
    overlays: list[RenderedOverlay] = field(default_factory=list)
    load: Callable[[str], list[JsonObject]] = lambda _: []
    parse: Callable[[str], list[FileDocument]] | None = None
    parse_at: Callable[[Mapping[str, list[int]]], dict[str, list[FileDocument]]] | None = None
    prefetch: Callable[[list[str]], None] = lambda _: None
    read_text: Callable[[str], str] = lambda _: ""
    history: Callable[[str], list[str]] = lambda _: []
    subjects: frozenset[str] | None = None

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

    def documents_of(self, file: str) -> list[FileDocument]:
        """The objects of a YAML file with their positions."""
        if self.parse is not None:
            return self.parse(file)
        return [FileDocument(index, None, data) for index, data in enumerate(self.load(file))]

    def manifests(self, group: str, *kinds: str) -> list[Manifest]:
        """The objects of a group and of these kinds as written in files, not as rendered."""
        lines: dict[str, list[int]] = {}
        for head in self.documents:
            if head.kind in kinds and head.api_version.rpartition("/")[0] == group:
                lines.setdefault(head.file, []).append(head.line)
        if self.parse_at is not None:
            read = self.parse_at(lines)
        else:
            read = {file: self.documents_of(file) for file in lines}
        found = []
        for file, documents in read.items():
            for document in documents:
                manifest = Manifest(
                    document.data, Provenance(file, document=document.index, item=document.item)
                )
                if manifest.is_a(group, *kinds):
                    found.append(manifest)
        return found
