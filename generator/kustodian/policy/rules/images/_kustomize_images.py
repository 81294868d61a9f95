"""Which images reach the `images:` entries of a kustomization, according to the source files.

Nothing is rendered: files, patches and the entries of the kustomizations below are read. The set may contain
an image that a patch removes again, so "no match" is certain and "match" is not.

Source: kustomize 5.8, api/filters/imagetag, api/internal/image, builtinpluginconsts/images.go
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from kustodian.kubernetes.syntax.image_reference import split_as_kustomize
from kustodian.model.json_value import FieldPath, mapping, mappings, text
from kustodian.model.linear_pattern import linear_pattern
from kustodian.model.repository.kustomization import Kustomization
from kustodian.model.repository.view import RepositoryView

#: Lists of containers; kustomize changes their images at any depth.
CONTAINER_FIELDS = ("containers", "initContainers")
#: Further fields that kustomize treats as images by default.
_DEFAULT_FIELDS = (
    "spec/volumes/image/reference",
    "spec/template/spec/volumes/image/reference",
    "spec/jobTemplate/spec/template/spec/volumes/image/reference",
)
_IN_TEXT = re.compile(r"""["']?\b(?:image|reference|value)["']?\s*:\s*["']?([^\s"',}\]]+)""")
_BUILTIN = "builtin"
#: Nearly every name, matched faster by Python.
_WITHOUT_REPEATS = re.compile(r"[\w./:@-]*", re.ASCII)


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
        """Whether the entry changes anything."""
        return bool(self.new_name or self.new_tag or self.digest or self.tag_suffix)

    def matches(self, image: str) -> bool:
        """Whether kustomize would change this image: the name is a pattern; tag and digest may follow."""
        expression = rf"^(?:{self.name})(?::[\w.{{}}-]*)?(?:@[\w.+-]+:[\w.{{}}-]*)?$"
        if _WITHOUT_REPEATS.fullmatch(self.name):
            return re.match(f"{expression[:-1]}\\Z", image, re.ASCII) is not None
        compiled = linear_pattern(expression)
        return compiled is not None and compiled.search(image)

    def apply(self, image: str) -> str:
        """The image after the entry is applied."""
        name, tag, digest = split_as_kustomize(image)
        name = self.new_name or name
        if self.new_tag or self.digest:
            tag, digest = self.new_tag, self.digest
        elif self.tag_suffix:
            tag, digest = tag + self.tag_suffix, ""
        return name + (f":{tag}" if tag else "") + (f"@{digest}" if digest else "")


class Images(NamedTuple):
    """Images at one point of a build; `complete` is False if there may be others that no file shows."""

    names: frozenset[str] = frozenset()
    complete: bool = True

    def plus(self, other: Images) -> Images:
        """The union of both."""
        return Images(self.names | other.names, self.complete and other.complete)


@dataclass(eq=False)
class ImageFlow:
    """Follows images through the kustomizations of a repository and records which entries match.

    `matched` maps (kustomization path, entry path) to whether the entry matched in any build, None if that
    cannot be known. `seen_by` maps a kustomization path to the images that its entries are applied to.
    """

    view: RepositoryView
    matched: dict[tuple[str, FieldPath], bool | None] = field(default_factory=dict)
    seen_by: dict[str, Images] = field(default_factory=dict)
    _out: dict[str, Images] = field(default_factory=dict)
    _running: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Collect the image fields of all `configurations:` files, which apply wherever they are merged."""
        configured = configured_image_fields(self.view)
        self._fields = [_steps(path) for path in (*_DEFAULT_FIELDS, *configured) if path]
        kinds: dict[str, set[str]] = {}
        for document in self.view.documents:
            kinds.setdefault(document.file, set()).add(document.kind)
        #: Files with nothing but CustomResourceDefinitions, which are large and run nothing.
        self._without_images = {
            file for file, in_file in kinds.items() if in_file == {"CustomResourceDefinition"}
        }

    def follow(self, kustomizations: list[Kustomization]) -> None:
        """Follow the builds of these kustomizations, and for a component the builds that use it."""
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
                self.images_rendered_by(build)

    def images_rendered_by(self, kustomization: Kustomization) -> Images:
        """The images in the output of a kustomization."""
        if kustomization.path in self._running:
            return Images(complete=False)
        if kustomization.path not in self._out:
            self._running.add(kustomization.path)
            self._out[kustomization.path] = self._images_after(kustomization, Images())
            self._running.discard(kustomization.path)
        return self._out[kustomization.path]

    def _images_after(self, kustomization: Kustomization, incoming: Images) -> Images:
        images = incoming
        for _, _, entry in kustomization.references("resources", "bases"):
            images = images.plus(self._resource_images(kustomization, entry))
        generated = any(
            kustomization.data.get(k) for k in ("generators", "helmCharts", "helmChartInflationGenerator")
        )
        images = Images(images.names, images.complete and not generated)
        for _, _, entry in kustomization.references("components"):
            component = self.view.graph.by_folder.get(kustomization.resolve(entry))
            if component is None or component.path in self._running:
                images = Images(images.names, complete=False)
                continue
            self._running.add(component.path)
            images = self._images_after(component, images)
            self._running.discard(component.path)
        if patched := frozenset(self._patch_images(kustomization)):
            images = images.plus(Images(patched))
        images = self._after_custom_transformers(kustomization, self._after_entries(kustomization, images))
        if "image" in str(kustomization.data.get("replacements", "")) or kustomization.data.get("vars"):
            images = Images(images.names, complete=False)
        return images

    def _after_entries(self, kustomization: Kustomization, images: Images) -> Images:
        before = self.seen_by.get(kustomization.path, Images())
        self.seen_by[kustomization.path] = before.plus(images)
        for entry in image_entries(kustomization):
            key = (kustomization.path, entry.path)
            hit = any(entry.matches(image) for image in images.names)
            if hit or self.matched.get(key):
                self.matched[key] = True
            elif not images.complete or self.matched.get(key, False) is None:
                self.matched[key] = None
            else:
                self.matched[key] = False
            changed = {entry.apply(image) if entry.matches(image) else image for image in images.names}
            images = Images(frozenset(changed), images.complete)
        return images

    def _resource_images(self, kustomization: Kustomization, entry: str) -> Images:
        target = kustomization.resolve(entry)
        if target in self.view.graph.by_folder:
            return self.images_rendered_by(self.view.graph.by_folder[target])
        if target in self._without_images:
            return Images()
        if target in self.view.file_set:
            documents = self.view.load(target)
            names = frozenset(image for document in documents for image in self.images_of(document))
            return Images(names, complete=bool(documents))
        return Images(complete=False)

    def _patch_images(self, kustomization: Kustomization) -> Iterator[str]:
        data = kustomization.data
        patches = [e for _, _, e in kustomization.references("patchesStrategicMerge")]
        for name in ("patches", "patchesJson6902"):
            for _, item in mappings(data.get(name)):
                patches += [text(item.get("patch")), text(item.get("path"))]
        for written in patches:
            if "\n" in written or "{" in written:
                yield from _IN_TEXT.findall(written)
            elif written:
                yield from _IN_TEXT.findall(self.view.read_text(kustomization.resolve(written)))

    def _after_custom_transformers(self, kustomization: Kustomization, images: Images) -> Images:
        """The images after transformers from files. One that is not built in may do anything."""
        for _, _, entry in kustomization.references("transformers"):
            documents = self.view.load(kustomization.resolve(entry)) if "\n" not in entry else []
            if not documents:
                images = Images(images.names, complete=False)
            for document in map(mapping, documents):
                if document.get("apiVersion") != _BUILTIN:
                    images = Images(images.names, complete=False)
                new_name = text(mapping(document.get("imageTag")).get("newName"))
                if new_name:
                    images = Images(images.names | {new_name}, images.complete)
        return images

    def images_of(self, document: object) -> set[str]:
        """The images of one object in the fields that kustomize changes."""
        data = mapping(document)
        if data.get("kind") == "CustomResourceDefinition":
            return set()
        names = {image for _, image in _container_images(data)}
        for steps in self._fields:
            names.update(_texts_at(data, steps))
        return names


def configured_image_fields(view: RepositoryView) -> list[str]:
    """The paths of the image fields that `configurations:` files declare."""
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


def _texts_at(value: object, steps: tuple[str, ...]) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _texts_at(item, steps)
    elif not steps:
        if isinstance(value, str):
            yield value
    elif isinstance(value, dict):
        yield from _texts_at(value.get(steps[0]), steps[1:])


def later_entries(kustomization: Kustomization, entry: ImageEntry) -> tuple[ImageEntry, ...]:
    """The entries that kustomize applies after this one."""
    entries = image_entries(kustomization)
    return entries[entries.index(entry) + 1 :]
