"""Container runs an image without a tag, or with a tag that moves.

Why: The tag can point to another image tomorrow; the environment would change without a pull request.

Fix: Set an exact version in the overlay's `images:` entry: `newTag: 1.4.2`, or better a digest.

Wrong:
    image: registry.example.com/iris:latest

Right:
    image: registry.example.com/iris:1.4.2

Options:
    movingTags: the tags that move.

Notes: Image volumes count too. An image that a controller fills in (`{{workflow.parameters.image}}`, Istio's
`auto`) does not.

Source: Kubernetes documentation, "Images", https://kubernetes.io/docs/concepts/containers/images/#image-names
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, Option, PodRule, Worse
from kustodian.policy.rules.images._image_uses import MOVING_TAGS, image_uses


def check(pod: PodTemplate, context: Context) -> Iterator[Violation]:
    """One violation for each image that has neither a digest nor a fixed tag."""
    for use in image_uses(pod):
        tag = use.moving_tag(context.options["movingTags"])
        if tag is None:
            continue
        has_tag = bool(use.reference.tag)
        problem = f"uses the moving tag `{tag}`" if has_tag else "has no tag, so it uses whatever `latest` is"
        yield Violation(use.path, f"{use.user} {problem}: {use.text}", measure=use.measure, part="tag")


RULE = PodRule(
    id="unpinned-image",
    topic="images",
    severity="E/E/E",
    check=check,
    doc=__doc__,
    worse=Worse.BY_MEASURE,
    options={"movingTags": Option(MOVING_TAGS, "tags that are moved to newer images")},
)
