"""Argo CD Applications of the repository, including those that an ApplicationSet creates.

An Application that an overlay renders is read as rendered, and any other as it is written in its file.
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
from kustodian.model.measure import Measure
from kustodian.model.overlay import RenderedOverlay
from kustodian.model.repository.view import RepositoryView
from kustodian.model.violation import SourceViolation

GROUP = "argoproj.io"


class Placed(NamedTuple):
    """An object and the place where it is written; `overlay` is the path of the overlay that renders it.

    `inside` is the path of the object in its document: empty, or that of an item of a List.
    """

    manifest: Manifest
    file: str
    document: int
    inside: FieldPath = ()
    overlay: str | None = None

    def violation(
        self,
        path: FieldPath,
        message: str,
        about: str | None = None,
        fix: str | None = None,
        measure: Measure | None = None,
    ) -> SourceViolation:
        """A violation at a field of the object; the environment of overlay `about` sets the severity."""
        overlay = about or self.overlay
        if self.overlay is not None:
            manifest: Manifest | None = self.manifest
            inside = path
        else:
            manifest, inside = None, (*self.inside, *path)
        return SourceViolation(
            self.file, inside, message, self.document, overlay, manifest, fix, measure=measure
        )


class Source(NamedTuple):
    """A source of an Application for one parameter set; its texts may contain `UNKNOWN`.

    `path` leads to it in the object. `is_ref` says that it only provides files to other sources.
    """

    path: FieldPath
    repo_url: str
    folder: str
    chart: str
    revision: str
    is_ref: bool

    @property
    def is_chart(self) -> bool:
        """Whether the source is a chart of a Helm or OCI repository."""
        return bool(self.chart) or self.repo_url.startswith("oci://")


@dataclass(frozen=True, eq=False)
class Application:
    """An Application, or an ApplicationSet with its parameter sets.

    `base` is the path of the Application in the object: empty, or that of the template.
    """

    placed: Placed
    base: FieldPath
    parameters: list[JsonObject] = field(default_factory=lambda: [{}])

    @cached_property
    def spec(self) -> JsonObject:
        """The spec of the Application as written, with template braces."""
        return mapping(self.placed.manifest.get(*self.base, "spec"))

    @property
    def is_set(self) -> bool:
        """Whether the object is an ApplicationSet."""
        return bool(self.base)

    def at(self, *keys: str | int) -> FieldPath:
        """The path in the object of a field of the Application's spec."""
        return (*self.base, "spec", *keys)

    def values(self, template: str) -> list[str]:
        """The texts that a template becomes in the Applications, each once."""
        return list(dict.fromkeys(_generators.expand(template, params) for params in self.parameters))

    @cached_property
    def sources(self) -> list[Source]:
        """Every source for every parameter set, each once."""
        sources: dict[Source, None] = {}
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
                sources[source] = None
        return list(sources)

    @cached_property
    def written_sources(self) -> list[tuple[FieldPath, JsonObject]]:
        """Each source as written, with its path: those of `sources`, or else `source`, and the hydrator's."""
        sources = [
            (self.at("sources", index), source) for index, source in mappings(self.spec.get("sources"))
        ]
        if not sources and isinstance(self.spec.get("source"), dict):
            sources.append((self.at("source"), self.spec["source"]))
        dry = dig(self.spec, ("sourceHydrator", "drySource"))
        if isinstance(dry, dict):
            sources.append((self.at("sourceHydrator", "drySource"), dry))
        return sources

    def sync_options(self) -> list[str]:
        """`syncPolicy.syncOptions` without spaces."""
        options = sequence(dig(self.spec, ("syncPolicy", "syncOptions")))
        return [option.replace(" ", "") for option in options if isinstance(option, str)]


def placed_objects(view: RepositoryView, *kinds: str) -> Iterator[Placed]:
    """The Argo CD objects of these kinds, each once: as overlays render them, else as written in files."""
    rendered_from: set[tuple[str, int, FieldPath]] = set()
    seen: set[tuple[str, int, FieldPath, str]] = set()
    rendered_objects = [
        (r, m) for r in view.overlays for m in (*r.objects, *r.opened) if m.is_a(GROUP, *kinds)
    ]
    view.prefetch(
        [file for _, m in rendered_objects if (file := m.provenance.file) and m.provenance.document is None]
    )
    for rendered, manifest in rendered_objects:
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
    """The (file, document, path in it) that an object was read from.

    For a generated object, the file is the kustomization of its generator.
    An object inside another one is in the place of that one.
    """
    while manifest.inside is not None:
        manifest = manifest.inside.carrier
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
    """Whether the document is a complete object and not a patch."""
    used_as_patch = manifest.provenance.file in view.patch_files
    return not used_as_patch and bool(manifest.spec)


def applications(view: RepositoryView) -> list[Application]:
    """Every Application and ApplicationSet of the repository."""
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
    """A repository URL without scheme, user, `.git` and final slash, in lower case, to compare spellings."""
    rest = re.sub(r"^[a-z+]+://", "", url.strip().lower())
    rest = re.sub(r"^[^@/]+@", "", rest)
    rest = re.sub(r"^([^/:]+):(?!\d+/)", r"\1/", rest)
    return rest.rstrip("/").removesuffix(".git")


def own_urls(view: RepositoryView) -> frozenset[str]:
    """The normal URLs that name this repository: those of sources whose folder exists here."""
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
    """The folders that Applications deploy; `patterns` match those with an unknown part."""

    folders: frozenset[str]
    patterns: tuple[_generators.Expanded, ...]

    def has(self, folder: str) -> bool:
        """Whether an Application deploys, or may deploy, this folder."""
        return folder in self.folders or any(p.match(folder) for p in self.patterns)


def deployed_folders(view: RepositoryView) -> Deployed:
    """The folders that the Applications of the repository deploy; an unknown folder may be any."""
    return view.memoized(_find_deployed)


def _find_deployed(view: RepositoryView) -> Deployed:
    return _deployed(s.folder for a in applications(view) for s in a.sources if not s.chart and not s.is_ref)


def _deployed(folders: Iterable[str]) -> Deployed:
    found = frozenset(folders)
    unknown = sorted(folder for folder in found if UNKNOWN in folder)
    return Deployed(found, tuple(_generators.pattern(folder) for folder in unknown))


def overlays_of(view: RepositoryView, application: Application) -> list[RenderedOverlay]:
    """The overlays that an Application deploys or may deploy, those of the strictest environment first."""
    deployed = _deployed(s.folder for s in application.sources if not s.chart and s.folder != UNKNOWN)
    if deployed.patterns:
        matched = [r for r in view.overlays if deployed.has(r.overlay.path)]
    else:
        matched = [view.overlay_at[f] for f in sorted(deployed.folders) if f in view.overlay_at]
    order = list(EnvironmentClass)
    return sorted(matched, key=lambda r: -order.index(r.overlay.environment.environment_class))


def about(view: RepositoryView, application: Application) -> str | None:
    """The path of the overlay whose environment sets the severity of findings about the Application.

    None if the Application deploys no overlay of an environment.
    """
    matched = [r for r in overlays_of(view, application) if r.overlay.environment.name is not None]
    return matched[0].overlay.path if matched else None


def label_of(application: Application) -> str:
    """The kind and name of the object: `Application iris-prod`, `ApplicationSet iris`."""
    manifest = application.placed.manifest
    return f"{manifest.kind} {manifest.name}"


def plain(value: Any) -> bool:
    """Whether the value is a text without template braces and `UNKNOWN`."""
    return isinstance(value, str) and "{{" not in value and UNKNOWN not in value
