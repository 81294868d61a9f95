"""A repository on a branch, and settings by which git would run programs: shared by the tests of git."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import NamedTuple

from tests.cli.harness import Outcome, kustodian, write
from tests.cli.test_base import KUSTOMIZATION, POD, commit, git

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


def small_repository(root: Path) -> Path:
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


def hostile_settings(program: Path) -> str:
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


def poison(git_folder: Path, program: Path) -> None:
    """Write hostile settings, hooks and attributes into a git folder."""
    with (git_folder / "config").open("a") as file:
        file.write(hostile_settings(program))
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


def git_config(case: Case) -> None:
    poison(case.root / ".git", case.program)


def check(root: Path, *arguments: str, **variables: str) -> Outcome:
    return kustodian(
        "check", ".", "--no-cache", "--format", "json", *RULES, *arguments, cwd=root, **variables
    )
