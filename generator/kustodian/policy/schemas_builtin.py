"""The custom resources that Kustodian knows without the user's help.

The build (`hatch_build.py`) writes the definitions of the projects that generated repositories use to
`kustodian/_build/crds/`: one JSON file per resource, named `<group>/<kind>.json`, each a whole
CustomResourceDefinition.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from kustodian.model.json_value import mapping
from kustodian.policy.schemas_crd import CustomKind, read_crd

_FOLDER = Path(__file__).resolve().parent.parent / "_build" / "crds"


@cache
def builtin_kind(group: str, kind: str) -> CustomKind | None:
    """The shipped definition of a custom resource; None where none is shipped."""
    import orjson

    # Both come from a manifest: refuse what could leave the folder.
    if not group or "/" in group or not kind.isalnum() or group.startswith("."):
        return None
    path = _FOLDER / group / f"{kind.lower()}.json"
    try:
        content = path.read_bytes()
    except OSError:
        return None
    return read_crd(mapping(orjson.loads(content)))
