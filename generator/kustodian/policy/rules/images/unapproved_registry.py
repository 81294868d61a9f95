"""Container runs an image from a registry that is not on the allow list.

Why: Only images from the registries that you scan, sign and mirror are known to be what they claim to be;
    any other host can serve anything.

Fix: Mirror the image into an approved registry and set `newName` in the overlay's `images:` entry, or add the
registry to `registries` in kustodian.yaml.

Wrong:
    image: docker.io/someone/iris:1.4.2

Right:
    image: registry.example.com/iris:1.4.2

Notes: An entry names a host with its port (`registry.example.com:5000`). It may continue with a path
    (`ghcr.io/my-team`), or begin with `*.` for every subdomain. Whole components are compared, so
    `registry.example.com.evil.example` does not pass. `nginx` is on docker.io, under library. An empty list
    allows every registry.

Source: NSA/CISA Kubernetes Hardening Guide v1.2, "Building secure container images",
https://media.defense.gov/2022/Aug/29/2003066362/-1/-1/0/CTR_KUBERNETES_HARDENING_GUIDANCE_1.2_20220829.PDF
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.kubernetes.syntax.image_reference import ImageReference
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, PodRule, Worse
from kustodian.policy.rules.images._image_uses import image_uses

_DOCKER_HUB = ("docker.io", "index.docker.io", "registry-1.docker.io")


def check(pod: PodTemplate, context: Context) -> Iterator[Violation]:
    """One violation for each image that no entry of the allow list covers."""
    if not context.registries:
        return
    for use in image_uses(pod):
        if not any(_covers(entry, use.reference) for entry in context.registries):
            message = f"{use.user} has an image from {use.reference.host}, which is not approved: {use.text}"
            yield Violation(use.path, message, measure=use.measure)


def _covers(entry: str, image: ImageReference) -> bool:
    """Whether an entry of the allow list covers the image's host and, if it has a path, its folder."""
    host, _, folder = entry.strip("/").partition("/")
    if not ("." in host or ":" in host or host == "localhost"):
        host, folder = "docker.io", entry.strip("/")
    return _same_host(host.lower(), image.host.lower()) and _is_within(image.repository, folder)


def _same_host(allowed: str, host: str) -> bool:
    if allowed.startswith("*."):
        return host.endswith(allowed[1:])
    return host == allowed or (host in _DOCKER_HUB and allowed in _DOCKER_HUB)


def _is_within(repository: str, folder: str) -> bool:
    return not folder or repository == folder or repository.startswith(folder + "/")


RULE = PodRule(
    id="unapproved-registry",
    topic="images",
    severity="W/E/E",
    check=check,
    doc=__doc__,
    worse=Worse.BY_MEASURE,
    tags=("supply-chain",),
)
