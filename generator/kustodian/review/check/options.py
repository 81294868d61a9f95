"""The options of a check."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from kustodian.model.results.shard import Shard
from kustodian.render.engine import RenderOptions


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """The options of the command line.

    Waivers expire by the date `today`. `against_cluster` is a context of the kubeconfig, "" for the current
    one, for dry runs of the objects. `graphs` adds the graph of each overlay's objects to the report,
    `proposals` the edits that would fix a finding. With `shard` only a part of the overlays is checked.
    """

    config: Path | None = None
    rules: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    render: RenderOptions = field(default_factory=RenderOptions)
    kustomize: Path | None = None
    conftest: Path | None = None
    waivers: bool = True
    today: date = field(default_factory=date.today)
    stdin: str | None = None
    graphs: bool = False
    shard: Shard | None = None
    against_cluster: str | None = None
    proposals: bool = False
