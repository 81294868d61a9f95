"""The interface of what renders overlays: the engine, or the user's own kustomize and conftest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from kustodian.model.json_value import JsonObject
from kustodian.model.overlay import Evaluated, Overlay, RenderedOverlay
from kustodian.render.engine import Engine, RegoOptions, RenderOptions


class Renderer(Protocol):
    """Renders overlays and evaluates Rego policies."""

    def render(
        self, root: Path, overlays: Sequence[Overlay], options: RenderOptions, rego: RegoOptions | None = None
    ) -> Iterator[RenderedOverlay]:
        """Render overlays and evaluate Rego on their objects."""

    def evaluate(
        self, root: Path, rego: RegoOptions, inputs: Sequence[tuple[str, Sequence[JsonObject]]]
    ) -> dict[str, Evaluated]:
        """Evaluate Rego on objects, by input name."""


def renderer_of(engine: Engine, kustomize: Path | None, conftest: Path | None) -> Renderer:
    """The engine, with its kustomize and conftest replaced by the given binaries."""
    if kustomize is None and conftest is None:
        return engine
    from kustodian.render.external import ExternalRenderer

    return ExternalRenderer(engine, kustomize, conftest)
