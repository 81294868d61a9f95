"""Real folders, a real cookiecutter and a template small enough to read at a glance."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from kustodian.scaffold.answers.complete import complete
from kustodian.scaffold.answers.given import Given
from kustodian.scaffold.answers.model import Answers

ROOT = Path(__file__).resolve().parents[3]
REAL_TEMPLATE = ROOT / "template"


@pytest.fixture
def give(tmp_path: Path) -> Callable[..., Given]:
    """Answers from the text of a file and from assignments, as the command line takes them."""

    def make(text: str = "", *assignments: str, name: str = "answers.yaml") -> Given:
        given = Given()
        if text:
            path = tmp_path / name
            path.write_text(text, encoding="utf-8")
            given.add_file(path, name)
        for assignment in assignments:
            given.set(assignment)
        return given

    return make


@pytest.fixture
def answers() -> Answers:
    """The default answers."""
    return complete(Given())


@pytest.fixture
def tiny_template(tmp_path: Path) -> Path:
    """A template with a rendered file, an executable, a binary, and a hook that loops over environments."""
    template = tmp_path / "tiny-template"
    inside = template / "{{cookiecutter.repo_name}}"
    (inside / "overlays").mkdir(parents=True)
    (template / "hooks").mkdir()
    (template / "cookiecutter.json").write_text('{"repo_name": "iris-model"}', encoding="utf-8")
    (inside / "README.md").write_text(
        "# {{ cookiecutter.repo_name }}\n\n{{ cookiecutter.description }}\n", encoding="utf-8"
    )
    script = inside / "run.sh"
    script.write_text("#!/bin/sh\necho {{ cookiecutter.team }}\n", encoding="utf-8")
    script.chmod(0o755)
    (inside / "logo.bin").write_bytes(b"\x00\x01\x02\xff")
    (template / "hooks" / "post_gen_project.py").write_text(
        "import json, pathlib\n"
        "for name, own in json.loads(r'''{{ cookiecutter.environments | tojson }}''').items():\n"
        "    path = pathlib.Path('overlays', name, 'kustomization.yaml')\n"
        "    path.parent.mkdir()\n"
        "    path.write_text(f'replicas: {own[\"replicas_min\"]}')\n",
        encoding="utf-8",
    )
    return template


def snapshot(folder: Path) -> dict[str, bytes | None]:
    """Everything below a folder: contents of files, None for folders and links."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }
