"""Prod runs an image digest that staging never ran.

Why: The image bypassed the environment where it would have been tested: users are the first to see its
    faults.

Fix: Promote the version through staging first (`kustodian promote`), or set prod back to a digest that
    staging ran.

Wrong:
    # overlays/prod, while overlays/staging has only ever had sha256:aaaa...
    digest: sha256:bbbb...

Right:
    digest: sha256:aaaa...

Notes: The rule compares the digests of one image name in the overlays of one application. Staging ran what
    it renders now and every digest in the git history of the files that it is built from. Nothing is
    reported without a git history, for a digest of all zeros, or for an image that staging does not run at
    all. Where the history decides and is not complete (a shallow or partial clone), the check ends with
    exit code 3: fetch all of it (`fetch-depth: 0`).

Source: OCI image specification 1.1, "Descriptors: Digests",
https://github.com/opencontainers/image-spec/blob/v1.1.0/descriptor.md#digests; SLSA 1.0, "Verifying
artifacts", https://slsa.dev/spec/v1.0/verifying-artifacts
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kustodian.kubernetes.pods.workload import pods_of
from kustodian.kubernetes.syntax.image_reference import ImageReference, parse_image
from kustodian.kustomize.environment_pairs import environment_pairs
from kustodian.model.environment import EnvironmentClass
from kustodian.model.errors import HistoryUnknown
from kustodian.model.json_value import FieldPath
from kustodian.model.manifest import Manifest
from kustodian.model.measure import Exactly
from kustodian.model.overlay import RenderedOverlay
from kustodian.model.repository.view import RepositoryView
from kustodian.model.violation import SourceViolation
from kustodian.policy.rule import Context, Reach, RepositoryRule, Worse

_DIGEST = re.compile(r"\bsha256:[0-9a-f]{64}\b")


def check(view: RepositoryView, _: Context) -> Iterator[SourceViolation]:
    """One violation for each image of a prod overlay. Raises HistoryUnknown after those that are certain."""
    unknown: HistoryUnknown | None = None
    for staging, prod in environment_pairs(view, EnvironmentClass.STAGING, EnvironmentClass.PROD):
        in_staging = _images(staging)
        names = {name for name, _, _, _ in in_staging}
        runs_now = {reference.digest for _, reference, _, _ in in_staging}
        candidates = [
            image for image in _images(prod) if image[0] in names and image[1].digest not in runs_now
        ]
        if not candidates:
            continue
        try:
            history = _past_digests(view, staging)
        except HistoryUnknown as error:
            unknown = unknown or error
            continue
        if history is None:
            continue
        reported = set()
        for name, reference, manifest, path in candidates:
            if reference.digest in history or reference.digest in reported:
                continue
            reported.add(reference.digest)
            place = _place_of(view, prod, reference.digest)
            file, field, document = place or (manifest.provenance.file or "", path, 0)
            message = f"prod runs {name} at {reference.digest[:19]}, which {staging.overlay.path} never ran"
            rendered = manifest if place is None else None
            yield SourceViolation(
                file, field, message, document, prod.overlay.path, rendered, measure=Exactly(reference.digest)
            )
    if unknown is not None:
        raise unknown


def _images(rendered: RenderedOverlay) -> list[tuple[str, ImageReference, Manifest, FieldPath]]:
    """Name, reference, object and field of every image with a digest."""
    images = []
    for manifest in rendered.objects:
        for pod in pods_of(manifest):
            for container in pod.containers:
                reference = parse_image(container.image)
                if reference.digest and not reference.is_placeholder:
                    name = f"{reference.host}/{reference.repository}"
                    images.append((name, reference, manifest, container.image_path))
    return images


def _past_digests(view: RepositoryView, staging: RenderedOverlay) -> set[str] | None:
    """The digests in the history of the files that set staging's images; None without a history."""
    folder = staging.overlay.path + "/"
    files = [f for f in staging.files if f.startswith(folder) or _DIGEST.search(view.read_text(f))]
    texts = [past for file in files for past in view.history(file)]
    return {digest for past in texts for digest in _DIGEST.findall(past)} if texts else None


def _place_of(view: RepositoryView, prod: RenderedOverlay, digest: str) -> tuple[str, FieldPath, int] | None:
    """The file, path and document with the digest; the overlay's own folder is searched first."""
    own = prod.overlay.path + "/"
    for file in sorted(prod.files, key=lambda f: (not f.startswith(own), f)):
        for document in view.documents_of(file):
            path = _path_to(document.data, digest)
            if path is not None:
                return file, (*document.base, *path), document.index
    return None


def _path_to(value: object, digest: str) -> FieldPath | None:
    if isinstance(value, str):
        return () if digest in value else None
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        path = _path_to(item, digest)
        if path is not None:
            return (key, *path)
    return None


RULE = RepositoryRule(
    id="image-skips-environment",
    topic="images",
    severity="-/-/W",
    check=check,
    reach=Reach.PAIR,
    doc=__doc__,
    worse=Worse.BY_MEASURE,
    tags=("promotion", "supply-chain"),
)
