"""The plan of a check: the overlays, the rules and the configuration."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field
from pathlib import Path

from kustodian.model.json_value import FieldPath
from kustodian.model.manifest import Manifest
from kustodian.model.overlay import NotChecked, Overlay, RenderedOverlay
from kustodian.policy.catalogue import all_rules
from kustodian.policy.config import CONFIG_NAME, Config
from kustodian.policy.rule import Rule
from kustodian.policy.settings import Settings
from kustodian.render.engine import RegoOptions, Scan


@dataclass(slots=True)
class Plan:
    """Everything that is known before rendering.

    `not_checkable` are overlays that cannot be rendered, with the reason. `through` maps a folder that is
    checked as a part of an overlay to that overlay.
    """

    root: Path
    config: Config
    config_file: str
    settings: Settings
    rego: RegoOptions | None
    overlays: list[Overlay] = field(default_factory=list)
    not_checkable: list[tuple[Overlay, NotChecked]] = field(default_factory=list)
    through: dict[str, str] = field(default_factory=dict)
    scan: Scan | None = None
    whole_repository: bool = False

    @property
    def rules(self) -> list[Rule]:
        """The rules of this run."""
        only = self.settings.only
        return [rule for rule in all_rules() if not only or rule.id in only]

    def pod_paths(self, manifest: Manifest) -> tuple[FieldPath, ...]:
        """The paths of the pod templates in a custom resource, as configured."""
        return tuple(
            entry.field_path
            for entry in self.config.pod_templates
            if (entry.group, entry.kind) == (manifest.group, manifest.kind)
        )

    def covers(self, file: str, rendered: list[RenderedOverlay]) -> bool:
        """Whether the targets cover a finding in this file."""
        if self.whole_repository or any(file in overlay.files for overlay in rendered):
            return True
        folder, name = posixpath.split(file)  # an ignored configuration concerns what is around it
        return name == CONFIG_NAME and any(_is_below(overlay.path, folder) for overlay in self.overlays)


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")
