"""The bill of materials, as CycloneDX 1.6: what Kustodian runs with, and what its engine contains.

Python packages are the closure of the dependencies in pyproject.toml with the versions of
requirements-dev.txt. Go modules are those that `go version -m` finds in the compiled engine; a module with
our patches is named as such. The document has no time and no random number: the same sources give the same
bytes.

Sources: https://cyclonedx.org/docs/1.6/json/, https://github.com/package-url/purl-spec
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.parse import quote

from build_support.errors import BuildError

_PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)")
_NAME = re.compile(r"^[A-Za-z0-9._-]+")
_VERSION = re.compile(r'^__version__ = "(.+)"$', re.MULTILINE)


def bill_of_materials(root: Path, engine: Path, go: str) -> dict[str, Any]:
    """The CycloneDX document for the sources at `root` and a compiled engine. Raises BuildError."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    match = _VERSION.search((root / "generator/kustodian/__init__.py").read_text(encoding="utf-8"))
    version = match[1] if match else "0"
    extras = [name for names in project["optional-dependencies"].values() for name in names]
    locked = _locked(root / "requirements-dev.txt")
    components = [*_python([*project["dependencies"], *extras], locked), *_go(engine, go)]
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": f"pkg:pypi/kustodian@{version}",
                "name": "kustodian",
                "version": version,
                "purl": f"pkg:pypi/kustodian@{version}",
                "licenses": [{"license": {"id": project["license"]}}],
            }
        },
        "components": sorted(components, key=lambda one: str(one["purl"])),
    }


def _locked(lock: Path) -> dict[str, str]:
    """The version of each package in a requirements file, by normalized name."""
    lines = lock.read_text(encoding="utf-8").splitlines()
    return {_normalized(found[1]): found[2] for line in lines if (found := _PINNED.match(line))}


def _python(requirements: Iterable[str], locked: dict[str, str]) -> Iterable[dict[str, Any]]:
    """A component for each package that the requirements need, directly or not."""
    waiting, seen = [_name(one) for one in requirements], set[str]()
    while waiting:
        name = waiting.pop()
        if name in seen or name not in locked:
            continue  # what is not locked is not needed on a platform of ours
        seen.add(name)
        version = locked[name]
        try:
            needed = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            needed = []  # locked for another platform or Python
        waiting += [_name(one) for one in needed if "extra ==" not in one]
        yield {
            "type": "library", "bom-ref": f"pkg:pypi/{name}@{version}", "name": name, "version": version,
            "purl": f"pkg:pypi/{name}@{version}", "scope": "required",
        }  # fmt: skip


def _go(engine: Path, go: str) -> Iterable[dict[str, Any]]:
    """A component for each Go module in the engine, and for Go's own library."""
    done = subprocess.run([go, "version", "-m", engine], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BuildError(f"the engine's modules cannot be read: {done.stderr.strip()}")
    found: list[dict[str, Any]] = []
    for line in done.stdout.splitlines():
        words = line.split()
        if words[:1] == ["dep"]:
            found.append(_component(words[1], words[2]))
        elif words[:1] == ["=>"]:
            found[-1]["pedigree"] = {"notes": f"with the patches of engine/patches/{Path(words[1]).name}"}
        elif len(words) == 2 and words[1].startswith("go1."):
            found.append(_component("stdlib", words[1].removeprefix("go")))
    if not found:
        raise BuildError("the engine has no list of its modules")
    return found


def _component(module: str, version: str) -> dict[str, Any]:
    purl = f"pkg:golang/{quote(module, safe='/')}@{quote(version)}"
    return {
        "type": "library",
        "bom-ref": purl,
        "name": module,
        "version": version,
        "purl": purl,
        "scope": "required",
    }


def _name(requirement: str) -> str:
    match = _NAME.match(requirement.strip())
    return _normalized(match[0]) if match else ""


def _normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def main() -> int:
    """Write the document to the file that the command line names, or print it."""
    from build_support.build import Build
    from build_support.toolchain import go_on_path

    root = Path(__file__).resolve().parents[2]
    build = Build(root)
    build.run()
    go = go_on_path((1, 18))
    try:
        if go is None:
            raise BuildError("go is needed to read the engine's modules")
        text = json.dumps(bill_of_materials(root, build.engine.target, go.command), indent=2) + "\n"
    except BuildError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if sys.argv[1:]:
        target = Path(sys.argv[1])
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    else:
        print(text, end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
