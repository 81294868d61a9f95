"""Container runs an image without a tag, or with a tag that moves.

Why: The tag can point to another image tomorrow; the environment would change without a pull request.

Fix: Set an exact version in the overlay's `images:` entry: `newTag: 1.4.2`, or better a digest.

Wrong:
    image: registry.example.com/iris:latest

Right:
    image: registry.example.com/iris:1.4.2

Options:
    movingTags: the tags that move.

Source: Kubernetes documentation, "Images", https://kubernetes.io/docs/concepts/containers/images/#image-names
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.model.workload import PodTemplate
from kustodian.policy.image_reference import parse_image
from kustodian.policy.rule import Context, Option, PodRule, Violation

MOVING_TAGS = ("latest", "main", "master", "dev", "develop", "stable", "nightly", "edge")


def check(pod: PodTemplate, context: Context) -> Iterator[Violation]:
    """One violation for each container whose image has neither a digest nor a tag that stays."""
    for container in pod.containers:
        if not container.image:
            continue
        reference = parse_image(container.image)
        if reference.digest:
            continue
        if not reference.tag:
            problem = "has no tag, so it runs whatever `latest` is"
        elif reference.tag.lower() in context.options["movingTags"]:
            problem = f"runs the moving tag `{reference.tag}`"
        else:
            continue
        yield Violation((*container.path, "image"), f"{container} {problem}: {container.image}")


RULE = PodRule(
    id="unpinned-image",
    topic="images",
    severity="E/E/E",
    check=check,
    doc=__doc__,
    options={"movingTags": Option(MOVING_TAGS, "tags that are moved to newer images")},
)
