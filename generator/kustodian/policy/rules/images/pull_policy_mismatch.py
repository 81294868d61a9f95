"""Pull policy does not fit how the image is pinned.

Why: `Always` contacts the registry at every start although the digest already fixes the bytes, so an outage
    there keeps pods from starting; `IfNotPresent` with a tag that moves leaves each node with a different
    image.

Fix: Set `imagePullPolicy: IfNotPresent` (or remove it) for a digest; give an image with a moving tag a
    version. `kustodian check --fix` sets the policy that fits the image.

Wrong:
    image: registry.example.com/iris@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
    imagePullPolicy: Always

Right:
    image: registry.example.com/iris@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
    imagePullPolicy: IfNotPresent

Options:
    movingTags: the tags that move.

Notes: Only an explicit policy counts: the default depends on the tag.

Source: Kubernetes documentation, "Images",
https://kubernetes.io/docs/concepts/containers/images/#image-pull-policy
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.model.edit import set_field
from kustodian.model.measure import Exactly
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, Option, PodRule, Worse
from kustodian.policy.rules.images._image_uses import MOVING_TAGS, image_uses


def check(pod: PodTemplate, context: Context) -> Iterator[Violation]:
    """One violation for each policy that pulls too often or too rarely."""
    for use in image_uses(pod):
        moving = use.moving_tag(context.options["movingTags"])
        if use.policy == "Always" and use.reference.digest:
            fitting = "IfNotPresent"
            message = f"{use.user} asks the registry at every start for an image that its digest fixes"
        elif use.policy in ("IfNotPresent", "Never") and moving is not None:
            fitting = "Always"
            message = f"{use.user} keeps whatever `{moving}` was when the node first pulled it: {use.policy}"
        else:
            continue
        edits = set_field(use.policy_path, fitting)
        yield Violation(use.policy_path, message, edits=edits, measure=Exactly(use.policy))


RULE = PodRule(
    id="pull-policy-mismatch",
    topic="images",
    severity="W/W/W",
    check=check,
    doc=__doc__,
    worse=Worse.BY_MEASURE,
    tags=("reliability",),
    options={"movingTags": Option(MOVING_TAGS, "tags that are moved to newer images")},
)
