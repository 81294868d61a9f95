"""Which images reach the `images:` entries of a kustomization, followed through the files.

Nothing is rendered: files, patches and the entries of the kustomizations below are read. The set may hold
an image that a patch takes away again, so "no match" is certain and "match" is not.

Source: kustomize 5.8, api/filters/imagetag, api/internal/image, builtinpluginconsts/images.go
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from kustodian.model.field_path import FieldPath
from kustodian.model.json_value import mapping, mappings, text
from kustodian.model.kustomization import Kustomization
from kustodian.model.repository_view import RepositoryView

#: Lists of containers, whose images kustomize changes wherever they are.
CONTAINER_FIELDS = ("containers", "initContainers")
#: Fields beside those that kustomize takes for images.
_DEFAULT_FIELDS = (
    "spec/volumes/image/reference",
    "spec/template/spec/volumes/image/reference",
    "spec/jobTemplate/spec/template/spec/volumes/image/reference",
)
_IN_TEXT = re.compile(r"""["']?\b(?:image|reference|value)["']?\s*:\s*["']?([^\s"',}\]]+)""")
_BUILTIN = "builtin"


class ImageEntry(NamedTuple):
    """An entry of `images:` (or the deprecated `imageTags:`)."""

    path: FieldPath
    name: str
    new_name: str = ""
    new_tag: str = ""
    digest: str = ""
    tag_suffix: str = ""

    @property
    def sets_something(self) -> bool:
        """Whether it says what to change."""
        return bool(self.new_name or self.new_tag or self.digest or self.tag_suffix)

    def matches(self, image: str) -> bool:
        """Whether kustomize would change this image: the name is a pattern, tag and digest may follow."""
        try:
            return bool(
                re.match(rf"(?:{self.name})(?::[\w.{{}}-]*)?(?:@[\w.+-]+:[\w.{{}}-]*)?\Z", image, re.ASCII)
            )
        except re.error:
            return False

    def apply(self, image: str) -> str:
        """The image as it leaves the entry."""
        name, tag, digest = split_image(image)
        name = self.new_name or name
        if self.new_tag or self.digest:
            tag, digest = self.new_tag, self.digest
        elif self.tag_suffix:
            tag, digest = tag + self.tag_suffix, ""
        return name + (f":{tag}" if tag else "") + (f"@{digest}" if digest else "")


class Images(NamedTuple):
    """Images at some point of a build; `complete` is False where more may come that no file shows."""

    names: frozenset[str] = frozenset()
    complete: bool = True

    def plus(self, other: Images) -> Images:
        """Both together."""
        return Images(self.names | other.names, self.complete and other.complete)


@dataclass(eq=False)
class ImageFlow:
    """Follows images through all kustomizations of a repository; `matched` collects what entries matched.

    A key of `matched` is (kustomization path, entry path); its value says whether the entry matched in
    some build, None where that cannot be known.
    """

    view: RepositoryView
    matched: dict[tuple[str, FieldPath], bool | None] = field(default_factory=dict)
    seen_by: dict[str, Images] = field(default_factory=dict)
    _out: dict[str, Images] = field(default_factory=dict)
    _running: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Read the configurations' own image fields first: they hold wherever they are merged."""
        configured = configured_image_fields(self.view)
        self._fields = [_steps(path) for path in (*_DEFAULT_FIELDS, *configured) if path]
        kinds: dict[str, set[str]] = {}
        for document in self.view.documents:
            kinds.setdefault(document.file, set()).add(document.kind)
        #: Files of nothing but definitions, which are large and run nothing.
        self._without_images = {
            file for file, found in kinds.items() if found == {"CustomResourceDefinition"}
        }

    def follow(self, kustomizations: list[Kustomization]) -> None:
        """Build what these kustomizations take part in: themselves, or whoever uses them as a component."""
        builds: dict[str, Kustomization] = {}
        for kustomization in kustomizations:
            for build in (
                self.view.graph.roots(kustomization) if kustomization.is_component else [kustomization]
            ):
                builds[build.path] = build
        reached = {k.path: k for build in builds.values() for k in self.view.graph.built_from(build)}
        files = {k.resolve(entry) for k in reached.values() for _, _, entry in k.references("resources")}
        self.view.prefetch(sorted(files & self.view.file_set - self._without_images))
        for build in builds.values():
            if not build.is_component:
                self.leaving(build)

    def leaving(self, kustomization: Kustomization) -> Images:
        """The images of what the kustomization renders."""
        if kustomization.path in self._running:
            return Images(complete=False)
        if kustomization.path not in self._out:
            self._running.add(kustomization.path)
            self._out[kustomization.path] = self._through(kustomization, Images())
            self._running.discard(kustomization.path)
        return self._out[kustomization.path]

    def _through(self, kustomization: Kustomization, incoming: Images) -> Images:
        found = incoming
        for _, _, entry in kustomization.references("resources", "bases"):
            found = found.plus(self._resource(kustomization, entry))
        generated = any(
            kustomization.data.get(k) for k in ("generators", "helmCharts", "helmChartInflationGenerator")
        )
        found = Images(found.names, found.complete and not generated)
        for _, _, entry in kustomization.references("components"):
            component = self.view.graph.by_folder.get(kustomization.resolve(entry))
            if component is None or component.path in self._running:
                found = Images(found.names, complete=False)
                continue
            self._running.add(component.path)
            found = self._through(component, found)
            self._running.discard(component.path)
        if patched := frozenset(self._patched(kustomization)):
            found = found.plus(Images(patched))
        found = self._custom_transformers(kustomization, self._entries(kustomization, found))
        if "image" in str(kustomization.data.get("replacements", "")) or kustomization.data.get("vars"):
            found = Images(found.names, complete=False)
        return found

    def _entries(self, kustomization: Kustomization, found: Images) -> Images:
        before = self.seen_by.get(kustomization.path, Images())
        self.seen_by[kustomization.path] = before.plus(found)
        for entry in image_entries(kustomization):
            key = (kustomization.path, entry.path)
            hit = any(entry.matches(image) for image in found.names)
            if hit or self.matched.get(key):
                self.matched[key] = True
            elif not found.complete or self.matched.get(key, False) is None:
                self.matched[key] = None
            else:
                self.matched[key] = False
            changed = {entry.apply(image) if entry.matches(image) else image for image in found.names}
            found = Images(frozenset(changed), found.complete)
        return found

    def _resource(self, kustomization: Kustomization, entry: str) -> Images:
        target = kustomization.resolve(entry)
        if target in self.view.graph.by_folder:
            return self.leaving(self.view.graph.by_folder[target])
        if target in self._without_images:
            return Images()
        if target in self.view.file_set:
            documents = self.view.load(target)
            names = frozenset(image for document in documents for image in self.images_of(document))
            return Images(names, complete=bool(documents))
        return Images(complete=False)

    def _patched(self, kustomization: Kustomization) -> Iterator[str]:
        data = kustomization.data
        inline = [e for _, _, e in kustomization.references("patchesStrategicMerge")]
        for name in ("patches", "patchesJson6902"):
            for _, item in mappings(data.get(name)):
                inline += [text(item.get("patch")), text(item.get("path"))]
        for written in inline:
            if "\n" in written or "{" in written:
                yield from _IN_TEXT.findall(written)
            elif written:
                yield from _IN_TEXT.findall(self.view.read_text(kustomization.resolve(written)))

    def _custom_transformers(self, kustomization: Kustomization, found: Images) -> Images:
        """Transformers from files: ImageTagTransformer renames, one that is not built in may do anything."""
        for _, _, entry in kustomization.references("transformers"):
            documents = self.view.load(kustomization.resolve(entry)) if "\n" not in entry else []
            if not documents:
                found = Images(found.names, complete=False)
            for document in map(mapping, documents):
                if document.get("apiVersion") != _BUILTIN:
                    found = Images(found.names, complete=False)
                new_name = text(mapping(document.get("imageTag")).get("newName"))
                if new_name:
                    found = Images(found.names | {new_name}, found.complete)
        return found

    def images_of(self, document: object) -> set[str]:
        """The images of one object in the fields that kustomize looks at."""
        data = mapping(document)
        if data.get("kind") == "CustomResourceDefinition":
            return set()
        found = {image for _, image in _container_images(data)}
        for steps in self._fields:
            found.update(_at(data, steps))
        return found


def configured_image_fields(view: RepositoryView) -> list[str]:
    """The paths of image fields that `configurations:` files declare."""
    return [
        text(spec.get("path"))
        for kustomization in view.kustomizations.values()
        for _, _, entry in kustomization.references("configurations")
        for document in view.load(kustomization.resolve(entry))
        for _, spec in mappings(mapping(document).get("images"))
    ]


def image_entries(kustomization: Kustomization) -> tuple[ImageEntry, ...]:
    """The entries of `images:`, in order."""
    return kustomization.memoized(_image_entries)


def _image_entries(kustomization: Kustomization) -> tuple[ImageEntry, ...]:
    return tuple(
        ImageEntry(
            (name, index),
            text(item.get("name")),
            text(item.get("newName")),
            str(item.get("newTag") or ""),
            text(item.get("digest")),
            text(item.get("tagSuffix")),
        )
        for name in ("images", "imageTags")
        for index, item in mappings(kustomization.data.get(name))
    )


def split_image(image: str) -> tuple[str, str, str]:
    """Name, tag and digest as kustomize splits them."""
    head, slash, rest = image.partition("/")
    searched = rest if slash else image
    rest, _, digest = searched.partition("@")
    rest, _, tag = rest.partition(":")
    return (f"{head}/{rest}" if slash else rest), tag, digest


def _container_images(value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, list):
        for item in value:
            yield from _container_images(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key in CONTAINER_FIELDS:
                for _, container in mappings(item):
                    if isinstance(container.get("image"), str):
                        yield key, container["image"]
            yield from _container_images(item)


def _steps(path: str) -> tuple[str, ...]:
    return tuple(step.removesuffix("[]") for step in path.split("/"))


def _at(value: object, steps: tuple[str, ...]) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _at(item, steps)
    elif not steps:
        if isinstance(value, str):
            yield value
    elif isinstance(value, dict):
        yield from _at(value.get(steps[0]), steps[1:])


def later_entries(kustomization: Kustomization, entry: ImageEntry) -> tuple[ImageEntry, ...]:
    """The entries after this one."""
    entries = image_entries(kustomization)
    return entries[entries.index(entry) + 1 :]
