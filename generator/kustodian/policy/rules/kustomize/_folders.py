"""Folders that hold YAML for other purposes than to be deployed."""

from __future__ import annotations

#: Folder names, at any depth, whose contents nobody expects a kustomization to list.
ASIDE = frozenset({
    "templates", "template", "tests", "test", "testdata", "fixtures", "examples", "example", "samples",
    "docs", "doc", "policies", "policy", "charts", "chart", "hack", "vendor", "node_modules",
})  # fmt: skip


def is_aside(folder: str) -> bool:
    """Whether the folder lies in one for tests, docs, charts, policies, or in a hidden one."""
    return any(part in ASIDE or (part.startswith(".") and part != ".") for part in folder.split("/"))
