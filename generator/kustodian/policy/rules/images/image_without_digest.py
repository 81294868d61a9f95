"""Container runs an image that is not pinned to a digest.

Why: A tag can be pushed again; only a digest fixes which bytes run, so that what was tested in one
    environment is what runs in the next.

Fix: Set `digest: sha256:...` in the overlay's `images:` entry.

Wrong:
    image: registry.example.com/iris:1.4.2

Right:
    image: registry.example.com/iris@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08

Source: Kubernetes documentation, "Images", https://kubernetes.io/docs/concepts/containers/images/#image-names
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, PodRule, Worse
from kustodian.policy.rules.images._image_uses import image_uses


def check(pod: PodTemplate, context: Context) -> Iterator[Violation]:
    """One violation for each image that has no digest, not even a malformed one."""
    for use in image_uses(pod):
        if "@" not in use.text:
            yield Violation(
                use.path, f"{use.user} has no digest: {use.text}", measure=use.measure, part="tag"
            )


RULE = PodRule(
    id="image-without-digest",
    topic="images",
    severity="-/W/E",
    check=check,
    doc=__doc__,
    worse=Worse.BY_MEASURE,
    tags=("supply-chain",),
)
