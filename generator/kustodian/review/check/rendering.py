"""Renders kustomizations and reads plain manifests, for all commands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from kustodian.model.manifest import Manifest, Provenance
from kustodian.model.overlay import Evaluated, Overlay, RenderedOverlay
from kustodian.render.engine import Engine, RegoOptions
from kustodian.render.renderer import Renderer, renderer_of
from kustodian.repository.layout import marked_root
from kustodian.review.check.options import CheckOptions
from kustodian.review.check.plan import Plan


def render_overlays(
    plan: Plan,
    options: CheckOptions,
    engine: Engine,
    overlays: Iterable[Overlay],
    rego: RegoOptions | None = None,
) -> Iterator[RenderedOverlay]:
    """Each overlay with its objects, as soon as it is ready; with `rego`, also the results of the policies.

    The engine starts with the call, not with the first iteration.
    """
    kustomizations: list[Overlay] = []
    plain: list[Overlay] = []
    for overlay in overlays:
        (kustomizations if overlay.is_kustomization else plain).append(overlay)
    renderer = renderer_of(engine, options.kustomize, options.conftest)
    rendering: Iterator[RenderedOverlay] = iter(())
    if kustomizations:
        rendering = renderer.render(plan.root, kustomizations, options.render, rego)
    rendered: Iterator[RenderedOverlay] = chain(
        rendering, _plain(plan, options, engine, renderer, plain, rego)
    )
    rendered = (_explained(plan, overlay) for overlay in rendered)
    return (_with_pod_paths(plan, overlay) for overlay in rendered) if plan.config.pod_templates else rendered


def _plain(
    plan: Plan,
    options: CheckOptions,
    engine: Engine,
    renderer: Renderer,
    overlays: list[Overlay],
    rego: RegoOptions | None,
) -> Iterator[RenderedOverlay]:
    rendered = [_read(plan, options, engine, overlay) for overlay in overlays]
    inputs = [(r.overlay.path, [manifest.data for manifest in r.evaluated]) for r in rendered if r.evaluated]
    if rego is not None and inputs:
        results = renderer.evaluate(plan.root, rego, inputs)
        for overlay in rendered:
            outcome = results.get(overlay.overlay.path, Evaluated())
            overlay.policy, overlay.policy_successes = outcome.results, outcome.successes
            overlay.error = overlay.error or outcome.error
    yield from rendered


def _read(plan: Plan, options: CheckOptions, engine: Engine, overlay: Overlay) -> RenderedOverlay:
    """An overlay of plain manifests: all documents of its files that are mappings."""
    content = {"-": options.stdin or ""} if overlay.path == "-" else None
    files = [file for file in overlay.files if file != "-"]
    rendered = RenderedOverlay(overlay)
    carries = False
    for parsed in engine.parse(plan.root, files, content):
        rendered.files[parsed.path] = parsed.sha256
        if parsed.error is not None:
            rendered.error = rendered.error or parsed.error
            continue
        rendered.objects += [
            Manifest(document.data, Provenance(parsed.path, document=document.index, item=document.item))
            for document in parsed.documents
            if isinstance(document.data, dict) and document.data
        ]
        carries = carries or parsed.carries
    if carries:
        found = engine.open(rendered.objects)
        if found.error is not None:
            rendered.error = rendered.error or found.error
            return rendered
        rendered.objects, rendered.opened, rendered.lists, rendered.unread, _ = found
    return rendered


def _explained(plan: Plan, rendered: RenderedOverlay) -> RenderedOverlay:
    """The overlay; where it needs files outside of an unmarked root, its error says what to name instead."""
    error = rendered.error
    if error is not None and error.code == "outside-root" and marked_root(plan.root) is None:
        advice = (
            "there is no git repository and no kustodian.yaml here: name the folder that contains all of it"
        )
        rendered.error = error._replace(message=f"{error.message}; {advice}")
    return rendered


def _with_pod_paths(plan: Plan, rendered: RenderedOverlay) -> RenderedOverlay:
    """The overlay with the configured paths of pod templates set in its objects."""

    def configured(manifests: list[Manifest]) -> list[Manifest]:
        return [
            Manifest(manifest.data, manifest.provenance, paths, manifest.inside)
            if (paths := plan.pod_paths(manifest))
            else manifest
            for manifest in manifests
        ]

    rendered.objects = configured(rendered.objects)
    rendered.opened = configured(rendered.opened)
    return rendered
