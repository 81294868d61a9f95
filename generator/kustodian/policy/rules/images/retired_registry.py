"""Container runs an image from a registry that has been retired.

Why: A frozen registry gets no fixes, and one day its images are gone: the pod runs until a new node has to
    pull.

Fix: Set `newName` in the overlay's `images:` entry to the image's new place, which the message names if it
    is known.

Wrong:
    image: k8s.gcr.io/pause:3.9

Right:
    image: registry.k8s.io/pause:3.9

Options:
    retired: further registries, or folders in one, that you have retired.

Notes: Retired are k8s.gcr.io (frozen in April 2023) with its older names and mirrors, gcr.io/kubebuilder,
    quay.io/k8scsi, docker.pkg.github.com, and Bitnami's free catalogue on Docker Hub, whose versions moved
    in 2025 to an archive without updates.

Source: Kubernetes blog, "k8s.gcr.io Redirect to registry.k8s.io",
https://kubernetes.io/blog/2023/03/10/image-registry-redirect/; Bitnami,
https://github.com/bitnami/containers/issues/83267
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.kubernetes.syntax.image_reference import ImageReference
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, Option, PodRule, Worse
from kustodian.policy.rules.images._image_uses import image_uses

_GCR_HOSTS = ("gcr.io", "us.gcr.io", "eu.gcr.io", "asia.gcr.io")

#: A retired host, or a folder on one -> where its images are now.
RETIRED: dict[str, str] = {
    "k8s.gcr.io": "registry.k8s.io",
    **{f"{host}/{folder}": "registry.k8s.io"
       for host in _GCR_HOSTS for folder in ("google_containers", "google-containers", "k8s-artifacts-prod")},
    "gcr.io/kubebuilder": "registry.k8s.io/kubebuilder",
    "quay.io/k8scsi": "registry.k8s.io/sig-storage",
    "docker.pkg.github.com": "ghcr.io",
    "docker.io/bitnami": "an image that its project still builds",
    "docker.io/bitnamilegacy": "an image that its project still builds",
}  # fmt: skip


def check(pod: PodTemplate, context: Context) -> Iterator[Violation]:
    """One violation for each image from a retired registry."""
    retired = {**RETIRED, **{entry.strip("/"): "" for entry in context.options["retired"]}}
    for use in image_uses(pod):
        for place, successor in retired.items():
            if _is_in(use.reference, place):
                advice = f"; use {successor}" if successor else ""
                message = f"{use.user} has an image from {place}, which is retired{advice}"
                yield Violation(use.path, message, measure=use.measure)
                break


def _is_in(image: ImageReference, place: str) -> bool:
    return f"{image.host.lower()}/{image.repository}/".startswith(place + "/")


RULE = PodRule(
    id="retired-registry",
    topic="images",
    severity="W/E/E",
    check=check,
    doc=__doc__,
    worse=Worse.BY_MEASURE,
    options={"retired": Option((), "further registries, or folders in one, that are retired")},
)
