"""Image has the digest of 64 zeros: no image exists yet.

Why: A generated repository starts with this digest until the first build writes the real one; until then the
pods cannot start.

Fix: Build and push the image, then let the build's pull request set the digest in the `images:` entry.

Wrong:
    image: registry.example.com/iris@sha256:0000000000000000000000000000000000000000000000000000000000000000

Right:
    image: registry.example.com/iris@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08

Source: OCI Image Format Specification v1.1, "Digests",
https://github.com/opencontainers/image-spec/blob/v1.1.0/descriptor.md#digests
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, PodRule, Worse
from kustodian.policy.rules.images._image_uses import image_uses


def check(pod: PodTemplate, context: Context) -> Iterator[Violation]:
    """One violation for each image that still has the placeholder."""
    for use in image_uses(pod):
        if use.reference.is_placeholder:
            yield Violation(
                use.path, f"{use.user} has a placeholder for its digest: no image exists yet", part="tag"
            )


RULE = PodRule(
    id="placeholder-digest",
    topic="images",
    severity="I/I/I",
    check=check,
    doc=__doc__,
    worse=Worse.NEVER,
)
