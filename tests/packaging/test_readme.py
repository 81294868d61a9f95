"""The README's first command, run as a newcomer would: no Go, an empty home, nothing in the environment."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.packaging.conftest import ROOT

pytestmark = pytest.mark.slow

#: The only variables that pass: how this machine reaches the package registries.
NETWORK = (
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "PIP_CERT", "PIP_INDEX_URL", "PIP_CACHE_DIR", "GOPROXY", "GOSUMDB"),
)
NOT_LINKED = re.compile(r"(go|gofmt|python[0-9.]*|pip[0-9.]*|pipx|uv|uvx|kustodian|kustomize|conftest)")


def main_command() -> str:
    """The first shell block after the marker in README.md."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.search(r"<!-- main-command -->\s*```sh\n(.*?)```", readme, re.DOTALL)
    assert found, "README.md has no ```sh block after <!-- main-command -->"
    return found[1].strip()


@pytest.fixture
def clone_source(clean_export: Path, tmp_path: Path) -> Path:
    """A git repository of the sources as they are, where the README names the public one."""
    source = tmp_path / "source" / "kustodian"
    shutil.copytree(clean_export, source, ignore=shutil.ignore_patterns("__pycache__", "_build"))
    for command in (
        ["init", "--quiet", "--initial-branch", "main"],
        ["add", "--all"],
        ["-c", "user.name=Test", "-c", "user.email=test@example.com", "commit", "--quiet", "-m", "Sources"],
    ):
        subprocess.run(["git", *command], cwd=source, check=True, stdin=subprocess.DEVNULL)
    return source


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A PATH with what a fresh machine has: the system's programs and this Python, but no Go."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for system in ("/usr/bin", "/bin"):
        for program in sorted(Path(system).iterdir()):
            link = folder / program.name
            if (
                not NOT_LINKED.fullmatch(program.name)
                and not link.is_symlink()
                and os.access(program, os.X_OK)
            ):
                link.symlink_to(program)
    base = Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    python = folder / "python3"
    python.write_text(f'#!/bin/sh\nexec "{base}" "$@"\n', encoding="utf-8")
    python.chmod(0o755)
    return folder


def test_one_command_sets_up_and_writes_a_clean_repository(
    clone_source: Path, programs: Path, tmp_path: Path
) -> None:
    command = main_command()
    assert "\n" not in command, "the README promises one line"
    local, replaced = re.subn(
        r"https://[^\s'\"]*/kustodian(\.git)?(?=[\s'\"@#]|$)", f"file://{clone_source}", command
    )
    cwd, home = tmp_path / "cwd", tmp_path / "home"
    home.mkdir()
    if replaced:
        cwd.mkdir()
    else:  # the reader is in a clone already
        shutil.copytree(clone_source, cwd)
    environment = {name: os.environ[name] for name in NETWORK if name in os.environ}
    environment |= {"PATH": str(programs), "HOME": str(home)}
    assert shutil.which("go", path=str(programs)) is None

    done = subprocess.run(
        ["sh", "-c", local],
        cwd=cwd, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, timeout=2400, check=False,
    )  # fmt: skip
    print(done.stdout)
    assert done.returncode == 0
    assert " clean" in done.stdout, "the new repository's own check"
    written = [
        path.parent for path in tmp_path.rglob(".kustodian-answers.yaml") if clone_source not in path.parents
    ]
    assert len(written) == 1
    for file in ("kustodian.yaml", "base/kustomization.yaml", "overlays/prod/kustomization.yaml"):
        assert (written[0] / file).is_file()
    # A user never needs to know that Go was involved.
    assert not (home / "go").exists()
    assert not (home / ".config" / "go").exists()

    program = next(path for path in tmp_path.rglob("bin/kustodian") if os.access(path, os.X_OK))
    check = subprocess.run(
        [program, "check", written[0]], env=environment, stdin=subprocess.DEVNULL, capture_output=True,
        text=True, timeout=120, check=False,
    )  # fmt: skip
    assert check.returncode == 0, check.stdout + check.stderr
