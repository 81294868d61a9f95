"""Generated repositories for the tests of this folder: written, rendered and checked in this process."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from kustodian.model.installed_files import engine_binary, template_dir
from kustodian.render.engine import Engine
from kustodian.review.check.options import CheckOptions
from kustodian.review.check.run import Run, start
from kustodian.scaffold.answers.complete import complete
from kustodian.scaffold.answers.given import Given
from kustodian.scaffold.answers.model import Answers
from kustodian.scaffold.presets import preset_file, preset_names
from kustodian.scaffold.writing.writer import write

PRESETS = tuple(preset_names())
#: Objects as the engine renders them.
Objects = list[dict[str, Any]]


def answers_of(preset: str | None, settings: Mapping[str, object] | None = None) -> Answers:
    """The answers of a preset (None: the defaults) with some of them changed."""
    given = Given()
    if preset is not None:
        given.add_file(preset_file(preset))
    given.values.update(settings or {})
    return complete(given)


@dataclass
class Repository:
    """A generated repository in a folder."""

    answers: Answers
    root: Path

    @cached_property
    def run(self) -> Run:
        """`kustodian check` of the whole repository, reported."""
        with Engine(engine_binary()) as engine:
            run = start([self.root], CheckOptions(), engine)
            report = run.report()
        assert not report.incomplete, [entry.error for entry in report.overlays if entry.error]
        return run

    @cached_property
    def objects(self) -> dict[str, Objects]:
        """The rendered objects of each environment."""
        found = {
            Path(rendered.overlay.path).name: [manifest.data for manifest in rendered.objects]
            for rendered in self.run.rendered
            if rendered.overlay.path.startswith("overlays/")
        }
        assert sorted(found) == sorted(self.answers.environments)
        return found

    @cached_property
    def addons(self) -> dict[str, Objects]:
        """The rendered objects of each add-on."""
        return {
            Path(rendered.overlay.path).name: [manifest.data for manifest in rendered.objects]
            for rendered in self.run.rendered
            if rendered.overlay.path.startswith("platform/")
        }

    @property
    def everything(self) -> dict[str, Objects]:
        """The rendered objects of environments and add-ons; no two have the same name."""
        return {**self.objects, **self.addons}

    def configuration(self) -> dict[str, Any]:
        """kustodian.yaml."""
        data: dict[str, Any] = yaml.safe_load((self.root / "kustodian.yaml").read_text(encoding="utf-8"))
        return data

    def findings(self) -> list[str]:
        """What `kustodian check` finds beside the placeholder digests that every new repository has."""
        return [
            f"{finding.rule} in {finding.overlay}: {finding.message}"
            for finding in self.run.findings
            if finding.rule != "placeholder-digest"
        ]

    def kustomizations(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Every kustomization with its path."""
        for path in sorted(self.root.rglob("kustomization.yaml")):
            yield path.relative_to(self.root).as_posix(), yaml.safe_load(path.read_text(encoding="utf-8"))

    def yaml_files(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Every object in a YAML file below argocd/, with the file's path."""
        for path in sorted((self.root / "argocd").glob("*.yaml")):
            for document in yaml.safe_load_all(path.read_text(encoding="utf-8")):
                if document:
                    yield path.name, document


def make(answers: Answers, root: Path) -> Repository:
    """Generate a repository at `root`."""
    write(answers, root, template_dir(), lambda _: None)
    return Repository(answers, root)


@contextmanager
def edited(path: Path, old: str, new: str) -> Iterator[None]:
    """A file with one text replaced, for a while; `old` has to be there."""
    before = path.read_text(encoding="utf-8")
    assert old in before, f"{path} has no {old!r}"
    with edited_text({path: before.replace(old, new)}):
        yield


@contextmanager
def edited_text(texts: Mapping[Path, str]) -> Iterator[None]:
    """Files with another text, for a while."""
    before = {path: path.read_text(encoding="utf-8") for path in texts}
    try:
        for path, text in texts.items():
            path.write_text(text, encoding="utf-8")
        yield
    finally:
        for path, text in before.items():
            path.write_text(text, encoding="utf-8")


def of(objects: Objects, *kinds: str) -> Objects:
    """The objects of some kinds."""
    return [item for item in objects if item["kind"] in kinds]


def key_of(item: dict[str, Any]) -> tuple[str, str]:
    """Kind and name of an object."""
    return item["kind"], item["metadata"]["name"]


def server_labels(repository: Repository) -> dict[str, str]:
    """The labels that select the servers."""
    return {
        "app.kubernetes.io/name": repository.answers.model_name,
        "app.kubernetes.io/component": "server",
    }
