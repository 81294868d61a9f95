"""Tracing, logs, registry, cache, pipelines, secrets, backup, chart and CI: each choice makes a clean repository."""

from __future__ import annotations

import re
from typing import Any

import pytest

from kustodian.model.installed_files import template_dir
from kustodian.scaffold.answers.complete import examine
from kustodian.scaffold.answers.model import Answers
from kustodian.scaffold.answers.questions import questions_of
from kustodian_template import modules
from tests.generator.addon_answers import AROUND_THE_SERVER
from tests.generator.assertions import problems
from tests.generator.repositories import Repository, answers_of, make

TEMPLATE_ADDONS = template_dir() / "{{cookiecutter.repo_name}}" / "platform"
QUESTIONS = (
    "tracing", "logging", "pipeline", "model_registry", "cache", "helm_chart", "secrets", "image_scan", "ci", "backup",
)  # fmt: skip


def test_every_choice_is_made_by_one_of_them() -> None:
    for question in questions_of(Answers):
        if question.key in QUESTIONS:
            made = {answers.get(question.key) for answers in AROUND_THE_SERVER.values()}
            default = next(iter(question.choices))
            assert made | {default} >= set(question.choices), question.key


@pytest.fixture(scope="module", params=AROUND_THE_SERVER)
def repository(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Repository:
    settings = {"accelerator": "none", **AROUND_THE_SERVER[request.param]}
    return make(answers_of(None, settings), tmp_path_factory.mktemp("around") / "repository")


def test_it_is_clean_and_holds_what_every_repository_has_to(repository: Repository) -> None:
    assert problems(repository) == []


def test_every_add_on_has_an_application_and_is_checked(repository: Repository) -> None:
    folders = {path.name for path in (repository.root / "platform").glob("*")} - {"common"}
    applications = [
        document
        for file, document in repository.yaml_files()
        if file == "platform.yaml" and document["kind"] == "Application"
    ]
    paths = {source["path"] for item in applications for source in _sources(item) if "path" in source}
    assert paths == {f"platform/{name}" for name in folders}
    checked = {rendered.overlay.path for rendered in repository.run.rendered}
    assert paths <= checked


def test_charts_are_pinned_to_one_version(repository: Repository) -> None:
    for _, document in repository.yaml_files():
        for source in _sources(document):
            if "chart" in source:
                assert re.fullmatch(r"\d+\.\d+\.\d+", source["targetRevision"])


def test_no_file_names_what_is_not_there(repository: Repository) -> None:
    for document in repository.root.rglob("*.md"):
        text = document.read_text(encoding="utf-8")
        for target in re.findall(r"\]\(([^)#:]+)\)", text):
            assert (document.parent / target).exists(), f"{document.relative_to(repository.root)}: {target}"
        for path in re.findall(r"`((?:components|platform|base|argocd|docs|app|ci)/[A-Za-z0-9._/-]+)`", text):
            assert (repository.root / path).exists(), f"{document.relative_to(repository.root)}: {path}"


def test_schemas_are_those_of_kinds_that_are_deployed(repository: Repository) -> None:
    described = {path.name.removesuffix(".yaml") for path in (repository.root / "schemas").glob("*.yaml")}
    deployed = {
        f"{manifest.kind}.{manifest.group}"
        for rendered in repository.run.rendered
        for manifest in rendered.objects
    }
    assert described <= deployed


def _sources(application: dict[str, Any]) -> list[dict[str, Any]]:
    spec = application.get("spec", {})
    return [*spec.get("sources", ()), *([spec["source"]] if "source" in spec else [])]


def test_names_of_add_ons_are_kept_from_environments() -> None:
    names = {module.name for module in modules.catalogue().addons}
    assert names == {path.name for path in TEMPLATE_ADDONS.iterdir()} - {"common"}
    for name in (*sorted(names), "platform-x"):
        found = examine({"environments": [name], "accelerator": "none"})[1]
        assert [problem.path for problem in found] == [("environments", name)]
