"""The programs of the acceptance tests, built from Go modules pinned in programs/.

A binary is kept in the user's cache by the hash of its module's go.sum and sources: minutes the first time.
`python -m tests.acceptance.programs` builds what is missing and says what it does.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from functools import cache
from pathlib import Path

from tests.support.peers import build_peer, go_command

MODULES = Path(__file__).parent / "programs"
#: In the order in which they are built: what most tests wait for comes first.
NAMES = ("controlplane", "etcd", "kwok", "argocd", "argo-rollouts", "traffic-router")
#: What is compiled where a module only pins a program that is a package of its own.
PACKAGES = {
    "kwok": "sigs.k8s.io/kwok/cmd/kwok",
    "argo-rollouts": "github.com/argoproj/argo-rollouts/cmd/rollouts-controller",
}
#: All binaries together; somebody's disk and a CI cache hold them.
LIMIT_MB = 600


def store() -> Path:
    """Where built programs are kept."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kustodian" / "acceptance"


@cache
def program(name: str) -> Path:
    """The binary of a program; built now if it is not there."""
    if name == "kustomize":
        return build_peer(name)
    if name == "redis-server":
        found = shutil.which(name)
        assert found, "Argo CD needs redis-server: apt-get install redis-server"
        return Path(found)
    module = MODULES / name
    inputs = [module / file for file in ("go.mod", "go.sum", "main.go") if (module / file).exists()]
    key = hashlib.sha256(b"".join(file.read_bytes() for file in inputs)).hexdigest()[:16]
    binary = store() / f"{name}-{key}"
    if binary.exists():
        return binary
    store().mkdir(parents=True, exist_ok=True)
    print(f"acceptance: building {name} (minutes the first time)", file=sys.stderr, flush=True)
    started = time.monotonic()
    fresh = binary.with_name(f".{binary.name}.{os.getpid()}")
    try:
        subprocess.run(
            [go_command(), "build", "-p", "2", "-trimpath", "-ldflags=-s -w", "-o", fresh, PACKAGES.get(name, ".")],
            cwd=module, env=_environment(), check=True, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        fresh.replace(binary)
    finally:
        fresh.unlink(missing_ok=True)
    print(f"acceptance: {name} built in {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    return binary


@cache
def module_folder(module: str, version: str) -> Path:
    """The unpacked source of a Go module, for the manifests in it; nothing is compiled."""
    answer = subprocess.run(
        [go_command(), "mod", "download", "-json", f"{module}@{version}"],
        cwd=store(), env=_environment(), check=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
    )  # fmt: skip
    return Path(json.loads(answer.stdout)["Dir"])


def required_version(name: str, module: str) -> str:
    """The version of a module that programs/`name`/go.mod requires."""
    for line in (MODULES / name / "go.mod").read_text().splitlines():
        words = line.removeprefix("require").split()
        if words[:1] == [module]:
            return words[1]
    raise LookupError(f"{name}/go.mod does not require {module}")


def _environment() -> dict[str, str]:
    return {
        **os.environ,
        "CGO_ENABLED": "0",
        "GOWORK": "off",
        "GOFLAGS": "-mod=readonly -buildvcs=false",
        "GOTOOLCHAIN": "local",
    }


def build_all() -> int:
    """Build what is missing; the exit code says whether all of it fits the limit."""
    binaries = [program(name) for name in (*NAMES, "kustomize", "redis-server")]
    total = sum(binary.stat().st_size for binary in binaries) / 1e6
    for binary in binaries:
        print(f"{binary.stat().st_size / 1e6:6.0f} MB  {binary}")
    print(f"{total:6.0f} MB  in all (limit: {LIMIT_MB} MB)")
    return int(total > LIMIT_MB)


if __name__ == "__main__":
    sys.exit(build_all())
