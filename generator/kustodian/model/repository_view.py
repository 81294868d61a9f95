"""The repository as rules of kind "repo" see it: kustomizations, manifests on disk, rendered overlays."""

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
    """One document of a YAML file on disk, by what names it; `line` is where it starts.

    Not frozen, which would make each of the many cost three times as much.
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
    """One document of a YAML file, or one item of a `kind: List` in it, with its place in the file."""

    index: int
    item: int | None
    data: JsonObject

    @property
    def base(self) -> FieldPath:
        """The path of the object in its document."""
        return () if self.item is None else ("items", self.item)


@dataclass(eq=False)
class RepositoryView(Memoized):
    """All that repo rules may look at; every path is relative to the repository root.

    `load` parses a YAML file into its objects (empty where it does not parse), `parse` gives each with its
    place; both are lazy because most rules need only few files (`prefetch` reads many at once). `parse_at`
    gives the documents at some lines of each file, and maybe others beside them.
    `yaml_files` are all YAML files of the repository that parse, `files` all files of any kind; neither
    holds what git ignores or what the
    configuration excludes. `environments` maps the names that the configuration declares to their globs
    of overlay folders (empty where it declares none); it does not depend on what is being checked.

    `history` gives every text that a file had in the commits that HEAD reaches, newest first, without the
    working tree's own. It is empty where that cannot be known for sure: no git, a shallow clone, a file
    that was never committed.

    `subjects` are the folders of the kustomizations that a rule has to speak of, where it is asked about some
    only (None: all); everything else is there to be looked up.
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
        """The kustomizations that a rule about each of them has to look at."""
        found = self.kustomizations.values()
        return tuple(k for k in found if self.subjects is None or k.directory in self.subjects)

    @cached_property
    def files_used(self) -> frozenset[str]:
        """Every file that rendering some overlay read."""
        return frozenset(path for overlay in self.overlays for path in overlay.files)

    @cached_property
    def files_maybe_used(self) -> frozenset[str]:
        """What rendering the overlays that are not rendered here may read."""
        return frozenset().union(*(overlay.may_read for overlay in self.overlays))

    @cached_property
    def file_set(self) -> frozenset[str]:
        """Every file of the repository."""
        return frozenset((*self.files, *self.yaml_files, *self.kustomizations))

    @cached_property
    def sorted_files(self) -> list[str]:
        """The same in the order of their names."""
        return sorted(self.file_set)

    @cached_property
    def sorted_folders(self) -> list[str]:
        """`folders` in the order of their names."""
        return sorted(self.folders)

    @cached_property
    def folders(self) -> frozenset[str]:
        """Every folder that holds a file, at any depth; "." is the root."""
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
        """Files that some kustomization applies as a patch."""
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
        """The environment of an overlay's folder, checked in this run or not; None where it has none."""
        rendered = self.overlay_at.get(folder)
        if rendered is not None and rendered.overlay.environment.name is not None:
            return rendered.overlay.environment.name
        return environment_of(folder, self.environments)

    def documents_of(self, file: str) -> list[FileDocument]:
        """The objects of a YAML file with their places."""
        if self.parse is not None:
            return self.parse(file)
        return [FileDocument(index, None, data) for index, data in enumerate(self.load(file))]

    def manifests(self, group: str, *kinds: str) -> list[Manifest]:
        """Objects of that group and kinds written in files of the repository (not as rendered)."""
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
