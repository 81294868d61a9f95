"""Repositories whose git folders, configurations and attributes name programs: nothing of it runs, results stay right.

Every program that an attack names creates a marker file outside of the repository.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.harness import SOURCE, kustodian, write
from tests.cli.test_base import KUSTOMIZATION, POD, commit, counts, git
from tests.hostile.git_cases import (
    EXPECTED,
    Case,
    check,
    git_config,
    hostile_settings,
    poison,
    small_repository,
)


def _bare(folder: Path, program: Path, work_tree: str) -> None:
    """What git takes for a bare repository: four names that any commit may hold."""
    write(folder, {"HEAD": "ref: refs/heads/main\n", "objects/keep": "", "refs/keep": "", "config": (
        f"[core]\n\trepositoryformatversion = 0\n\tbare = false\n\tworktree = {work_tree}\n"
    )})  # fmt: skip
    poison(folder, program)


def bare_repositories(case: Case) -> None:
    _bare(case.root, case.program, ".")
    _bare(case.root / "overlays/one", case.program, "../..")


def attributes_in_the_tree(case: Case) -> None:
    """Filters are run for files whose times differ from the index's, and for each file that is checked out."""
    git_config(case)
    (case.root / ".gitattributes").write_text("* filter=evil diff=evil merge=evil text eol=lf\n")
    for file in (case.root / "overlays/one").iterdir():
        os.utime(file, (1, 1))


def worktree_config(case: Case) -> None:
    git(case.root, "config", "extensions.worktreeConfig", "true")
    (case.root / ".git/config.worktree").write_text(hostile_settings(case.program))


def git_file_of_a_submodule(case: Case) -> None:
    """A git folder elsewhere that names this work tree, as a submodule's does."""
    elsewhere = case.program.parent / "elsewhere"
    (case.root / ".git").rename(elsewhere)
    git(case.root, "--git-dir", str(elsewhere), "config", "core.worktree", str(case.root))
    (case.root / ".git").write_text(f"gitdir: {elsewhere}\n")
    poison(elsewhere, case.program)


def submodule(case: Case) -> None:
    library = write(case.program.parent / "library", {"README": "x"})
    git(library, "init", "--quiet", "--initial-branch", "main")
    commit(library, "library")
    git(case.root, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(library), "library")
    poison(case.root / ".git/modules/library", case.program)
    (case.root / ".gitmodules").write_text(
        f'[submodule "library"]\n\tpath = library\n\turl = ext::{case.program}\n\tupdate = !{case.program}\n'
    )
    git(case.root, "config", "submodule.library.update", f"!{case.program}")
    git(case.root, "config", "submodule.library.url", f"ext::{case.program}")
    git(case.root, "config", "protocol.ext.allow", "always")
    (case.root / "library/README").write_text("y")


def nested_repository(case: Case) -> None:
    nested = write(case.root / "nested", {"README": "x"})
    git(nested, "init", "--quiet")
    commit(nested, "nested")
    git(case.root, "add", "nested")
    poison(nested / ".git", case.program)
    (nested / "README").write_text("y")


ATTACKS: list[Callable[[Case], None]] = [
    bare_repositories, git_config, attributes_in_the_tree, worktree_config, git_file_of_a_submodule, submodule,
    nested_repository,
]  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_nothing_that_the_repository_names_runs(case: Case, attack: Callable[[Case], None]) -> None:
    attack(case)
    plain = check(case.root)
    assert [f["object"]["name"] for f in plain.data["findings"]] == ["a", "b"]
    assert not plain.data["notChecked"], plain.out
    for how in ((), ("--staged",)):
        compared = check(case.root, "--base", "main", *how)
        assert counts(compared) == EXPECTED, compared.err
    shown = kustodian("diff", ".", "--base", "main", cwd=case.root)
    assert "x:latest" in shown.out and "1 object in 1 of 1 overlay" in shown.out, shown.out + shown.err
    fixed = kustodian("check", ".", "--no-cache", "--fix", cwd=case.root)
    assert fixed.code in {0, 1}, fixed.err
    assert not case.ran()


def test_a_bare_repository_in_a_folder_with_a_configuration_of_its_own(case: Case) -> None:
    """The root is below git's top here, so git would meet the bare repository first."""
    root = case.root / "overlays/one"
    (root / "kustodian.yaml").write_text("environments: {prod: {paths: ['.']}}\n")
    commit(case.root, "change")
    _bare(root, case.program, "../..")
    (root / "a.yaml").write_text(POD.format(name="a", tag="1.0"))
    compared = check(root, "--base", "change")
    assert counts(compared) == (0, 1, 1), compared.err
    assert len(check(root).data["findings"]) == 1
    kustodian("diff", ".", "--base", "main", cwd=root)
    kustodian("check", ".", "--no-cache", "--fix", cwd=root)
    kustodian("check", ".", cwd=root, XDG_CACHE_HOME=str(case.program.parent / "cache"))
    kustodian("check", ".", "--no-cache", "--shard", "1/2", "--format", "json", cwd=root)
    assert not case.ran()


@pytest.mark.parametrize("kind", ["git file", "link", "commondir", "refs", "loose reference", "pack"])
def test_a_git_folder_that_may_be_anothers_is_refused(case: Case, tmp_path: Path, kind: str) -> None:
    own, victim = case.root / ".git", small_repository(tmp_path / "victim")
    if kind in {"git file", "link"}:
        shutil.rmtree(own)
        if kind == "git file":
            own.write_text(f"gitdir: {victim}/.git\n")
        else:
            own.symlink_to(victim / ".git")
    elif kind == "commondir":
        (own / "commondir").write_text(f"{victim}/.git\n")
    else:
        place = {"refs": "refs", "loose reference": "refs/heads/main", "pack": "objects/pack"}[kind]
        shutil.rmtree(own / place, ignore_errors=True)
        (own / place).unlink(missing_ok=True)
        (own / place).symlink_to(victim / ".git" / place)
    compared = check(case.root, "--base", "main")
    assert compared.code in {2, 3}
    assert ".git" in compared.err and "Traceback" not in compared.err
    assert any(word in compared.err for word in ("symbolic link", "leads to", "part of another"))
    plain = check(case.root)
    assert plain.code == 1 and len(plain.data["findings"]) == 2, plain.err


def test_the_users_own_filters_are_not_run(case: Case, tmp_path: Path) -> None:
    """`git lfs install` writes its filter into the user's configuration; a missing program must not matter."""
    home = write(tmp_path / "home", {".gitconfig": hostile_settings(case.program)})
    (case.root / ".gitattributes").write_text("*.yaml filter=evil\n")
    os.utime(case.root / "overlays/one/a.yaml", (1, 1))
    assert counts(check(case.root, "--base", "main", HOME=str(home))) == EXPECTED
    assert not case.ran()


def test_variables_of_git_are_ignored(case: Case) -> None:
    hostile = {
        "GIT_DIR": "/nonexistent", "GIT_EXTERNAL_DIFF": str(case.program), "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "core.fsmonitor", "GIT_CONFIG_VALUE_0": str(case.program),
        "GIT_INDEX_FILE": "/nonexistent", "GIT_OBJECT_DIRECTORY": "/nonexistent", "GIT_SSH_COMMAND": str(case.program),
    }  # fmt: skip
    assert counts(check(case.root, "--base", "main", **hostile)) == EXPECTED
    assert not case.ran()


def test_git_is_never_taken_from_the_repository(case: Case) -> None:
    shutil.copy2(case.program, case.root / "git")
    path = f".:{os.environ['PATH']}"
    assert counts(check(case.root, "--base", "main", PATH=path)) == EXPECTED
    assert not case.ran()


@pytest.mark.parametrize("revision", ["FETCH_HEAD", "HEAD@{1}", "@{upstream}", "change~1", "v1"])
def test_every_name_of_a_revision_still_works(tmp_path: Path, revision: str) -> None:
    origin = small_repository(tmp_path / "origin")
    commit(origin, "two")
    git(tmp_path, "clone", "--quiet", str(origin), "clone")
    root = tmp_path / "clone"
    git(root, "tag", "v1")
    git(root, "fetch", "--quiet")
    (root / "overlays/one/a.yaml").write_text(POD.format(name="a", tag="1.0"))
    commit(root, "three")
    compared = check(root, "--base", revision)
    assert counts(compared) == (0, 1, 1), compared.err


def test_a_pipe_in_the_git_folder_does_not_stop_the_check(case: Case) -> None:
    (case.root / ".git/index").unlink()
    os.mkfifo(case.root / ".git/index")
    assert check(case.root).code == 1
    compared = check(case.root, "--base", "main")
    assert compared.code == 2 and "neither a file nor a folder" in compared.err


def test_new_inside_a_bare_repository(case: Case, tmp_path: Path) -> None:
    _bare(tmp_path / "bare", case.program, ".")
    made = kustodian("new", "fresh", "--defaults", "--no-check", cwd=tmp_path / "bare")
    assert made.code == 0, made.err
    assert git(tmp_path / "bare/fresh", "log", "--format=%s").startswith("Add the repository")
    assert not case.ran()


def test_line_endings_are_those_of_the_work_tree(case: Case) -> None:
    """What git converts without a program still is: a base with other line endings would differ everywhere."""
    write(case.root, {"overlays/one/c.txt": "one\ntwo\n", ".gitattributes": "*.txt text eol=crlf\n"})
    (case.root / "overlays/one/kustomization.yaml").write_text(
        f"{KUSTOMIZATION}resources: [a.yaml, b.yaml]\nconfigMapGenerator: [{{name: c, files: [c.txt]}}]\n"
    )
    commit(case.root, "text")
    (case.root / "overlays/one/c.txt").unlink()
    git(case.root, "checkout", "--quiet", "--", "overlays/one/c.txt")
    assert b"\r\n" in (case.root / "overlays/one/c.txt").read_bytes()
    (case.root / "overlays/one/a.yaml").write_text(POD.format(name="a", tag="2.0"))
    shown = kustodian("diff", ".", "--base", "HEAD", cwd=case.root)
    assert "1 object in 1 of 1 overlay" in shown.out, shown.out


def test_the_users_ignored_names_still_count(case: Case, tmp_path: Path) -> None:
    """They are part of what the cache compares: a change of them is a change of the result."""
    home = write(tmp_path / "home", {".config/git/ignore": "*.enc.env\n"})
    (case.root / "other.enc.env").write_text(
        "kind: Secret\napiVersion: v1\nmetadata: {name: s}\nstringData: {k: v}\n"
    )
    rule = ("--rule", "unencrypted-secret-file")
    cache = {"HOME": str(home), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    ignored = kustodian("check", ".", *rule, cwd=case.root, **cache)
    (home / ".config/git/ignore").write_text("nothing\n")
    listed = kustodian("check", ".", *rule, cwd=case.root, **cache)
    assert "other.enc.env" not in ignored.out
    assert "other.enc.env" in listed.out


def test_a_name_that_is_not_utf_8_does_not_stop_a_comparison(case: Case) -> None:
    file = case.root / "overlays/one" / os.fsdecode(b"b\xff.yaml")
    file.write_text(POD.format(name="z", tag="latest"))
    commit(case.root, "a name")
    file.write_text(POD.format(name="z", tag="1.0"))
    compared = check(case.root, "--base", "HEAD")
    assert (compared.code, counts(compared)) == (3, (0, 0, 0)), compared.err
    assert [one["code"] for one in compared.data["notChecked"]] == ["not-utf-8"]


def test_nothing_is_left_behind(case: Case, tmp_path: Path) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    before = sorted((case.root / ".git").rglob("*"))
    for how in ((), ("--base", "main"), ("--base", "main", "--staged")):
        check(case.root, *how, TMPDIR=str(temporary))
    assert list(temporary.iterdir()) == []
    assert sorted((case.root / ".git").rglob("*")) == before


def test_one_module_starts_git() -> None:
    """The first commit of a new repository is ours, and made in scaffold/."""
    command = re.compile(
        r"""\[\s*["']git["'],|which\(["']git["'][^,]|^\s*(?:from|import) git\b""", re.MULTILINE
    )
    package = SOURCE / "kustodian"
    starting = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if command.search(path.read_text())
    }
    assert starting == {"scaffold/writing/first_commit.py"}
    using = {path.name for path in package.rglob("*.py") if "git_program()" in path.read_text()}
    assert using == {"git.py", "files.py", "revision.py", "first_commit.py"}
