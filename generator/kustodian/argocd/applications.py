"""Argo CD Applications of the repository, those that an ApplicationSet makes included.

An Application that some overlay renders is judged as rendered; one that no kustomization lists, as it
is written.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

from kustodian.argocd import generators as _generators
from kustodian.argocd.generators import UNKNOWN
from kustodian.model.environment import EnvironmentClass
from kustodian.model.json_value import FieldPath, JsonObject, dig, mapping, mappings, sequence, text
from kustodian.model.manifest import Manifest
from kustodian.model.overlay import RenderedOverlay
from kustodian.model.repository_view import RepositoryView
from kustodian.model.violation import SourceViolation

GROUP = "argoproj.io"


class Placed(NamedTuple):
    """An object with the place where a person edits it; `overlay` is the one that renders it, if any.

    `inside` is the path of the object in its document: empty, or the item of a List.
    """

    manifest: Manifest
    file: str
    document: int
    inside: FieldPath = ()
    overlay: str | None = None

    def violation(
        self, path: FieldPath, message: str, about: str | None = None, fix: str | None = None
    ) -> SourceViolation:
        """A violation at a field; `about` is the overlay whose environment sets the severity."""
        overlay = about or self.overlay
        if self.overlay is not None:
            return SourceViolation(self.file, path, message, self.document, overlay, self.manifest, fix)
        return SourceViolation(self.file, (*self.inside, *path), message, self.document, overlay, None, fix)


class Source(NamedTuple):
    """One source of an Application for one parameter set; texts may hold `UNKNOWN`."""

    path: FieldPath
    repo_url: str
    folder: str
    chart: str
    revision: str
    is_ref: bool

    @property
    def is_chart(self) -> bool:
        """Whether it is a chart of a Helm or OCI repository."""
        return bool(self.chart) or self.repo_url.startswith("oci://")


@dataclass(frozen=True, eq=False)
class Application:
    """An Application, or the template of an ApplicationSet with its parameter sets."""

    placed: Placed
    base: FieldPath
    parameters: list[JsonObject] = field(default_factory=lambda: [{}])

    @cached_property
    def spec(self) -> JsonObject:
        """The Application's spec, with template braces as written."""
        return mapping(self.placed.manifest.get(*self.base, "spec"))

    @property
    def is_set(self) -> bool:
        """Whether an ApplicationSet makes it."""
        return bool(self.base)

    def at(self, *keys: str | int) -> FieldPath:
        """The path of a field of the spec, in the object."""
        return (*self.base, "spec", *keys)

    def values(self, template: str) -> list[str]:
        """What a text becomes in each Application made from it, without repetition."""
        return list(dict.fromkeys(_generators.expand(template, params) for params in self.parameters))

    @cached_property
    def sources(self) -> list[Source]:
        """Every source for every parameter set."""
        found: dict[Source, None] = {}
        for path, data in self.written_sources:
            for params in self.parameters:
                given = {
                    key: _generators.expand(text(data.get(key)), params)
                    for key in ("repoURL", "path", "chart", "targetRevision")
                }
                folder = (
                    given["path"]
                    if UNKNOWN in given["path"]
                    else posixpath.normpath(given["path"].strip("/") or ".")
                )
                source = Source(
                    path, given["repoURL"], folder, given["chart"], given["targetRevision"],
                    bool(data.get("ref")) and not data.get("path"),
                )  # fmt: skip
                found[source] = None
        return list(found)

    @cached_property
    def written_sources(self) -> list[tuple[FieldPath, JsonObject]]:
        """Each source with its path, as written: source, sources[] or the hydrator's dry source."""
        found: list[tuple[FieldPath, JsonObject]] = []
        sources = mappings(self.spec.get("sources"))
        found += [(self.at("sources", index), source) for index, source in sources]
        if not found and isinstance(self.spec.get("source"), dict):
            found.append((self.at("source"), self.spec["source"]))
        dry = dig(self.spec, ("sourceHydrator", "drySource"))
        if isinstance(dry, dict):
            found.append((self.at("sourceHydrator", "drySource"), dry))
        return found

    def sync_options(self) -> list[str]:
        """The syncOptions, with spaces taken out."""
        options = sequence(dig(self.spec, ("syncPolicy", "syncOptions")))
        return [option.replace(" ", "") for option in options if isinstance(option, str)]


def placed_objects(view: RepositoryView, *kinds: str) -> Iterator[Placed]:
    """The Argo CD objects of these kinds, each once: as rendered where an overlay has it, else from disk."""
    rendered_from: set[tuple[str, int, FieldPath]] = set()
    seen: set[tuple[str, int, FieldPath, str]] = set()
    mine = [(r, m) for r in view.overlays for m in r.objects if m.is_a(GROUP, *kinds)]
    view.prefetch([file for _, m in mine if (file := m.provenance.file) and m.provenance.document is None])
    for rendered, manifest in mine:
        place = source_of(view, manifest)
        rendered_from.add(place)
        key = (*place, repr(manifest.data))
        if key not in seen:
            seen.add(key)
            yield Placed(manifest, *place, overlay=rendered.overlay.path)
    for manifest in view.manifests(GROUP, *kinds):
        place = source_of(view, manifest)
        if place not in rendered_from and _is_whole(view, manifest):
            yield Placed(manifest, *place)


def source_of(view: RepositoryView, manifest: Manifest) -> tuple[str, int, FieldPath]:
    """File, document and path in it that an object was read from (its generator's file where none was)."""
    provenance = manifest.provenance
    if provenance.file is None:
        return (provenance.generator.configured_in if provenance.generator else "", 0, ())
    if provenance.document is not None:
        inside: FieldPath = () if provenance.item is None else ("items", provenance.item)
        return provenance.file, provenance.document, inside
    best: tuple[int, FieldPath] = (0, ())
    best_score = -1
    for document in view.documents_of(provenance.file):
        if document.data.get("kind") != manifest.kind:
            continue
        name = text(mapping(document.data.get("metadata")).get("name"))
        score = 10_000 if name == manifest.name else len(name) if name in manifest.name else 0
        if score > best_score:
            best, best_score = (document.index, document.base), score
    return provenance.file, *best


def _is_whole(view: RepositoryView, manifest: Manifest) -> bool:
    """Whether the document is an object of its own, not a patch of one."""
    used_as_patch = manifest.provenance.file in view.patch_files
    return not used_as_patch and bool(manifest.spec)


def applications(view: RepositoryView) -> list[Application]:
    """Every Application, and every ApplicationSet as the Applications it makes."""
    return view.memoized(_find_applications)


def _find_applications(view: RepositoryView) -> list[Application]:
    found = []
    placed_all = list(placed_objects(view, "Application", "ApplicationSet"))
    specs = [placed.manifest.spec for placed in placed_all if placed.manifest.kind == "ApplicationSet"]
    view.prefetch([file for spec in specs for file in _generators.files_read(view, spec)])
    for placed in placed_all:
        if placed.manifest.kind == "Application":
            found.append(Application(placed, ()))
        elif isinstance(placed.manifest.spec.get("template"), dict):
            params = _generators.parameters(view, placed.manifest.spec)
            found.append(Application(placed, ("spec", "template"), params))
    return found


@lru_cache(maxsize=1024)
def normal_url(url: str) -> str:
    """A repository URL without what may differ in spelling: scheme, user, `.git`, a final slash, case."""
    rest = re.sub(r"^[a-z+]+://", "", url.strip().lower())
    rest = re.sub(r"^[^@/]+@", "", rest)
    rest = re.sub(r"^([^/:]+):(?!\d+/)", r"\1/", rest)
    return rest.rstrip("/").removesuffix(".git")


def own_urls(view: RepositoryView) -> frozenset[str]:
    """The URLs of this repository: those of sources whose folder exists here."""
    return view.memoized(_find_own_urls)


def _find_own_urls(view: RepositoryView) -> frozenset[str]:
    written = {
        source.repo_url
        for application in applications(view)
        for source in application.sources
        if not source.is_chart and source.folder != "." and source.folder in view.folders
    }
    return frozenset(map(normal_url, written))


class Deployed(NamedTuple):
    """The folders of this repository that some Application deploys; `patterns` for those not fully known."""

    folders: frozenset[str]
    patterns: tuple[re.Pattern[str], ...]

    def has(self, folder: str) -> bool:
        """Whether an Application deploys this folder."""
        return folder in self.folders or any(p.match(folder) for p in self.patterns)


def deployed_folders(view: RepositoryView) -> Deployed:
    """What the Applications of the repository deploy; a folder that is not known may be any."""
    return view.memoized(_find_deployed)


def _find_deployed(view: RepositoryView) -> Deployed:
    return _deployed(s.folder for a in applications(view) for s in a.sources if not s.chart and not s.is_ref)


def _deployed(folders: Iterable[str]) -> Deployed:
    found = frozenset(folders)
    unknown = sorted(folder for folder in found if UNKNOWN in folder)
    return Deployed(found, tuple(_generators.pattern(folder) for folder in unknown))


def overlays_of(view: RepositoryView, application: Application) -> list[RenderedOverlay]:
    """The overlays of this repository that an Application deploys, the strictest environment first."""
    deployed = _deployed(s.folder for s in application.sources if not s.chart and s.folder != UNKNOWN)
    if deployed.patterns:
        matched = [r for r in view.overlays if deployed.has(r.overlay.path)]
    else:
        matched = [view.overlay_at[f] for f in sorted(deployed.folders) if f in view.overlay_at]
    order = list(EnvironmentClass)
    return sorted(matched, key=lambda r: -order.index(r.overlay.environment.environment_class))


def about(view: RepositoryView, application: Application) -> str | None:
    """The overlay whose environment decides how bad a finding about the Application is."""
    matched = [r for r in overlays_of(view, application) if r.overlay.environment.name is not None]
    return matched[0].overlay.path if matched else None


def label_of(application: Application) -> str:
    """`Application iris-prod`, `ApplicationSet iris`."""
    manifest = application.placed.manifest
    return f"{manifest.kind} {manifest.name}"


def plain(value: Any) -> bool:
    """Whether a text has no template braces and nothing unknown."""
    return isinstance(value, str) and "{{" not in value and UNKNOWN not in value
