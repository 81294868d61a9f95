"""The programs of the acceptance tests, built from Go modules pinned in programs/.

A binary is kept in the user's cache by the hash of its module's go.sum and sources: minutes the first time.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

from tests.support.peers import go_command

MODULES = Path(__file__).parent / "programs"
NAMES = tuple(sorted(path.name for path in MODULES.iterdir() if (path / "go.mod").exists()))


def cache() -> Path:
    """Where built programs are kept."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kustodian" / "acceptance"


def program(name: str) -> Path:
    """The binary of a program; built now if it is not there."""
    module = MODULES / name
    inputs = [module / file for file in ("go.mod", "go.sum", "main.go") if (module / file).exists()]
    key = hashlib.sha256(b"".join(file.read_bytes() for file in inputs)).hexdigest()[:16]
    binary = cache() / f"{name}-{key}"
    if binary.exists():
        return binary
    cache().mkdir(parents=True, exist_ok=True)
    print(f"acceptance: building {name} (minutes the first time)", file=sys.stderr, flush=True)
    started = time.monotonic()
    fresh = binary.with_name(f".{binary.name}.{os.getpid()}")
    environment = {
        **os.environ,
        "CGO_ENABLED": "0",
        "GOWORK": "off",
        "GOFLAGS": "-mod=readonly",
        "GOTOOLCHAIN": "local",
    }
    subprocess.run(
        [go_command(), "build", "-trimpath", "-ldflags=-s -w", "-o", fresh, "."],
        cwd=module, env=environment, check=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    fresh.replace(binary)
    print(f"acceptance: {name} built in {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    return binary


if __name__ == "__main__":
    for each in NAMES:
        print(program(each))
