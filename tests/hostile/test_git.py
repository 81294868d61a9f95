"""Repositories whose git folders, configurations and attributes name programs: nothing of it runs, results stay right.

Every program that an attack names creates a marker file outside of the repository.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.cli.harness import SOURCE, Outcome, kustodian, write
from tests.cli.test_base import KUSTOMIZATION, POD, commit, counts, git

RULES = ("--rule", "unpinned-image", "--rule", "privileged-container", "--rule", "pull-policy-mismatch")
#: A change adds one finding to one that the base has.
EXPECTED = (1, 0, 1)


class Case(NamedTuple):
    """A repository on a branch with one changed file, and the program that must not run."""

    root: Path
    program: Path
    marker: Path

    def ran(self) -> bool:
        return self.marker.exists()


@pytest.fixture
def case(tmp_path: Path) -> Case:
    marker, program = tmp_path / "outside" / "marker", tmp_path / "outside" / "program"
    write(tmp_path, {"outside/program": f"#!/bin/sh\ntouch '{marker}'\ncat\n"})
    program.chmod(0o755)
    return Case(_repository(tmp_path / "repo"), program, marker)


def _repository(root: Path) -> Path:
    write(root, {
        "kustodian.yaml": "environments: {prod: {paths: ['overlays/*']}}\n",
        "overlays/one/kustomization.yaml": f"{KUSTOMIZATION}resources: [a.yaml, b.yaml]\n",
        "overlays/one/a.yaml": POD.format(name="a", tag="latest"),
        "overlays/one/b.yaml": POD.format(name="b", tag="1.0"),
    })  # fmt: skip
    git(root, "init", "--quiet", "--initial-branch", "main")
    commit(root, "one")
    git(root, "switch", "--quiet", "--create", "change")
    (root / "overlays/one/b.yaml").write_text(POD.format(name="b", tag="latest"))
    git(root, "add", "overlays/one/b.yaml")
    return root


def _settings(program: Path) -> str:
    """Every kind of setting by which git runs a program, and what weakens the protection against it."""
    return f"""
[core]
    fsmonitor = {program}
    hooksPath = {program.parent}/hooks
    sshCommand = {program}
    pager = {program}
    editor = {program}
    askPass = {program}
    gitProxy = {program}
    alternateRefsCommand = {program}
    attributesFile = {program.parent}/attributes
[include]
    path = {program.parent}/included
[includeIf "gitdir:/"]
    path = {program.parent}/included
[alias]
    diff = !{program}
    log = !{program}
    ls-files = !{program}
    cat-file = !{program}
    rev-parse = !{program}
[diff]
    external = {program}
[diff "evil"]
    textconv = {program}
    command = {program}
[filter "evil"]
    clean = {program}
    smudge = {program}
    process = {program}
    required = true
[merge "evil"]
    driver = {program} %A
[log]
    showSignature = true
[gpg]
    program = {program}
[credential]
    helper = !{program}
[protocol]
    allow = always
[protocol "ext"]
    allow = always
[protocol "file"]
    allow = always
[submodule]
    recurse = true
[pack]
    packSizeLimit = 1
[uploadpack]
    packObjectsHook = {program}
[remote "origin"]
    url = ext::{program}
    uploadpack = {program}
    fetch = +refs/heads/*:refs/remotes/origin/*
    promisor = true
"""


def _poison(git_folder: Path, program: Path) -> None:
    """Write hostile settings, hooks and attributes into a git folder."""
    with (git_folder / "config").open("a") as file:
        file.write(_settings(program))
    write(program.parent, {
        "included": f"[core]\n\tfsmonitor = {program}\n",
        "attributes": "* filter=evil diff=evil merge=evil\n",
    })  # fmt: skip
    for hook in ("post-checkout", "post-index-change", "reference-transaction", "fsmonitor-watchman"):
        for folder in (git_folder / "hooks", program.parent / "hooks"):
            folder.mkdir(exist_ok=True)
            shutil.copy2(program, folder / hook)
    (git_folder / "info").mkdir(exist_ok=True)
    (git_folder / "info/attributes").write_text("* filter=evil diff=evil merge=evil\n")


def _bare(folder: Path, program: Path, work_tree: str) -> None:
    """What git takes for a bare repository: four names that any commit may hold."""
    write(folder, {"HEAD": "ref: refs/heads/main\n", "objects/keep": "", "refs/keep": "", "config": (
        f"[core]\n\trepositoryformatversion = 0\n\tbare = false\n\tworktree = {work_tree}\n"
    )})  # fmt: skip
    _poison(folder, program)


def bare_repositories(case: Case) -> None:
    _bare(case.root, case.program, ".")
    _bare(case.root / "overlays/one", case.program, "../..")


def git_config(case: Case) -> None:
    _poison(case.root / ".git", case.program)


def attributes_in_the_tree(case: Case) -> None:
    """Filters are run for files whose times differ from the index's, and for each file that is checked out."""
    git_config(case)
    (case.root / ".gitattributes").write_text("* filter=evil diff=evil merge=evil text eol=lf\n")
    for file in (case.root / "overlays/one").iterdir():
        os.utime(file, (1, 1))


def worktree_config(case: Case) -> None:
    git(case.root, "config", "extensions.worktreeConfig", "true")
    (case.root / ".git/config.worktree").write_text(_settings(case.program))


def git_file_of_a_submodule(case: Case) -> None:
    """A git folder elsewhere that names this work tree, as a submodule's does."""
    elsewhere = case.program.parent / "elsewhere"
    (case.root / ".git").rename(elsewhere)
    git(case.root, "--git-dir", str(elsewhere), "config", "core.worktree", str(case.root))
    (case.root / ".git").write_text(f"gitdir: {elsewhere}\n")
    _poison(elsewhere, case.program)


def submodule(case: Case) -> None:
    library = write(case.program.parent / "library", {"README": "x"})
    git(library, "init", "--quiet", "--initial-branch", "main")
    commit(library, "library")
    git(case.root, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(library), "library")
    _poison(case.root / ".git/modules/library", case.program)
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
    _poison(nested / ".git", case.program)
    (nested / "README").write_text("y")


ATTACKS: list[Callable[[Case], None]] = [
    bare_repositories, git_config, attributes_in_the_tree, worktree_config, git_file_of_a_submodule, submodule,
    nested_repository,
]  # fmt: skip


def check(root: Path, *arguments: str, **variables: str) -> Outcome:
    return kustodian(
        "check", ".", "--no-cache", "--format", "json", *RULES, *arguments, cwd=root, **variables
    )


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
    own, victim = case.root / ".git", _repository(tmp_path / "victim")
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
    home = write(tmp_path / "home", {".gitconfig": _settings(case.program)})
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
    origin = _repository(tmp_path / "origin")
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


# --- what the clone does not have ---------------------------------------------------------------------


DIGESTS = [f"sha256:{letter * 64}" for letter in "abc"]
SKIPS = ("--rule", "image-skips-environment")


def _promoted(root: Path) -> Path:
    """Staging has run the first two digests; prod runs the first, which only the history shows."""
    pod = "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {{containers: [{{name: c, image: 'r.io/x@{}'}}]}}\n"
    write(root, {
        "kustodian.yaml": (
            "environments:\n  staging: {class: staging, paths: [overlays/staging]}\n"
            "  prod: {class: prod, paths: [overlays/prod]}\n"
        ),
        "overlays/staging/kustomization.yaml": f"{KUSTOMIZATION}resources: [pod.yaml]\n",
        "overlays/staging/pod.yaml": f"# staging\n{pod.format(DIGESTS[0])}",
        "overlays/prod/kustomization.yaml": f"{KUSTOMIZATION}resources: [pod.yaml]\n",
        "overlays/prod/pod.yaml": pod.format(DIGESTS[0]),
    })  # fmt: skip
    git(root, "init", "--quiet", "--initial-branch", "main")
    commit(root, "one")
    (root / "overlays/staging/pod.yaml").write_text(pod.format(DIGESTS[1]))
    commit(root, "two")
    return root


def _skips(root: Path, **variables: str) -> Outcome:
    return kustodian("check", ".", "--no-cache", "--format", "json", *SKIPS, cwd=root, **variables)


def test_the_whole_history_is_read(tmp_path: Path) -> None:
    root = _promoted(tmp_path / "repo")
    assert (_skips(root).code, _skips(root).data["findings"]) == (0, [])
    prod = root / "overlays/prod/pod.yaml"
    prod.write_text(prod.read_text().replace(DIGESTS[0], DIGESTS[2]))
    assert len(_skips(root).data["findings"]) == 1
    git(root, "rm", "--quiet", "overlays/staging/pod.yaml")
    commit(root, "gone")
    git(root, "checkout", "--quiet", "HEAD~1", "--", "overlays/staging/pod.yaml")
    commit(root, "back")
    assert not _skips(root).data["notChecked"], "a file that was deleted once is not missing"


@pytest.mark.parametrize("how", ["--depth=1", "--filter=blob:none", "--filter=tree:0"])
def test_an_incomplete_clone_is_not_clean_and_nothing_is_fetched(
    case: Case, tmp_path: Path, how: str
) -> None:
    origin = _promoted(tmp_path / "origin")
    git(origin, "config", "uploadpack.allowFilter", "true")
    git(tmp_path, "clone", "--quiet", how, f"file://{origin}", "clone")
    root = tmp_path / "clone"
    objects = sorted((root / ".git/objects").rglob("*"))
    for url in (f"file://{origin}", f"ext::{case.program}"):
        git(root, "config", "remote.origin.url", url)
        git(root, "config", "remote.origin.uploadpack", str(case.program))
        git(root, "config", "protocol.ext.allow", "always")
        outcome = _skips(root)
        assert outcome.code == 3, outcome.out
        said = str(outcome.data["notChecked"])
        assert "image-skips-environment could not look" in said
        assert ("shallow" if "depth" in how else "partial clone") in said
        compared = kustodian("check", ".", "--no-cache", "--base", "HEAD~1", cwd=root)
        assert compared.code in {2, 3} and "git fetch" in compared.err, compared.err
        shown = kustodian("diff", ".", "--base", "HEAD~1", cwd=root)
        assert shown.code in {2, 3} and "git fetch" in shown.err, shown.err
    assert sorted((root / ".git/objects").rglob("*")) == objects
    assert not case.ran()


def test_the_history_is_not_needed_where_staging_runs_the_image_now(tmp_path: Path) -> None:
    origin = _promoted(tmp_path / "origin")
    prod = origin / "overlays/prod/pod.yaml"
    prod.write_text(prod.read_text().replace(DIGESTS[0], DIGESTS[1]))
    commit(origin, "promoted")
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{origin}", "clone")
    outcome = _skips(tmp_path / "clone")
    assert (outcome.code, outcome.data["notChecked"]) == (0, [])


def test_files_of_another_owner_are_read_all_the_same(tmp_path: Path) -> None:
    """Nothing of the repository's runs, so it does not matter whose it is, as in a container of CI."""
    root = _promoted(tmp_path / "repo")
    prod = root / "overlays/prod/pod.yaml"
    prod.write_text(prod.read_text().replace(DIGESTS[0], DIGESTS[2]))
    if os.geteuid() == 0:
        for path in (root, *root.rglob("*")):
            os.chown(path, 12345, 12345, follow_symlinks=False)
    # git itself has this switch for its own tests; without a stand-in folder of ours it refuses the repository
    assert len(_skips(root, GIT_TEST_ASSUME_DIFFERENT_OWNER="1").data["findings"]) == 1
    compared = kustodian("check", ".", "--no-cache", "--format", "json", "--base", "HEAD~1", *SKIPS, cwd=root)
    assert counts(compared) == (1, 0, 0), compared.err


@pytest.mark.parametrize("limit", [10, 12, 14])
def test_without_descriptors_the_check_is_not_clean(tmp_path: Path, limit: int) -> None:
    root = _promoted(tmp_path / "repo")
    prod = root / "overlays/prod/pod.yaml"
    prod.write_text(prod.read_text().replace(DIGESTS[0], DIGESTS[2]))
    done = subprocess.run(
        ["sh", "-c", f'ulimit -n {limit}; exec "$0" -m kustodian check . --no-cache --rule image-skips-environment', sys.executable],
        cwd=root, env={"PATH": os.environ["PATH"], "PYTHONPATH": str(SOURCE)},
        capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert "image-skips-environment" in done.stdout or done.returncode == 3, done.stdout + done.stderr


def test_a_file_with_a_damaged_index_is_an_error(case: Case) -> None:
    (case.root / ".git/index").write_bytes(b"DIRC nonsense")
    outcome = check(case.root)
    assert outcome.code == 3 and "git ls-files failed" in outcome.err


POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize {}\n"


def _with_pointer(case: Case, text: str) -> None:
    """The base has a pointer where the work tree has a pod, as after `git lfs checkout`."""
    content = text.encode()
    write(case.root, {
        ".gitattributes": "overlays/one/a.yaml filter=lfs diff=lfs merge=lfs -text\nmodel.bin filter=lfs\n",
        "overlays/one/a.yaml": POINTER.format(hashlib.sha256(content).hexdigest(), len(content)),
        "model.bin": POINTER.format("0" * 64, 5_000_000_000),
    })  # fmt: skip
    commit(case.root, "pointer")
    write(case.root, {"overlays/one/a.yaml": text, "model.bin": "weights"})


@pytest.mark.parametrize("command", [("check", "--no-cache"), ("diff",)])
def test_a_pointer_of_git_lfs_is_named(case: Case, command: tuple[str, ...]) -> None:
    _with_pointer(case, POD.format(name="a", tag="latest"))
    git_config(case)
    outcome = kustodian(*command, "--base", "HEAD", ".", cwd=case.root)
    assert outcome.code == 3
    assert "a Git LFS pointer" in outcome.err and "--> overlays/one/a.yaml" in outcome.err
    assert "git lfs fetch" in outcome.err
    assert not case.ran()


def test_a_pointer_whose_content_is_in_the_clone_is_followed(case: Case) -> None:
    text = POD.format(name="a", tag="latest")
    _with_pointer(case, text)
    name = hashlib.sha256(text.encode()).hexdigest()
    write(case.root / ".git/lfs/objects", {f"{name[:2]}/{name[2:4]}/{name}": text})
    (case.root / "overlays/one/b.yaml").write_text(POD.format(name="b", tag="1.0"))
    compared = check(case.root, "--base", "HEAD")
    assert counts(compared) == (0, 1, 1), compared.err


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
