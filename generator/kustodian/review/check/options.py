"""What the command line asks of a check."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from kustodian.model.results.shard import Shard
from kustodian.render.engine import RenderOptions


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """What the command line says. `today` is the day on which waivers are judged.

    `against_cluster` names a context of the kubeconfig ("" for the current one) whose API server is asked;
    `graphs` asks for the picture of each overlay's objects, `proposals` for the text that would fix a
    finding, `shard` for one part of the work.
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
