"""The template's own definitions of other projects' kinds, held against the real ones.

The real definitions are not part of this repository, so what they were last compared with is recorded beside the
digest of each of ours. After a change of `schemas/`: `python -m tests.generator.own_schemas FOLDER...` with folders
that hold all the real definitions compares them again and writes the record.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final, TypeAlias

import yaml

from kustodian.model.installed_files import template_dir

Definition: TypeAlias = dict[str, Any]
FOLDER: Final = template_dir() / "{{cookiecutter.repo_name}}" / "schemas"
FILES: Final = sorted(FOLDER.glob("*.yaml"))
RECORD: Final = Path(__file__).with_name("own_schemas.json")


def read(path: Path) -> Definition:
    """One of our definitions."""
    document: Definition = yaml.safe_load(path.read_text(encoding="utf-8"))
    return document


def names(definition: Definition) -> tuple[str, str]:
    """Group and kind."""
    return definition["spec"]["group"], definition["spec"]["names"]["kind"]


def real_definitions(folders: Iterable[Path]) -> dict[tuple[str, str], Definition]:
    """The CustomResourceDefinitions in the YAML files of some folders, by group and kind."""
    found = {}
    for path in sorted(path for folder in folders for path in folder.glob("*.yaml")):
        for document in yaml.load_all(path.read_text(encoding="utf-8"), yaml.CSafeLoader):
            if document and document["kind"] == "CustomResourceDefinition":
                found[names(document)] = document
    return found


def differences(ours: Definition, real: Definition) -> list[str]:
    """Where our definition would accept what the real one refuses."""
    kind = names(ours)[1]
    found = []
    if ours["spec"]["scope"] != real["spec"]["scope"]:
        found.append(f"{kind}: scope {ours['spec']['scope']}")
    if ours["spec"]["names"]["plural"] != real["spec"]["names"]["plural"]:
        found.append(f"{kind}: plural {ours['spec']['names']['plural']}")
    versions = {version["name"]: version for version in real["spec"]["versions"]}
    for version in ours["spec"]["versions"]:
        theirs = versions.get(version["name"])
        if theirs is None or not theirs["served"]:
            found.append(f"{kind}: {version['name']} is not served")
        else:
            own, other = version["schema"]["openAPIV3Schema"], theirs["schema"]["openAPIV3Schema"]
            found += wider(own, other, kind)
    return found


def wider(ours: Definition, real: Definition, where: str) -> Iterator[str]:
    """Where our schema would accept what the real one refuses."""
    if real.get("x-kubernetes-preserve-unknown-fields") and not real.get("properties"):
        return
    if ours.get("type") != real.get("type"):
        yield f"{where}: type {ours.get('type')}, not {real.get('type')}"
        return
    if "enum" in real and not set(ours.get("enum", ["anything"])) <= set(real["enum"]):
        yield f"{where}: more values than {real['enum']}"
    missing = set(real.get("required", ())) - set(ours.get("required", ()))
    for name in sorted(missing):
        # The server fills in a default before it looks for what is required.
        if "default" not in real["properties"][name] and name not in ("metadata",):
            yield f"{where}: {name} is required"
    for name, schema in ours.get("properties", {}).items():
        theirs = real.get("properties", {}).get(name)
        if theirs is None:
            yield f"{where}.{name}: is not there"
        elif name not in ("apiVersion", "kind", "metadata") or where.count("."):
            yield from wider(schema, theirs, f"{where}.{name}")
    for part in ("items", "additionalProperties"):
        if isinstance(ours.get(part), dict):
            if isinstance(real.get(part), dict):
                yield from wider(ours[part], real[part], f"{where}[]")
            elif not real.get("x-kubernetes-preserve-unknown-fields"):
                yield f"{where}: {part} is not there"


def digest(path: Path) -> str:
    """The digest of a definition as it is now, whatever its comments say."""
    return hashlib.sha256(json.dumps(read(path), sort_keys=True).encode()).hexdigest()


def recorded() -> dict[str, dict[str, str]]:
    """For each file the project and version it was compared with (`source`), and its `digest` then."""
    found: dict[str, dict[str, str]] = json.loads(RECORD.read_text(encoding="utf-8"))
    return found


def main() -> int:
    """Compare all of them with the definitions in the folders of the command line, and record that."""
    real = real_definitions(Path(folder) for folder in sys.argv[1:])
    before = recorded()
    after, wrong = {}, []
    for path in FILES:
        ours = read(path)
        theirs = real.get(names(ours))
        wrong += [f"{path.name}: no real definition"] if theirs is None else differences(ours, theirs)
        source = before.get(path.name, {}).get("source", "say which project and version")
        after[path.name] = {"source": source, "digest": digest(path)}
    print(*wrong, sep="\n")
    if not wrong:
        RECORD.write_text(json.dumps(after, indent=2) + "\n", encoding="utf-8")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
