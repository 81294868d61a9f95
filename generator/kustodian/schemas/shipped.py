"""The custom resources whose schemas are shipped with Kustodian.

The build extracts them from the Go modules of the projects (see engine/crds/README.md) into
`kustodian/_build/crds/`: `index.json`, and a strict JSON schema for each kind and version.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from kustodian.model.errors import UserError
from kustodian.model.json_value import JsonObject, mapping, text
from kustodian.schemas.crd import CustomKind, CustomVersion

FOLDER = Path(__file__).resolve().parent.parent / "_build" / "crds"
#: The format of `index.json`.
_FORMAT = 1


@cache
def shipped_kinds(folder: Path = FOLDER) -> dict[tuple[str, str], CustomKind]:
    """The shipped custom resources by group and kind; empty if the build has not extracted any.

    Raises UserError for an index of another format.
    """
    import orjson

    try:
        index = mapping(orjson.loads((folder / "index.json").read_bytes()))
    except FileNotFoundError:
        return {}
    if index.get("format") != _FORMAT:
        raise UserError(
            f"the extracted schemas have format {index.get('format')}, not {_FORMAT}",
            file=str(folder / "index.json"),
            hint="install kustodian again",
        )
    kinds = {}
    for key, entry in mapping(index.get("kinds")).items():
        group, _, kind = key.partition("/")
        kinds[group, kind] = _kind(group, kind, mapping(entry), folder)
    return kinds


def _kind(group: str, kind: str, entry: JsonObject, folder: Path) -> CustomKind:
    versions = {
        name: CustomVersion(
            name=name,
            served=version.get("served") is True,
            storage=version.get("storage") is True,
            deprecated=version.get("deprecated") is True,
            warning=text(version.get("warning")),
            file=folder / text(version.get("file")),
        )
        for name, version in mapping(entry.get("versions")).items()
    }
    return CustomKind(
        group, kind, text(entry.get("plural")), entry.get("scope") != "Cluster", versions=versions
    )
