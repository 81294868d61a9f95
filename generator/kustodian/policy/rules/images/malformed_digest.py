"""Image has a digest that no registry can have.

Why: The container runtime rejects the reference, so the pod waits for an image that never arrives.

Fix: Copy the whole digest again (`sha256:` and 64 hexadecimal digits) into the `images:` entry.

Wrong:
    image: registry.example.com/iris@sha256:9f86d081

Right:
    image: registry.example.com/iris@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08

Notes: sha384 (96 digits) and sha512 (128 digits) are valid too. A digest of 64 zeros is reported by
    `placeholder-digest`.

Source: OCI Image Format Specification v1.1, "Digests",
https://github.com/opencontainers/image-spec/blob/v1.1.0/descriptor.md#digests
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.kubernetes.syntax.image_reference import parse_image
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, PodRule, Worse
from kustodian.policy.rules.images._image_uses import image_uses


def check(pod: PodTemplate, context: Context) -> Iterator[Violation]:
    """One violation for each image whose digest the runtimes reject."""
    for use in image_uses(pod):
        image = parse_image(use.text)
        if "@" in use.text and not image.has_valid_digest:
            yield Violation(use.path, f"{use.user} has the malformed digest `{image.digest}`", part="tag")


RULE = PodRule(
    id="malformed-digest",
    topic="images",
    severity="E/E/E",
    check=check,
    doc=__doc__,
    worse=Worse.NEVER,
)
