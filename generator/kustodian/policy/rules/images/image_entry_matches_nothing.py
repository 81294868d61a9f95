"""Entry of `images:` changes no container.

Why: kustomize silently ignores an entry whose name is not in the manifests: the version that was set, and
    promoted, is not the one that runs.

Fix: Write the image's name as it is in the base, without tag or digest (`newName` renames it), or delete
    the entry.

Wrong:
    # base: image: registry.example.com/ml/iris:1.0.0
    images:
      - name: iris
        newTag: 1.4.2

Right:
    images:
      - name: registry.example.com/ml/iris
        newTag: 1.4.2

Notes: Names are compared before this kustomization's own change and after those of the kustomizations below
    it: above a base that sets `newName`, the new name counts. Images of custom resources are found if a
    `configurations:` file lists their field. Nothing is reported if images come from outside the files (a
    remote base, a chart, a generator) and the overlay cannot be rendered.

Source: kustomize 5.8, images,
https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/images/; api/internal/image/image.go,
IsImageMatched
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.pods.workload import pods_of
from kustodian.kubernetes.syntax.image_reference import split_as_kustomize
from kustodian.model.manifest import Manifest
from kustodian.model.measure import Exactly
from kustodian.model.repository.kustomization import Kustomization
from kustodian.model.repository.view import RepositoryView
from kustodian.model.violation import SourceViolation
from kustodian.policy.rule import Context, Reach, RepositoryRule, Worse
from kustodian.policy.rules.images._kustomize_images import (
    CONTAINER_FIELDS,
    ImageEntry,
    ImageFlow,
    configured_image_fields,
    image_entries,
    later_entries,
)


def check(view: RepositoryView, _: Context) -> Iterator[SourceViolation]:
    """One violation for each entry that no image of its kustomization matches."""
    with_entries = [k for k in view.asked_about if image_entries(k)]
    if not with_entries:
        return
    flow = ImageFlow(view)
    flow.follow(with_entries)
    for kustomization in with_entries:
        for entry in image_entries(kustomization):
            if not entry.name:
                continue
            problem, fix = _problem(view, flow, kustomization, entry)
            if problem:
                path = (*entry.path, "name")
                yield SourceViolation(
                    kustomization.path,
                    path,
                    problem,
                    overlay=kustomization.directory,
                    fix=fix,
                    measure=Exactly(entry.name),
                )


def _problem(
    view: RepositoryView, flow: ImageFlow, kustomization: Kustomization, entry: ImageEntry
) -> tuple[str | None, str | None]:
    """The problem with the entry and its fix; None for no problem or an unknown fix."""
    if not entry.sets_something:
        return f"the entry for {entry.name} sets neither newName, newTag nor digest", None
    matched = flow.matched.get((kustomization.path, entry.path), True)  # an unused component proves nothing
    if matched is not False and not _is_refuted(view, flow, kustomization, entry):
        return None, None
    if "@" in entry.name or ":" in entry.name.rpartition("/")[2]:
        name = split_as_kustomize(entry.name)[0]
        return f"{entry.name} has a tag or digest, so it matches no image", f"Write `name: {name}`"
    for image in sorted(flow.seen_by[kustomization.path].names):
        name = split_as_kustomize(image)[0]
        if name.rpartition("/")[2] == entry.name.rpartition("/")[2] and name != entry.name:
            return f"no container runs {entry.name}; the manifests say {name}", f"Write `name: {name}`"
    return f"no container runs {entry.name}", None


def _is_refuted(
    view: RepositoryView, flow: ImageFlow, kustomization: Kustomization, entry: ImageEntry
) -> bool:
    """Whether the rendered objects prove that the entry matched nothing: none has its result."""
    rendered = view.overlay_at.get(kustomization.directory)
    if rendered is None or rendered.error is not None or kustomization.is_component:
        return False
    if kustomization.data.get("transformers") or "image" in str(kustomization.data.get("replacements", "")):
        return False
    result = entry.new_name or entry.name
    if any(other.matches(result) for other in later_entries(kustomization, entry)):
        return False
    pattern = ImageEntry((), result)
    # Containers come first: they nearly always have the image, and the pods are already parsed.
    if any(pattern.matches(image) for manifest in rendered.objects for image in _container_images(manifest)):
        return False
    return not any(
        pattern.matches(image) for manifest in rendered.objects for image in flow.images_of(manifest.data)
    )


def _container_images(manifest: Manifest) -> Iterator[str]:
    """The images of containers in fields that kustomize changes."""
    for pod in pods_of(manifest):
        for container in pod.containers:
            if len(container.path) > 1 and container.path[-2] in CONTAINER_FIELDS:
                yield container.image


def _configured_fields(view: RepositoryView) -> object:
    """The image fields that configurations declare: they apply to every kustomization."""
    return configured_image_fields(view)


RULE = RepositoryRule(
    id="image-entry-matches-nothing",
    topic="images",
    severity="E/E/E",
    check=check,
    shared=_configured_fields,
    reach=Reach.OVERLAY,
    doc=__doc__,
    worse=Worse.BY_MEASURE,
    tags=("kustomize",),
)
