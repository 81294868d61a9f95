"""Folders whose YAML is not meant to be deployed."""

from __future__ import annotations

#: Folder names, at any depth, whose contents need not be listed by a kustomization.
ASIDE = frozenset({
    "templates", "template", "tests", "test", "testdata", "fixtures", "examples", "example", "samples",
    "docs", "doc", "policies", "policy", "charts", "chart", "hack", "vendor", "node_modules",
})  # fmt: skip


def is_aside(folder: str) -> bool:
    """Whether the folder is hidden or in ASIDE, or inside one that is; `folder` is relative to the root."""
    return any(part in ASIDE or (part.startswith(".") and part != ".") for part in folder.split("/"))
