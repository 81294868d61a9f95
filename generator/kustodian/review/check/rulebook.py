"""What a check judges by: a configuration, and the folder that its policies and schemas are read from."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from kustodian.model.errors import UserError
from kustodian.model.finding import Finding
from kustodian.model.json_value import FieldPath
from kustodian.policy.config import CONFIG_NAME, Config, load_config
from kustodian.policy.waivers import Waiver
from kustodian.render.engine import Engine
from kustodian.repository.source_map import SourceMaps


@dataclass(frozen=True, slots=True)
class Rulebook:
    """A configuration; the paths of policies, data and schemas in it are relative to `root`."""

    config: Config
    root: Path


class Trust(NamedTuple):
    """How a change is judged by the rules of another revision.

    `findings` are what the change does to the rules, and `own` is the change's own configuration.
    `known_lines` returns the lines that a waiver comment covers because the other revision has the waiver,
    None for all that it is about.
    """

    findings: tuple[Finding, ...]
    own: Config
    known_lines: Callable[[Waiver], frozenset[int] | None]


def read_rulebook(root: Path, config: Path | None, engine: Engine, *, required: bool = True) -> Rulebook:
    """The rules of the repository at `root`: of `config`, or of kustodian.yaml at the root.

    Without a file the defaults count. Raises UserError for an error in it, and for a missing `config` unless
    it is not `required`.
    """
    is_given = config is not None and required
    return Rulebook(_read_config(config or root / CONFIG_NAME, is_given, engine), root)


def _read_config(path: Path, is_given: bool, engine: Engine) -> Config:
    shown = os.path.relpath(path)
    if not path.is_file():
        if is_given:
            raise UserError(f"no such configuration file: {shown}", hint="see --config")
        if os.path.lexists(path):
            raise UserError("this is not a regular file", shown, hint="write the configuration as a file")
        return load_config({}, shown)
    parsed = engine.parse(path.parent, [path.name])[0]
    if parsed.error is not None:
        error = parsed.error
        raise UserError(error.message, shown, error.line, error.column, "correct the YAML")
    documents = [document.data for document in parsed.documents]
    data = documents[0] if documents else {}

    def locate(field_path: FieldPath) -> tuple[int, int] | None:
        document = SourceMaps(path.parent).document(path.name)
        node = document.at(field_path) if document is not None else None
        return (node.place.line, node.place.column) if node else None

    return load_config(data, shown, locate)
