"""cookiecutter is driven for real, and kept away from the user's own cookiecutter files."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kustodian.model.errors import UserError
from kustodian.policy.schemas import supported_versions
from kustodian.scaffold.answers.complete import complete, examine
from kustodian.scaffold.answers.given import Given
from kustodian.scaffold.answers.model import Answers
from kustodian.scaffold.writing.generate import generate
from kustodian.scaffold.writing.interrupts import Interrupts
from kustodian_template.conflicts import refusals
from kustodian_template.environments import AnswerError, environments
from kustodian_template.formats import KUBERNETES_VERSIONS
from kustodian_template.validate import validate
from tests.unit.scaffold.conftest import REAL_TEMPLATE, snapshot
from tests.unit.scaffold.test_conflicts import EXAMPLES

Give = Callable[..., Given]


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


def made(answers: Answers, template: Path, work: Path) -> Path:
    with Interrupts() as interrupts:
        return generate(answers, template, work, interrupts)


def test_answers_reach_files_and_hooks(give: Give, tiny_template: Path, work: Path) -> None:
    answers = complete(
        give("", "repo_name=cats", "description=It's: a #1 'test'", "environments=qa", "accelerator=none")
    )
    root = made(answers, tiny_template, work)
    assert root.name == "cats"
    assert (root / "README.md").read_text() == "# cats\n\nIt's: a #1 'test'\n"
    # The defaults dev, staging and prod are gone: environments are replaced, not merged.
    assert sorted(path.name for path in (root / "overlays").iterdir()) == ["qa"]
    assert (root / "overlays/qa/kustomization.yaml").read_text() == "replicas: 2"
    assert (root / "logo.bin").read_bytes() == b"\x00\x01\x02\xff"


def test_the_users_cookiecutter_files_are_neither_read_nor_written(
    answers: Answers, tiny_template: Path, work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / ".cookiecutterrc").write_text("default_context: {repo_name: hijacked, team: hijacked}\n")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("COOKIECUTTER_CONFIG", str(home / ".cookiecutterrc"))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    # A hook may start cookiecutter anew, without our configuration.
    hook = tiny_template / "hooks" / "post_gen_project.py"
    hook.write_text(hook.read_text() + "(pathlib.Path.home() / '.cookiecutter_replay').mkdir()\n")
    before = snapshot(home)
    root = made(answers, tiny_template, work)
    assert b"hijacked" not in b"".join(content or b"" for content in snapshot(root).values())
    assert snapshot(home) == before
    assert snapshot(tmp_path / "tmp") == {}


def test_modules_in_the_working_directory_are_not_imported(
    answers: Answers, tiny_template: Path, work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    for name in ("cookiecutter", "yaml", "json"):
        (here / f"{name}.py").write_text("raise SystemExit('hijacked')\n")
    monkeypatch.chdir(here)
    assert made(answers, tiny_template, work).is_dir()


def test_caches_in_an_installed_template_are_not_copied(answers: Answers, work: Path, tmp_path: Path) -> None:
    template = Path(shutil.copytree(REAL_TEMPLATE, tmp_path / "template"))
    shutil.copytree(REAL_TEMPLATE.parent / "policies", tmp_path / "policies")
    for cache in ("__pycache__", ".pytest_cache", ".ruff_cache"):
        folder = template / "{{cookiecutter.repo_name}}" / "app" / cache
        folder.mkdir(exist_ok=True)
        (folder / "app.cpython-311.pyc").write_bytes(b"\x00")
    root = made(answers, template, work)
    assert (root / "app").is_dir()
    assert [path.name for path in root.rglob("*cache*") if path.is_dir()] == []


def test_the_template_folder_is_left_as_it_was(answers: Answers, tiny_template: Path, work: Path) -> None:
    (tiny_template / "helper.py").write_text(
        "from jinja2.ext import Extension\nclass Helper(Extension): pass\n"
    )
    (tiny_template / "cookiecutter.json").write_text(
        '{"repo_name": "iris-model", "_extensions": ["helper.Helper"]}', encoding="utf-8"
    )
    before = snapshot(tiny_template)
    made(answers, tiny_template, work)
    assert snapshot(tiny_template) == before


def test_modes_are_those_of_a_clone(answers: Answers, tiny_template: Path, work: Path) -> None:
    inside = tiny_template / "{{cookiecutter.repo_name}}"
    (inside / "README.md").chmod(0o400)
    (inside / "run.sh").chmod(0o500)
    before = os.umask(0o027)
    try:
        root = made(answers, tiny_template, work)
    finally:
        os.umask(before)
    assert (root / "README.md").stat().st_mode & 0o777 == 0o640
    assert (root / "run.sh").stat().st_mode & 0o777 == 0o750


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("{{cookiecutter.repo_name}}/README.md", "{{ cookiecutter.nothing }}", "nothing"),
        ("{{cookiecutter.repo_name}}/README.md", "{% if %}", "Expected an expression"),
        ("hooks/post_gen_project.py", "import sys; sys.exit('the hook refuses')", "the hook refuses"),
        ("cookiecutter.json", "{", "JSON"),
    ],
)
def test_a_template_that_fails_says_why(
    answers: Answers, tiny_template: Path, work: Path, file: str, content: str, said: str
) -> None:
    (tiny_template / file).write_text(content, encoding="utf-8")
    with pytest.raises(UserError) as caught:
        made(answers, tiny_template, work)
    assert said in caught.value.message
    assert caught.value.hint is not None


@pytest.mark.parametrize(
    "assignment",
    [
        "repo_name=a",
        "repo_name=on",
        "model_name=null",
        "model_name=i-2",
        "model_name=" + "m" * 50,
        "model_name=" + "m" * 63,
        "team=ml",
        "owner=a+b.c_d%e@x-y.example.com",
        "owner='@example.com",
        "description=It's: a 'test' & more # not a comment <b>",
        'description=a "quote"',
        "description={{ 7 }}",
        "registry=localhost:5000",
        "registry=registry.example.com:5000/a_b/c.d",
        "domain=1.2.3.4",
        "domain=x.y-z.example.com",
        "repo_url=git@git.example.com:a/b.git",
        "repo_url=ssh://git@git.example.com:22/a/b.git",
        "repo_url=file:///srv/git/a.git",
        "git_branch=release/1.2",
        "kubernetes_version=1.30",
        "kubernetes_version=1.31",
        "kubernetes_version=1.37",
        "environments=cluster,prod",
        "environments=null,prod",
        "environments.dev.gpu=maybe",
        "environments.dev.gpu=True",
        "environments.dev.replicas_max=04",
        "environments.dev.cpu=1.5",
        "environments.dev.memory=255Mi",
        "environments.dev.memory=256Mi",
        "environments.dev.memory=1e9",
        "environments.dev.ephemeral_storage=1G",
        "environments.prod.replicas_max=2",
        "environments=dev",
        "environments.prod.domain=prod.example.com",
        "environments.prod.gpu_pool=a/b",
        "environments.prod.gpu_pool=NVIDIA-A100-SXM4-40GB",
    ],
)
def test_plain_cookiecutter_takes_and_refuses_the_same_answers(give: Give, assignment: str) -> None:
    _, problems = examine(give("", assignment).values)
    if not problems:
        validate(as_cookiecutter_gives(assignment))
        return
    with pytest.raises(AnswerError) as caught:
        validate(as_cookiecutter_gives(assignment))
    assert str(caught.value) == f"{problems[0].message}."


def as_cookiecutter_gives(assignment: str) -> dict[str, Any]:
    """The answers of `cookiecutter template/` where this one was typed."""
    key, _, value = assignment.partition("=")
    answers: dict[str, Any] = Answers().values()
    if key == "environments":
        own = answers["environments"]
        names = value.split(",")
        answers[key] = {
            name: own.get(name, {**own["staging"], "domain": f"{name}.example.com"}) for name in names
        }
    elif key.startswith("environments."):
        _, name, setting = key.split(".")
        answers["environments"][name][setting] = value
    else:
        answers[key] = value
    return answers


@pytest.mark.parametrize("row", sorted(EXAMPLES))
def test_plain_cookiecutter_refuses_what_does_not_go_together(give: Give, row: str) -> None:
    answers, _ = examine(give(EXAMPLES[row][0]).values)
    assert answers is not None
    found = list(refusals(answers.values(), environments(answers.values())))
    harmful = [refusal.sentence for refusal in found if not refusal.conflict.harmless]
    if not harmful:
        assert [refusal.conflict.id for refusal in found] == [row]
        validate(answers.values())
        return
    with pytest.raises(AnswerError) as caught:
        validate(answers.values())
    assert str(caught.value) == f"{harmful[0]}."


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ("small", "environments.dev must be a mapping with the keys class, domain,"),
        ({"class": "dev"}, "environments.dev lacks domain."),
        ({"size": "1"}, "unknown answer environments.dev.size: the answers are class, domain,"),
        ({"class": "live"}, "environments.dev.class cannot be 'live': choose one of dev, staging, prod."),
        ({"gpu": "maybe"}, "environments.dev.gpu must be true or false, not 'maybe'."),
        (
            {"replicas_min": "0"},
            "environments.dev.replicas_min must be a whole number from 1 to 1000, not '0'.",
        ),
    ],
)
def test_plain_cookiecutter_refuses_environments_that_are_not_whole(environment: Any, said: str) -> None:
    answers: dict[str, Any] = Answers().values()
    own = answers["environments"]["dev"]
    whole = isinstance(environment, dict) and environment != {"class": "dev"}
    answers["environments"]["dev"] = {**own, **environment} if whole else environment
    with pytest.raises(AnswerError) as caught:
        validate(answers)
    assert str(caught.value).startswith(said)


def test_an_environment_that_is_null_is_left_out() -> None:
    answers: dict[str, Any] = Answers().values()
    answers["environments"]["staging"] = None
    validate(answers)
    assert list(environments(answers)) == ["dev", "prod"]
    answers["environments"] = {"dev": {}}
    with pytest.raises(AnswerError, match="1 to 20 environments"):
        validate(answers)


def test_the_versions_of_kubernetes_are_those_that_kustodian_can_check() -> None:
    assert list(supported_versions())[-len(KUBERNETES_VERSIONS) :] == list(KUBERNETES_VERSIONS)


def test_the_default_answers_generate_the_real_template(answers: Answers, work: Path) -> None:
    root = made(answers, REAL_TEMPLATE, work)
    for name in ("README.md", "kustodian.yaml", "base/kustomization.yaml", "overlays/prod/version.yaml"):
        assert (root / name).is_file(), name
