"""The images of a pod: those of its containers and of its image volumes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.kubernetes.syntax.image_reference import ImageReference, parse_image
from kustodian.model.json_value import FieldPath, dig, text
from kustodian.model.measure import Exactly, Measure

MOVING_TAGS = ("latest", "main", "master", "dev", "develop", "stable", "nightly", "edge")

#: Values that a controller fills in when it creates the pod: Argo Workflows parameters, operators' templates.
_FILLED_IN_LATER = re.compile(r"\{\{|\$[({A-Za-z_]")
#: Istio's injector replaces this word with the proxy image that fits the control plane.
_INJECTED = "auto"


@dataclass(frozen=True)
class ImageUse:
    """One image of a pod: its user (a container or volume), its text and path, and its pull policy."""

    user: str
    text: str
    path: FieldPath
    policy: str
    policy_path: FieldPath

    @cached_property
    def reference(self) -> ImageReference:
        """The image as the container runtime parses it."""
        return parse_image(self.text)

    @cached_property
    def measure(self) -> Measure:
        """The repository: another tag of it is no worse, another repository is."""
        return Exactly(f"{self.reference.host}/{self.reference.repository}")

    def moving_tag(self, moving_tags: tuple[str, ...]) -> str | None:
        """The tag if it moves (`latest` if there is none); None for a digest or a fixed tag."""
        if "@" in self.text:
            return None
        tag = self.reference.tag or "latest"
        return tag if not self.reference.tag or tag.lower() in moving_tags else None


def image_uses(pod: PodTemplate) -> tuple[ImageUse, ...]:
    """The images of a pod, except those that are absent or that a controller fills in."""
    return pod.memoized(_image_uses)


def _image_uses(pod: PodTemplate) -> tuple[ImageUse, ...]:
    return tuple(use for use in _all_uses(pod) if _is_known(use))


def _all_uses(pod: PodTemplate) -> Iterator[ImageUse]:
    for container in pod.containers:
        policy = text(container.data.get("imagePullPolicy"))
        path = container.path
        yield ImageUse(
            str(container), container.image, container.image_path, policy, (*path, "imagePullPolicy")
        )
    for path, volume in pod.volumes:
        image = text(dig(volume, ("image", "reference")))
        policy = text(dig(volume, ("image", "pullPolicy")))
        user = f'volume "{text(volume.get("name"))}"'
        yield ImageUse(user, image, (*path, "image", "reference"), policy, (*path, "image", "pullPolicy"))


def _is_known(use: ImageUse) -> bool:
    return bool(use.text) and use.text != _INJECTED and not _FILLED_IN_LATER.search(use.text)
