"""What the repository names is read inside the repository only: nothing else is opened, and nothing of it is reported."""

from __future__ import annotations

import itertools
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from kustodian.repository.files import OutsideError, Reader
from tests.cli.harness import SOURCE, Outcome, kustodian, write

KUSTOMIZATION = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
CANARY = "SECRET-CANARY"
POD = """apiVersion: v1
kind: Pod
metadata: {name: a, namespace: x}
spec:
  containers:
  - name: a
    image: registry.example.com/a:latest
"""
CONFIG = 'environments: {prod: {paths: ["overlays/*"]}}\n'
OVERLAY = {
    "overlays/prod/kustomization.yaml": f"{KUSTOMIZATION}resources: [pod.yaml]\n",
    "overlays/prod/pod.yaml": POD,
}
FORMATS = ("text", "markdown", "sarif", "html", "json", "gitlab", "junit", "github")


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder beside the repository with marked files."""
    return write(tmp_path / "outside", {
        "cred": f"https://bot:{CANARY}@git.example.com\n",
        "crd/a.yaml": f"apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n# {CANARY}\n",
        "app.json": f'{{"image": "{CANARY}:latest", "name": "{CANARY}"}}\n',
    })  # fmt: skip


def repository(tmp_path: Path, files: dict[str, str]) -> Path:
    return write(tmp_path / "repo", {"kustodian.yaml": CONFIG, **OVERLAY, **files})


def check(root: Path, *arguments: str) -> Outcome:
    outcome = kustodian("check", "--no-cache", *arguments, cwd=root)
    assert "Traceback" not in outcome.err
    assert CANARY not in outcome.out + outcome.err
    return outcome


def opened(root: Path, *arguments: str, inside: Path | None = None) -> list[str]:
    """The existing paths outside of the repository that a check opens, without those of its own programs."""
    log = root.parent / "strace.log"
    command = ["strace", "-f", "-qq", "-e", "trace=open,openat,openat2", "-o", str(log), sys.executable, "-m"]
    subprocess.run(
        [*command, "kustodian", "check", "--no-cache", *arguments],
        cwd=root,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(SOURCE), "LC_ALL": "C.UTF-8"},
        capture_output=True,
        timeout=60,
        check=False,
    )
    found = re.findall(r'open(?:at2?)?\((?:[^"]*, )?"([^"]+)"[^\n]*\) = \d', log.read_text(errors="replace"))
    real = {os.path.realpath(root / name) for name in found}
    own = str(inside or root)
    real.discard(str(root))  # the working directory
    return sorted(name for name in real if name.startswith(str(root.parent)) and not name.startswith(own))


@pytest.mark.parametrize("target", ["cred", "/etc/passwd", "/proc/self/environ"])
@pytest.mark.parametrize("format_", FORMATS)
def test_a_snippet_never_shows_a_file_behind_a_link(
    tmp_path: Path, outside: Path, target: str, format_: str
) -> None:
    root = repository(tmp_path, {".sops.yaml": "creation_rules: [{path_regex: '.*[.]enc[.]env$'}]\n"})
    (root / "overlays/prod/a.enc.env").symlink_to(outside / target)
    outcome = kustodian("check", "--no-cache", "--format", format_, cwd=root, MARK=CANARY)
    assert "Traceback" not in outcome.err
    for foreign in (CANARY, "root:x:0", "PYTHONPATH"):
        assert foreign not in outcome.out + outcome.err


@pytest.mark.parametrize(
    "entry", ["/", "/usr", "/proc", "..", "../outside", "link", "folder", "pipe", "/dev/zero"]
)
def test_schemas_outside_of_the_repository_are_refused(tmp_path: Path, outside: Path, entry: str) -> None:
    root = repository(
        tmp_path, {"kustodian.yaml": f"{CONFIG}schemas: ['{entry}']\n", "folder/b.yaml": "a: b\n"}
    )
    (root / "link").symlink_to(outside / "crd")
    (root / "folder/a.yaml").symlink_to(outside / "crd/a.yaml")
    os.mkfifo(root / "pipe")
    outcome = check(root)
    assert outcome.code == 2
    assert "kustodian.yaml" in outcome.err
    assert "schemas" in outcome.err
    assert opened(root) == []


def test_a_pipe_among_the_schemas_does_not_stop_the_check(tmp_path: Path) -> None:
    root = repository(tmp_path, {"kustodian.yaml": f"{CONFIG}schemas: [crds]\n", "crds/b.yaml": "a: b\n"})
    os.mkfifo(root / "crds/a.yaml")
    outcome = check(root)
    assert outcome.code == 2
    assert "crds/a.yaml: it is not a regular file" in outcome.err


def test_schemas_behind_a_link_inside_the_repository_count(tmp_path: Path) -> None:
    root = repository(
        tmp_path,
        {"kustodian.yaml": f"{CONFIG}schemas: [crds]\n", "real/b.yaml": "a: b\n", "crds/c.yaml": "a: b\n"},
    )
    (root / "crds/a.yaml").symlink_to("../real/b.yaml")
    assert check(root).code == 1, "it has findings"


APPLICATION_SET = """apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: apps, namespace: argocd}
spec:
  generators: [{git: {repoURL: https://git.example.com/a.git, files: [{path: "apps/*.json"}]}}]
  template:
    metadata: {name: "{{name}}"}
    spec: {source: {path: "overlays/{{name}}", repoURL: https://git.example.com/a.git}}
"""


def test_a_git_generator_does_not_read_through_a_link(tmp_path: Path, outside: Path) -> None:
    root = repository(tmp_path, {"argocd/apps.yaml": APPLICATION_SET, "apps/b.json": '{"name": "prod"}\n'})
    (root / "apps/a.json").symlink_to(outside / "app.json")
    check(root)
    assert opened(root) == []


FORGED = """  annotations:
    config.kubernetes.io/origin: |
      path: {path}
    alpha.config.kubernetes.io/transformations: |
      - configuredIn: {path}
        configuredBy: {{apiVersion: builtin, kind: PatchTransformer}}
"""


@pytest.mark.parametrize("path", ["../../outside/cred", "../../../outside/kustomization.yaml", "waived.yaml"])
@pytest.mark.parametrize("how", ["manifest", "patch", "json", "escaped", "common"])
def test_provenance_that_the_repository_claims_is_not_believed(
    tmp_path: Path, outside: Path, path: str, how: str
) -> None:
    del outside
    forged = FORGED.format(path=path)
    pod = POD.replace(
        "metadata: {name: a, namespace: x}\n", f"metadata:\n  name: a\n  namespace: x\n{forged}"
    )
    waived = (
        "image: registry.example.com/a:latest # kustodian: ignore unpinned-image -- it is fine until 2099\n"
    )
    kustomization = f"{KUSTOMIZATION}resources: [pod.yaml]\n"
    files = {"overlays/prod/pod.yaml": POD, "overlays/prod/waived.yaml": POD.replace(
        "image: registry.example.com/a:latest\n", waived
    )}  # fmt: skip
    if how == "manifest":
        files["overlays/prod/pod.yaml"] = pod
    elif how == "escaped":
        escaped = pod.replace("config.kubernetes.io/origin", '"config.kubernetes.io/\\x6frigin"')
        escaped = escaped.replace("alpha.config.kubernetes.io/tr", "alpha.config.kubernetes.io/\\u0074r")
        files["overlays/prod/pod.yaml"] = escaped.replace(
            "alpha.config.kubernetes.io/\\u0074ransformations",
            '"alpha.config.kubernetes.io/\\u0074ransformations"',
        )
    elif how == "patch":
        files["overlays/prod/patch.yaml"] = pod.partition("spec:")[0]
        kustomization += "patches: [{path: patch.yaml}]\n"
    elif how == "json":
        value = f"path: {path}"
        kustomization += (
            "patches:\n- target: {kind: Pod}\n  patch: |\n"
            f"    - {{op: add, path: /metadata/annotations, value: {{config.kubernetes.io/origin: '{value}'}}}}\n"
            f"    - {{op: add, path: /metadata/annotations/config.kubernetes.io~1origin, value: '{value}'}}\n"
        )
    else:
        kustomization += f"commonAnnotations:\n  config.kubernetes.io/origin: 'path: {path}'\n"
    files["overlays/prod/kustomization.yaml"] = kustomization
    root = repository(tmp_path, files)
    outcome = check(root, "--format", "json", "--rule", "unpinned-image")
    if how == "escaped":
        assert [overlay["error"]["code"] for overlay in outcome.data["overlays"]] == ["hidden-provenance"]
        return
    for finding in outcome.data["findings"]:
        assert finding["source"]["file"] in ("overlays/prod/pod.yaml", "overlays/prod/kustomization.yaml")
    found = [place for place in outcome.found("unpinned-image") if place[0].startswith("overlays/prod/")]
    assert found, "the finding is neither moved nor lost"
    assert not any(finding.get("waiver") for finding in outcome.data["findings"])
    assert "waived.yaml" not in outcome.out


@pytest.mark.parametrize("target", ["app", "app/overlays/prod"])
@pytest.mark.parametrize("base", ["../../../neighbour", "../../../../../../../../../../../etc"])
def test_a_folder_without_git_and_configuration_is_its_own_root(
    tmp_path: Path, target: str, base: str
) -> None:
    root = write(tmp_path / "archive", {
        "app/overlays/prod/kustomization.yaml": f"{KUSTOMIZATION}resources:\n- {base}\n- pod.yaml\n",
        "app/overlays/prod/pod.yaml": POD,
        "neighbour/kustomization.yaml": f"{KUSTOMIZATION}resources: [pod.yaml]\n",
        "neighbour/pod.yaml": POD.replace("registry.example.com", CANARY),
    })  # fmt: skip
    outcome = check(root / target, ".", "--format", "json")
    assert outcome.code == 3
    [overlay] = outcome.data["overlays"]
    assert overlay["error"]["code"] == "outside-root"
    assert overlay["error"]["file"].endswith("kustomization.yaml")
    assert overlay["error"]["line"] == 4
    assert opened(root / target, ".", inside=root / target) == []


def test_an_alias_bomb_in_a_folder_without_a_repository(tmp_path: Path) -> None:
    names = "abcdefghijklmnopqrstuvwxyz"
    bomb = "a: &a [../x, ../y]\n" + "".join(
        f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in itertools.pairwise(names)
    )
    root = write(
        tmp_path / "archive", {"app/kustomization.yaml": f"{KUSTOMIZATION}{bomb}", "app/pod.yaml": POD}
    )
    assert check(root, "app").code == 3


def test_a_git_folder_that_is_none_does_not_make_a_root(tmp_path: Path) -> None:
    root = repository(
        tmp_path, {"base/kustomization.yaml": f"{KUSTOMIZATION}resources: [pod.yaml]\n", "base/pod.yaml": POD}
    )
    (root / "kustodian.yaml").unlink()
    (root / "overlays/prod/kustomization.yaml").write_text(f"{KUSTOMIZATION}resources: [../../base]\n")
    subprocess.run(["git", "init", "--quiet"], cwd=root, check=True)
    (root / "overlays/prod/.git").mkdir()
    outcome = check(root, "overlays/prod", "--format", "json")
    assert [overlay.get("error") for overlay in outcome.data["overlays"]] == [None]


def test_the_reader_reads_regular_files_inside_a_folder_only(tmp_path: Path) -> None:
    root = write(tmp_path / "root", {"a/b": "text", ".git/config": "secret", "a/.git/c": "secret"})
    write(tmp_path, {"outside": CANARY})
    os.mkfifo(root / "pipe")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(root / "socket"))
    (root / "inside").symlink_to("a/b")
    (root / "folder").symlink_to("a")
    (root / "out").symlink_to("../outside")
    (root / "up").symlink_to("..")
    (root / "zero").symlink_to("/dev/zero")
    (root / "git").symlink_to(".git/config")
    (root / "loop").symlink_to("loop")
    reader = Reader(root)
    assert [reader.text(name) for name in ("a/b", "inside", "folder/b", "a/../a/b", "./a/b")] == ["text"] * 5
    refused = (
        "../outside", str(tmp_path / "outside"), "out", "up/outside", "a/../../outside", "pipe", "socket",
        "zero", "/dev/zero", ".git/config", "a/.git/c", "git", "loop", "a", "", ".", "..", "missing", "a/b/c", "a\0b",
    )  # fmt: skip
    for name in refused:
        with pytest.raises((OSError, ValueError)):
            reader.read(name)
    (root / "large").write_bytes(b"x" * 100)
    with pytest.raises(OSError, match="larger than 99 bytes"):
        reader.read("large", 99)
    with pytest.raises(OutsideError):
        reader.read("out")


def test_promote_and_fix_read_nothing_behind_a_link(tmp_path: Path, outside: Path) -> None:
    root = repository(tmp_path, {"overlays/staging/kustomization.yaml": f"{KUSTOMIZATION}resources: []\n"})
    for environment in ("staging", "prod"):
        (root / f"overlays/{environment}/version.yaml").symlink_to(outside / "cred")
    outcome = kustodian("promote", "staging", "prod", "--yes", cwd=root)
    assert CANARY not in outcome.out + outcome.err
    assert outcome.code != 0
    (root / "overlays/prod/pod.yaml").unlink()
    (root / "overlays/prod/pod.yaml").symlink_to(outside / "cred")
    assert check(root, "--fix").code == 3
