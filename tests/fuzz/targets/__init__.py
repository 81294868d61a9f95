"""Every fuzz target."""

from __future__ import annotations

from tests.fuzz.target import Target
from tests.fuzz.targets import documents, git, manifests, texts, yaml_files

TARGETS: tuple[Target, ...] = (
    *texts.TARGETS,
    *yaml_files.TARGETS,
    *documents.TARGETS,
    *git.TARGETS,
    *manifests.TARGETS,
)
BY_NAME = {target.name: target for target in TARGETS}
