"""Names of files that are not UTF-8, pointers of Git LFS and messages of other programs: shown safely, never dropped."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from tests.cli.harness import Outcome, kustodian, write
from tests.cli.test_base import commit, git

KUSTOMIZATION = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
POD = """apiVersion: v1
kind: Pod
metadata: {name: a, namespace: x}
spec:
  containers:
  - name: a
    image: registry.example.com/a:latest
"""
POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 12345\n"
FILES = {
    "kustodian.yaml": 'environments: {prod: {paths: ["overlays/*"]}}\n',
    "overlays/prod/kustomization.yaml": f"{KUSTOMIZATION}resources: [a.yaml]\n",
    "overlays/prod/a.yaml": POD,
    ".sops.yaml": "creation_rules: [{path_regex: '.*[.]enc[.]env$'}]\n",
}
FORMATS = ("text", "markdown", "sarif", "html", "json", "gitlab", "junit", "github")


def put(root: Path, name: bytes, text: str) -> None:
    path = root / os.fsdecode(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def check(root: Path, *arguments: str) -> Outcome:
    outcome = kustodian("check", "--no-cache", *arguments, cwd=root)
    assert "Traceback" not in outcome.err
    return outcome


@pytest.mark.parametrize("with_git", [True, False])
@pytest.mark.parametrize("format_", FORMATS)
def test_a_file_whose_name_is_not_utf8_is_checked_or_named(
    tmp_path: Path, format_: str, with_git: bool
) -> None:
    root = write(tmp_path, FILES)
    put(root, b"overlays/prod/\xfe.enc.env", "A=b\n")
    put(root, b"more/s\xff.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {a: b}\n")
    put(root, b"f\xff/kustomization.yaml", "resources: [a.yaml]\n")
    if with_git:
        git(root, "init", "--quiet")
        git(root, "add", "-A")
    outcome = check(root, "--format", format_, "--rule", "unencrypted-secret-file")
    assert outcome.code == 3
    assert ".enc.env" in outcome.out + outcome.err
    if format_ == "json":
        assert outcome.found("unencrypted-secret-file") == [("overlays/prod/\\udcfe.enc.env", 1)]
        assert [one["code"] for one in outcome.data["notChecked"]] == ["not-utf-8"]
        codes = {(one["error"] or {}).get("code") for one in outcome.data["overlays"]}
        assert codes == {None, "not-utf-8"}


def test_a_file_whose_name_is_not_utf8_is_compared(tmp_path: Path) -> None:
    root = write(tmp_path, FILES)
    put(root, b"overlays/prod/\xfd.enc.env", "A=b\n")
    git(root, "init", "--quiet")
    commit(root, "one")
    put(root, b"overlays/prod/\xfe.enc.env", "A=b\n")
    git(root, "add", "-A")
    outcome = check(root, "--base", "HEAD", "--format", "json", "--rule", "unencrypted-secret-file")
    by_status = {f["source"]["file"]: f["status"] for f in outcome.data["findings"]}
    assert by_status == {"overlays/prod/\\udcfe.enc.env": "new", "overlays/prod/\\udcfd.enc.env": "unchanged"}


def test_a_target_whose_name_is_not_utf8_is_not_clean(tmp_path: Path) -> None:
    root = write(tmp_path, FILES)
    put(root, b"f\xff/a.yaml", POD)
    assert check(root, os.fsdecode(b"f\xff")).code == 3
    put(root, b"\xff/kustodian.yaml", "")
    put(root, b"\xff/kustomization.yaml", "resources: [a.yaml]\n")
    put(root, b"\xff/a.yaml", POD)
    assert check(root, os.fsdecode(b"\xff")).code in (2, 3, 4)


@pytest.mark.parametrize(
    ("file", "kustomization"),
    [
        ("overlays/prod/a.yaml", "resources: [a.yaml]\n"),
        (
            "overlays/prod/data.txt",
            "resources: [a.yaml]\nconfigMapGenerator: [{name: a, files: [data.txt]}]\n",
        ),
        ("overlays/prod/patch.yaml", "resources: [a.yaml]\npatches: [{path: patch.yaml}]\n"),
    ],
)
def test_a_pointer_of_git_lfs_is_not_checked(tmp_path: Path, file: str, kustomization: str) -> None:
    files = {**FILES, "overlays/prod/kustomization.yaml": KUSTOMIZATION + kustomization, file: POINTER}
    outcome = check(write(tmp_path, files), "--format", "json")
    assert outcome.code == 3
    [overlay] = outcome.data["overlays"]
    assert (overlay["error"]["code"], overlay["error"]["file"]) == ("lfs-pointer", file)


def test_a_pointer_among_plain_manifests_and_value_files_is_named(tmp_path: Path) -> None:
    root = write(
        tmp_path, {**FILES, "plain/a.yaml": POD, "plain/b.yaml": POINTER, "chart/values.yaml": POINTER}
    )
    outcome = check(root, "plain", "--format", "json")
    assert (outcome.code, outcome.data["overlays"][0]["error"]["file"]) == (3, "plain/b.yaml")
    whole = check(root, "--format", "json")
    assert whole.code == 3
    assert [one["file"] for one in whole.data["notChecked"]] == ["chart/values.yaml", "plain/b.yaml"]


@pytest.mark.parametrize("does", ["echo 'policy failed' >&2; exit 1", "echo no json"])
def test_a_conftest_that_fails_makes_the_overlay_not_checked(tmp_path: Path, does: str) -> None:
    policy = "package main\nimport rego.v1\ndeny contains 'x' if false\n".replace("'", '"')
    root = write(tmp_path, {**FILES, "policy/a.rego": policy})
    (root / "kustodian.yaml").write_text(FILES["kustodian.yaml"] + "rego: {policy: [policy]}\n")
    program = tmp_path / "conftest"
    program.write_text(f'#!/bin/sh\n[ "$1" = --version ] && exit 0\n{does}\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    outcome = check(root, "--format", "json", "--conftest", str(program))
    assert outcome.code == 3
    assert outcome.data["overlays"][0]["error"]["code"] == "policy-eval"
    assert outcome.data["overlays"][0]["error"]["message"].startswith("conftest: ")


def test_a_message_of_several_lines_is_shown_on_several_lines(tmp_path: Path) -> None:
    program = tmp_path / "conftest"
    program.write_text(
        '#!/bin/sh\n[ "$1" = --version ] && exit 0\nprintf "one\\n::error::two\\n\\033[31mthree\\n" >&2\nseq 40 >&2\nexit 1\n'
    )
    program.chmod(0o755)
    root = write(tmp_path / "repo", {**FILES, "policy/a.rego": "package main\n"})
    (root / "kustodian.yaml").write_text(FILES["kustodian.yaml"] + "rego: {policy: [policy]}\n")
    outcome = check(root, "--conftest", str(program))
    lines = outcome.out.splitlines()
    first = lines.index("not checked[policy-eval]: conftest: one")
    assert lines[first + 2] == "  | \\x1b[31mthree"
    assert lines[first + 1] == "  | \\::error::two"
    assert lines[first + 21] == "  | and 22 more lines"
    assert json.loads(check(root, "--format", "json", "--conftest", str(program)).out)["overlays"]
