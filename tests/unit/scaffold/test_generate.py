"""cookiecutter is driven for real, and kept away from the user's own cookiecutter files."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from kustodian.model.errors import UserError
from kustodian.scaffold.answers.complete import complete
from kustodian.scaffold.answers.given import Given
from kustodian.scaffold.answers.model import Answers
from kustodian.scaffold.writing.generate import generate
from kustodian.scaffold.writing.interrupts import Interrupts
from tests.unit.scaffold.conftest import REAL_TEMPLATE, snapshot

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


def test_the_default_answers_generate_the_real_template(answers: Answers, work: Path) -> None:
    root = made(answers, REAL_TEMPLATE, work)
    for name in ("README.md", "kustodian.yaml", "base/kustomization.yaml", "overlays/prod/version.yaml"):
        assert (root / name).is_file(), name
