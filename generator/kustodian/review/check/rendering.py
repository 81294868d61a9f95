"""Overlays as objects: kustomizations rendered, plain manifests read.

Every command goes through here, so `podTemplates` of the configuration holds for all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from kustodian.model.manifest import Manifest, Provenance
from kustodian.model.overlay import Evaluated, Overlay, RenderedOverlay
from kustodian.render.engine import Engine, RegoOptions
from kustodian.render.renderer import Renderer, renderer_of
from kustodian.review.check.options import CheckOptions
from kustodian.review.check.plan import Plan


def render_overlays(
    plan: Plan,
    options: CheckOptions,
    engine: Engine,
    overlays: Iterable[Overlay],
    rego: RegoOptions | None = None,
) -> Iterator[RenderedOverlay]:
    """Each overlay with its objects, as it is ready; with `rego`, the results of the policies, too.

    The engine begins when this is called, not when the first overlay is asked for.
    """
    kustomizations: list[Overlay] = []
    plain: list[Overlay] = []
    for overlay in overlays:
        (kustomizations if overlay.is_kustomization else plain).append(overlay)
    renderer = renderer_of(engine, options.kustomize, options.conftest)
    rendering: Iterator[RenderedOverlay] = iter(())
    if kustomizations:
        rendering = renderer.render(plan.root, kustomizations, options.render, rego)
    rendered = chain(rendering, _plain(plan, options, engine, renderer, plain, rego))
    return (_with_pod_paths(plan, one) for one in rendered) if plan.config.pod_templates else rendered


def _plain(
    plan: Plan,
    options: CheckOptions,
    engine: Engine,
    renderer: Renderer,
    overlays: list[Overlay],
    rego: RegoOptions | None,
) -> Iterator[RenderedOverlay]:
    read = [_read(plan, options, engine, overlay) for overlay in overlays]
    inputs = [(one.overlay.path, [manifest.data for manifest in one.objects]) for one in read if one.objects]
    if rego is not None and inputs:
        results = renderer.evaluate(plan.root, rego, inputs)
        for one in read:
            outcome = results.get(one.overlay.path, Evaluated())
            one.policy, one.policy_successes = outcome.results, outcome.successes
            one.error = one.error or outcome.error
    yield from read


def _read(plan: Plan, options: CheckOptions, engine: Engine, overlay: Overlay) -> RenderedOverlay:
    """Plain manifests: every document of every file that is a mapping."""
    content = {"-": options.stdin or ""} if overlay.path == "-" else None
    files = [file for file in overlay.files if file != "-"]
    rendered = RenderedOverlay(overlay)
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
    return rendered


def _with_pod_paths(plan: Plan, rendered: RenderedOverlay) -> RenderedOverlay:
    """Objects that know where the configuration says their pod templates are."""
    rendered.objects = [
        Manifest(manifest.data, manifest.provenance, paths)
        if (paths := plan.pod_paths(manifest))
        else manifest
        for manifest in rendered.objects
    ]
    return rendered
