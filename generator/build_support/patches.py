"""Our patches of kustomize and conftest, applied to copies of the modules, which a second go.mod names.

Patches are applied here, strictly (every context line must be where the patch says): `git apply` looks for a
repository around the folder, and `patch` is not on every machine.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from build_support.errors import BuildError

#: Set to 1 to build with the modules as upstream published them.
UNPATCHED_VARIABLE = "ENGINE_UNPATCHED"
#: The module that each folder of engine/patches is for.
_MODULES = {
    "api": "sigs.k8s.io/kustomize/api",
    "kyaml": "sigs.k8s.io/kustomize/kyaml",
    "conftest": "github.com/open-policy-agent/conftest",
}
_HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+\d+(?:,\d+)? @@")


@dataclass(frozen=True)
class Hunk:
    """One change: `old` lines from line `start` (1-based) become `new`."""

    start: int
    old: list[str]
    new: list[str]


def unpatched() -> bool:
    """Whether the person who builds asked for upstream's code as it is."""
    return os.environ.get(UNPATCHED_VARIABLE, "") not in ("", "0")


def patched_modfile(
    engine: Path, target: Path, go: str, env: Mapping[str, str], program: Path | None = None
) -> Path | None:
    """Make patched copies of the modules in `target` and a go.mod there that uses them; None if unpatched.

    `program` is the module that is compiled, the engine's own if not given. Raises BuildError where a module
    cannot be downloaded or a patch does not apply.
    """
    program = program or engine
    folders = sorted(folder for folder in (engine / "patches").glob("*") if folder.is_dir())
    if unpatched() or not folders:
        return None
    target.mkdir(parents=True, exist_ok=True)
    required = (program / "go.mod").read_text(encoding="utf-8")
    lines = [required]
    for folder in folders:
        module = _MODULES[folder.name]
        if f"{module} v" not in required:
            continue  # a program that is built of some of them only
        copy = target / folder.name
        shutil.rmtree(copy, ignore_errors=True)
        _copy(_downloaded(module, program, go, env), copy)
        for patch in sorted(folder.glob("*.patch")):
            apply(patch, copy)
        lines.append(f"replace {module} => {copy}\n")
    modfile = target / "go.mod"
    modfile.write_text("\n".join(lines), encoding="utf-8")
    shutil.copyfile(program / "go.sum", target / "go.sum")
    return modfile


def apply(patch: Path, folder: Path) -> None:
    """Apply a unified diff to the files below `folder`. Raises BuildError where a line is not as it says."""
    for name, hunks in _files(patch):
        file = folder / name
        if not file.is_file():
            raise _stale(patch, f"there is no {name}")
        text = file.read_text(encoding="utf-8").splitlines()
        for hunk in reversed(hunks):  # from the end, so that earlier line numbers stay true
            first = hunk.start - 1
            if text[first : first + len(hunk.old)] != hunk.old:
                raise _stale(patch, f"{name}:{hunk.start} is not as the patch expects")
            text[first : first + len(hunk.old)] = hunk.new
        file.write_text("\n".join(text) + "\n", encoding="utf-8")


def _files(patch: Path) -> Iterator[tuple[str, list[Hunk]]]:
    name, hunks = "", list[Hunk]()
    for line in patch.read_text(encoding="utf-8").splitlines():
        if line.startswith("--- "):
            if name:
                yield name, hunks
            name, hunks = line[4:], []
        elif not name or line.startswith("+++ "):
            continue  # the description, or the name again
        elif match := _HUNK.match(line):
            hunks.append(Hunk(int(match[1]), [], []))
        else:
            if line[:1] != "+":
                hunks[-1].old.append(line[1:])
            if line[:1] != "-":
                hunks[-1].new.append(line[1:])
    if not name:
        raise _stale(patch, "it is no unified diff")
    yield name, hunks


def _downloaded(module: str, program: Path, go: str, env: Mapping[str, str]) -> Path:
    command = [go, "mod", "download", "-json", module]
    done = subprocess.run(
        command, cwd=program, env=env, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    try:
        return Path(json.loads(done.stdout)["Dir"])
    except (ValueError, KeyError):
        raise BuildError(
            f"{module} cannot be downloaded: {(done.stderr or done.stdout).strip()}\n"
            "The Go module proxy must be reachable; GOPROXY names another."
        ) from None


def _copy(source: Path, target: Path) -> None:
    """The module's sources, writable (the module cache is not)."""
    shutil.copytree(
        source, target, copy_function=shutil.copyfile, ignore=shutil.ignore_patterns("*_test.go", "testdata")
    )
    for folder, names, _ in os.walk(target):
        for path in (folder, *(os.path.join(folder, name) for name in names)):  # noqa: PTH118 - os.walk's strings
            os.chmod(path, 0o755)  # noqa: PTH101


def _stale(patch: Path, why: str) -> BuildError:
    return BuildError(
        f"{patch.parent.name}/{patch.name} does not apply: {why}.\n"
        f"Was the module's version changed? Write the patch anew, or build with {UNPATCHED_VARIABLE}=1."
    )
