"""Generated repositories: made once a run by `kustodian new`, rendered by the engine."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from kustodian.model.installed_files import engine_binary
from kustodian.render.engine import Engine, RenderOptions
from kustodian.review.check.options import CheckOptions
from kustodian.review.check.run import start
from tests.acceptance.processes import ROOT

PRESETS = tuple(sorted(path.stem for path in (ROOT / "generator/kustodian/scaffold/presets").glob("*.yaml")))
#: What a repository is generated from: the default answers, or a preset.
SOURCES = ("default", *PRESETS)


@dataclass(frozen=True)
class Repository:
    """A generated repository and what it was generated from."""

    source: str
    folder: Path

    @property
    def environments(self) -> list[str]:
        """The folders of overlays/."""
        return sorted(path.parent.name for path in self.folder.glob("overlays/*/kustomization.yaml"))

    def rendered(self, target: str) -> list[dict[str, Any]]:
        """The objects of a folder, as `kustodian check` renders them. Raises AssertionError if it does not."""
        return self.rendered_all([target])[target]

    def rendered_all(self, targets: Collection[str]) -> dict[str, list[dict[str, Any]]]:
        """The same for several folders at once."""
        with Engine(engine_binary()) as engine:
            run = start([self.folder / target for target in targets], CheckOptions(), engine)
            overlays = list(engine.render(run.plan.root, run.plan.overlays, RenderOptions()))
        for overlay in overlays:
            assert overlay.error is None, f"{overlay.overlay.path}: {overlay.error}"
            assert overlay.objects, f"{overlay.overlay.path} has no objects"
        found = {item.overlay.path: [manifest.data for manifest in item.objects] for item in overlays}
        return {target: found[target] for target in targets}

    @property
    def add_ons(self) -> list[str]:
        """The folders of platform/ that are deployed."""
        found = (path.parent.name for path in self.folder.glob("platform/*/kustomization.yaml"))
        return sorted(name for name in found if name != "common")

    def git(self, *words: str) -> str:
        """What git says in the repository."""
        return git(self.folder, *words)

    def commit(self, message: str) -> str:
        """Commit all changes; the new commit's hash."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)
        return self.git("rev-parse", "HEAD").strip()

    def drop(self, folder: str) -> None:
        """Take a folder away."""
        shutil.rmtree(self.folder / folder)

    def copy(self, folder: Path) -> Repository:
        """The same repository elsewhere, for a test that changes it."""
        shutil.copytree(self.folder, folder)
        return Repository(self.source, folder)

    def replace(self, file: str, old: str, new: str) -> None:
        """Change a file by hand, as a person would. `old` has to be there."""
        path = self.folder / file
        text = path.read_text()
        assert old in text, f"{file} has no {old!r}"
        path.write_text(text.replace(old, new))

    def edit(self, file: str, change: Callable[[dict[str, Any]], object]) -> None:
        """Change the one document of a YAML file."""
        path = self.folder / file
        data = yaml.safe_load(path.read_text())
        change(data)
        path.write_text(yaml.safe_dump(data, sort_keys=False))


def generate(source: str, folder: Path, *settings: str) -> Repository:
    """Run `kustodian new` with the default answers or a preset; `settings` are KEY=VALUE."""
    command = [sys.executable, "-m", "kustodian", "new", str(folder), "--defaults", "--no-check"]
    command += [] if source == "default" else ["--preset", source]
    for setting in settings:
        command += ["--set", setting]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, f"kustodian new, {source}: {run.stderr}{run.stdout}"
    for key, value in {"user.name": "A. Tester", "user.email": "tester@example.com"}.items():
        git(folder, "config", key, value)
    return Repository(source, folder)


def git(folder: Path, *words: str) -> str:
    """What git says in a folder; its own settings, nobody else's. Raises AssertionError where it fails."""
    run = subprocess.run(["git", "-C", str(folder), *words], capture_output=True, text=True, check=False)
    assert run.returncode == 0, f"git {' '.join(words)}: {run.stderr}"
    return run.stdout
