"""How the role rules word their violations."""

from __future__ import annotations

from kustodian.model.json_value import FieldPath
from kustodian.model.manifest import Manifest
from kustodian.model.violation import Violation


def verb_list(verbs: list[str]) -> str:
    """`create, patch and update`."""
    return verbs[0] if len(verbs) == 1 else f"{', '.join(verbs[:-1])} and {verbs[-1]}"


def role_violation(role: Manifest, path: FieldPath, what: str) -> Violation:
    """A violation at a rule of a role: `Role reader lets its holders ...`."""
    return Violation(path, f"{role.kind} {role.name} lets its holders {what}", role)
