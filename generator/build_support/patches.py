"""Apply our patches of kustomize and conftest to copies of the modules, and write a go.mod that uses them.

Patches are applied strictly: every context line must be where the patch says. `git apply` is not used because
it looks for a repository around the folder, and `patch` is not installed on every machine.
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

#: Set to 1 to build with the unpatched modules.
UNPATCHED_VARIABLE = "ENGINE_UNPATCHED"
#: The module for each folder of engine/patches.
_MODULES = {
    "api": "sigs.k8s.io/kustomize/api",
    "kyaml": "sigs.k8s.io/kustomize/kyaml",
    "conftest": "github.com/open-policy-agent/conftest",
}
_HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+\d+(?:,\d+)? @@")


@dataclass(frozen=True)
class Hunk:
    """A change: the lines `old`, from line `start` (1-based), become `new`."""

    start: int
    old: list[str]
    new: list[str]


def unpatched() -> bool:
    """Whether the environment asks for a build without patches."""
    return os.environ.get(UNPATCHED_VARIABLE, "") not in ("", "0")


def patched_modfile(
    engine: Path, target: Path, go: str, env: Mapping[str, str], program: Path | None = None
) -> Path | None:
    """Write patched copies of the modules and a go.mod that uses them to `target`; None if unpatched.

    `program` is the folder of the module that is compiled, by default the engine. Raises BuildError if a
    module cannot be downloaded or a patch does not apply.
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
            continue  # this program does not use the module
        copy = target / folder.name
        shutil.rmtree(copy, ignore_errors=True)
        _copy(_downloaded(module, program, go, env), copy)
        for patch in sorted(folder.glob("*.patch")):
            apply(patch, copy)
        # Relative, because the program contains this path: it must not name the machine it was built on.
        lines.append(f"replace {module} => {os.path.relpath(copy, program)}\n")
    modfile = target / "go.mod"
    modfile.write_text("\n".join(lines), encoding="utf-8")
    shutil.copyfile(program / "go.sum", target / "go.sum")
    return modfile


def apply(patch: Path, folder: Path) -> None:
    """Apply a unified diff to files below `folder`. Raises BuildError if a line differs from the context."""
    for name, hunks in _files(patch):
        file = folder / name
        if [hunk.start for hunk in hunks] == [0]:  # a file that the patch adds
            if file.exists():
                raise _stale(patch, f"{name} exists already")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("\n".join(hunks[0].new) + "\n", encoding="utf-8")
            continue
        if not file.is_file():
            raise _stale(patch, f"{name} does not exist")
        text = file.read_text(encoding="utf-8").splitlines()
        for hunk in reversed(hunks):  # from the end, so that earlier line numbers stay valid
            first = hunk.start - 1
            if text[first : first + len(hunk.old)] != hunk.old:
                raise _stale(patch, f"{name}:{hunk.start} differs from the patch")
            text[first : first + len(hunk.old)] = hunk.new
        file.write_text("\n".join(text) + "\n", encoding="utf-8")


def _files(patch: Path) -> Iterator[tuple[str, list[Hunk]]]:
    name, hunks = "", list[Hunk]()
    for line in patch.read_text(encoding="utf-8").splitlines():
        if line.startswith("--- "):
            if name:
                yield name, hunks
            name, hunks = line[4:], []
        elif name and not hunks and line.startswith("+++ "):
            name = line[4:]  # the file is new if the first name was /dev/null
        elif not name:
            continue  # the description
        elif match := _HUNK.match(line):
            hunks.append(Hunk(int(match[1]), [], []))
        else:
            if line[:1] != "+":
                hunks[-1].old.append(line[1:])
            if line[:1] != "-":
                hunks[-1].new.append(line[1:])
    if not name:
        raise _stale(patch, "it is not a unified diff")
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
            "The Go module proxy must be reachable; set GOPROXY to use another one."
        ) from None


def _copy(source: Path, target: Path) -> None:
    """Copy a module's sources with write permission, which files of the module cache lack."""
    shutil.copytree(
        source, target, copy_function=shutil.copyfile, ignore=shutil.ignore_patterns("*_test.go", "testdata")
    )
    for folder, names, _ in os.walk(target):
        for path in (folder, *(os.path.join(folder, name) for name in names)):  # noqa: PTH118 - os.walk's strings
            os.chmod(path, 0o755)  # noqa: PTH101


def _stale(patch: Path, why: str) -> BuildError:
    return BuildError(
        f"{patch.parent.name}/{patch.name} does not apply: {why}.\n"
        f"Was the module updated? Update the patch, or build with {UNPATCHED_VARIABLE}=1."
    )
