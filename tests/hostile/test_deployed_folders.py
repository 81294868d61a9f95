"""What Applications deploy is checked wherever it lies, or is named as not checked: never green in silence."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from textwrap import indent

import pytest
import yaml

from tests.cli.harness import Outcome, kustodian, line_of, write

KUSTOMIZATION = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
OWN = "https://git.example.com/team/repo.git"
POD = """\
apiVersion: v1
kind: Pod
metadata: {name: evil, namespace: x}
spec:
  containers:
    - name: main
      image: registry.example.com/a:1.0.0
      securityContext:
        privileged: true
"""
CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: x}\n"
APPLICATION = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: NAME, namespace: argocd}
spec:
  project: apps
  destination: {server: https://kubernetes.default.svc, namespace: x}
  source:
    repoURL: @URL@
    targetRevision: v1.0.0
    path: PATH
"""
#: A repository with an overlay, its base, and the Application that deploys the overlay.
PLAIN = {
    "kustodian.yaml": 'environments: {prod: {paths: ["overlays/*"]}}\n',
    "base/kustomization.yaml": KUSTOMIZATION + "resources: [a.yaml]\n",
    "base/a.yaml": CONFIG_MAP,
    "overlays/prod/kustomization.yaml": KUSTOMIZATION + "resources: [../../base]\n",
    "argocd/prod.yaml": APPLICATION.replace("NAME", "prod")
    .replace("@URL@", OWN)
    .replace("PATH", "overlays/prod"),
}
PRIVILEGED = "privileged-container"
APP = "argocd/evil.yaml"


def application(path: str, more: str = "", url: str = OWN) -> str:
    return APPLICATION.replace("NAME", "evil").replace("@URL@", url).replace("PATH", path) + more


def git(root: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *identity, *arguments], cwd=root, check=True, capture_output=True)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The repository, committed."""
    write(tmp_path, PLAIN)
    git(tmp_path, "init", "-q", "-b", "mainline")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "x")
    return tmp_path


def add(root: Path, files: dict[str, str]) -> Path:
    """Files that a change adds; those in venv/ are tracked whatever the user's configuration ignores."""
    write(root, files)
    git(root, "add", "-A", "--force")
    return root


def check(root: Path, *arguments: str) -> Outcome:
    return kustodian("check", "--no-cache", "--format", "json", *arguments, cwd=root)


def both(root: Path) -> list[Outcome]:
    """The full check, and the comparison with the base."""
    return [check(root), check(root, "--base", "HEAD")]


def not_checked(outcome: Outcome) -> list[tuple[str, str, int]]:
    """(code, file, line) of what does not belong to an overlay and is not checked."""
    return [(one["code"], one["file"], one["line"]) for one in outcome.data["notChecked"]]


FOLDERS = {
    ".hidden/a": {".hidden/a/kustomization.yaml": KUSTOMIZATION + "resources: [pod.yaml]\n", ".hidden/a/pod.yaml": POD},
    "venv/a": {"venv/a/kustomization.yaml": KUSTOMIZATION + "resources: [pod.yaml]\n", "venv/a/pod.yaml": POD},
    "node_modules/a": {
        "node_modules/a/kustomization.yaml": KUSTOMIZATION + "resources: [pod.yaml]\n",
        "node_modules/a/pod.yaml": POD,
    },
    "manifests": {"manifests/pod.yaml": POD},
    ".github/deploy": {".github/deploy/pod.yml": POD},
    "objects": {"objects/pod.json": '{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "evil"},\n "spec": {"containers": [{"name": "a", "image": "registry.example.com/a:1.0.0",\n "securityContext": {\n"privileged": true}}]}}\n'},
}  # fmt: skip


def privileged(files: dict[str, str]) -> list[tuple[str, int]]:
    return [
        (name, number)
        for name, text in files.items()
        for number, line in enumerate(text.splitlines(), 1)
        if "privileged" in line and "true" in line
    ]


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_folder_that_an_application_deploys_is_checked(root: Path, folder: str) -> None:
    add(root, {APP: application(folder), **FOLDERS[folder]})
    for outcome in both(root):
        assert outcome.code == 1
        assert outcome.found(PRIVILEGED) == privileged(FOLDERS[folder])


def test_a_folder_with_the_folders_below_it(root: Path) -> None:
    files = {"m/a.yaml": CONFIG_MAP, "m/b/pod.yaml": POD, "m/skip/pod.yaml": POD}
    add(root, {APP: application("m"), **files})
    assert [outcome.found(PRIVILEGED) for outcome in both(root)] == [[], []]
    add(root, {APP: application("m", "    directory: {recurse: true, exclude: '{skip/*,x}'}\n")})
    for outcome in both(root):
        assert outcome.found(PRIVILEGED) == [("m/b/pod.yaml", line_of(POD, "privileged"))]


def test_an_application_that_a_deployed_folder_brings(root: Path) -> None:
    add(root, {APP: application(".apps"), ".apps/more.yaml": application(".more"), ".more/pod.yaml": POD})
    for outcome in both(root):
        assert outcome.found(PRIVILEGED) == [(".more/pod.yaml", line_of(POD, "privileged"))]


_TEXT = application("m")
SPELLINGS = {
    "alias": ("yaml", "x: &k Application\n" + _TEXT.replace("kind: Application", "kind: *k")),
    "alias of the version": (
        "yaml",
        "x: &k argoproj.io/v1alpha1\n" + _TEXT.replace("argoproj.io/v1alpha1", "*k"),
    ),
    "merge key": ("yaml", "x: &k {kind: Application}\n" + _TEXT.replace("kind: Application", "<<: *k")),
    "item that is an alias": (
        "yaml",
        "x: &a\n" + indent(_TEXT, "  ") + "apiVersion: v1\nkind: List\nitems: [*a]\n",
    ),
    "escaped JSON": (
        "json",
        json.dumps(yaml.safe_load(_TEXT))
        .replace("kind", "\\u006bind")
        .replace("apiVersion", "api\\u0056ersion"),
    ),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_an_application_however_its_kind_is_written(root: Path, spelling: str) -> None:
    suffix, text = SPELLINGS[spelling]
    add(root, {f"argocd/evil.{suffix}": text, "m/pod.yaml": POD})
    for outcome in both(root):
        assert outcome.found(PRIVILEGED) == [("m/pod.yaml", line_of(POD, "privileged"))]


def test_a_base_that_an_application_deploys_directly(root: Path) -> None:
    """A wrapper that patches the bad part away does not make the base clean."""
    patch = "patches:\n  - patch: |\n      apiVersion: v1\n      kind: Pod\n      metadata: {name: evil, namespace: x}\n      $patch: delete\n"
    overlay = {"overlays/prod/kustomization.yaml": KUSTOMIZATION + "resources: [../../base]\n" + patch}
    base = {
        "base/kustomization.yaml": KUSTOMIZATION + "resources: [a.yaml, pod.yaml]\n",
        "base/pod.yaml": POD,
    }
    add(root, {**overlay, **base})
    assert check(root).found(PRIVILEGED) == []
    add(root, {APP: application("base")})
    for outcome in both(root):
        assert outcome.found(PRIVILEGED) == [("base/pod.yaml", line_of(POD, "privileged"))]


def test_a_component_that_an_application_deploys_directly(root: Path) -> None:
    component = KUSTOMIZATION.replace("v1beta1", "v1alpha1").replace("kind: Kustomization", "kind: Component")
    patch = "patches:\n  - target: {kind: ConfigMap, name: a}\n    patch: '[{op: add, path: /data, value: {a: b}}]'\n"
    add(root, {
        APP: application("component"),
        "component/kustomization.yaml": component + patch,
        "overlays/prod/kustomization.yaml": KUSTOMIZATION + "resources: [../../base]\ncomponents: [../../component]\n",
    })  # fmt: skip
    for outcome in both(root):
        assert outcome.code == 3


OVERRIDES = {
    "kustomize.patches": ("    kustomize:\n      patches:\n        - patch: x\n", "patches:"),
    "kustomize.images": ("    kustomize:\n      images: [a=b]\n", "images:"),
    "kustomize.version": ("    kustomize: {version: v5.0.0}\n", "kustomize:"),
    "directory": ("    directory: {recurse: true}\n", "directory:"),
    "helm": ("    helm: {valuesObject: {a: b}}\n", "helm:"),
    "plugin": ("    plugin: {name: x}\n", "plugin:"),
}


@pytest.mark.parametrize("name", OVERRIDES)
def test_a_change_on_the_way_is_not_checked(root: Path, name: str) -> None:
    more, word = OVERRIDES[name]
    text = application("overlays/prod", more)
    add(root, {APP: text})
    code = "argocd-plugin" if name == "plugin" else "argocd-override"
    for outcome in both(root):
        assert outcome.code == 3
        assert not_checked(outcome) == [(code, APP, line_of(text, word))]


def test_an_argocd_source_file_changes_the_overlay(root: Path) -> None:
    add(root, {"overlays/prod/.argocd-source-evil.yaml": "kustomize: {images: [a=b]}\n"})
    for outcome in both(root):
        assert [one[0] for one in not_checked(outcome)] == ["argocd-override"]


def test_a_template_patch_changes_the_source(root: Path) -> None:
    text = f"""\
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {{name: set, namespace: argocd}}
spec:
  goTemplate: true
  generators: [{{list: {{elements: [{{name: prod}}]}}}}]
  template:
    metadata: {{name: "{{{{.name}}}}"}}
    spec:
      project: apps
      destination: {{name: x, namespace: x}}
      source: {{repoURL: "{OWN}", targetRevision: v1, path: "overlays/{{{{.name}}}}"}}
  templatePatch: |
    spec:
      source:
        repoURL: https://evil.example.com/x.git
"""
    add(root, {APP: text})
    for outcome in both(root):
        assert not_checked(outcome) == [("argocd-override", APP, line_of(text, "templatePatch"))]


def test_a_chart_and_jsonnet_are_named(root: Path) -> None:
    chart = {"chart/Chart.yaml": "apiVersion: v2\nname: x\nversion: 1.0.0\n", "chart/templates/pod.yaml": POD}
    jsonnet = {"j/a.jsonnet": "{}\n", "j/pod.yaml": POD}
    add(
        root,
        {
            APP: application("chart"),
            "argocd/j.yaml": application("j").replace("evil", "j"),
            **chart,
            **jsonnet,
        },
    )
    line = line_of(application("chart"), "path:")
    for outcome in both(root):
        assert outcome.code == 3
        assert sorted(not_checked(outcome)) == [
            ("argocd-chart", APP, line),
            ("argocd-jsonnet", "argocd/j.yaml", line),
        ]
        assert outcome.found(PRIVILEGED) == [("j/pod.yaml", line_of(POD, "privileged"))]


def test_excluded_folders_and_other_repositories_are_left_alone(root: Path) -> None:
    chart = {"chart/Chart.yaml": "apiVersion: v2\nname: x\nversion: 1.0.0\n", "m/pod.yaml": POD}
    other = application("m", url="https://git.example.com/other/thing.git").replace("evil", "other")
    add(root, {
        "kustodian.yaml": PLAIN["kustodian.yaml"] + "exclude: [chart]\n",
        APP: application("chart"),
        "argocd/other.yaml": other,
        **chart,
    })  # fmt: skip
    outcome = check(root)
    assert outcome.code != 3
    assert outcome.found(PRIVILEGED) == []


def test_a_folder_that_did_not_change_costs_no_full_comparison(root: Path) -> None:
    add(root, {APP: application("m"), "m/pod.yaml": POD})
    git(root, "commit", "-qm", "y")
    add(root, {"overlays/prod/b.yaml": CONFIG_MAP.replace("name: a", "name: b")})
    outcome = check(root, "--base", "HEAD")
    assert [f["rule"] for f in outcome.data["findings"] if f["status"] == "new"] == ["unused-file"]
    assert "1 overlay reads no" in kustodian("check", "--no-cache", "--base", "HEAD", cwd=root).out
    add(root, {"m/pod2.yaml": POD.replace("name: evil", "name: evil2")})
    outcome = check(root, "--base", "HEAD")
    new = [
        f["source"]["file"]
        for f in outcome.data["findings"]
        if f["rule"] == PRIVILEGED and f["status"] == "new"
    ]
    assert new == ["m/pod2.yaml"]


def test_an_application_inside_another_object(root: Path) -> None:
    """It is rendered with the overlay that carries it, whether or not that overlay changed."""
    work = "apiVersion: work.open-cluster-management.io/v1\nkind: ManifestWork\nmetadata: {name: w, namespace: c}\nspec:\n  workload:\n    manifests:\n"
    lines = application(".hidden").splitlines()
    carried = work + "".join(f"      {'  ' if number else '- '}{line}\n" for number, line in enumerate(lines))
    kustomization = KUSTOMIZATION + "resources: [../../base, work.yaml]\n"
    add(root, {"overlays/prod/kustomization.yaml": kustomization, "overlays/prod/work.yaml": carried})
    git(root, "commit", "-qm", "y")
    add(root, {".hidden/pod.yaml": POD})
    for outcome in both(root):
        assert outcome.found(PRIVILEGED) == [(".hidden/pod.yaml", line_of(POD, "privileged"))]


def test_a_stored_result_is_not_used_after_a_change_in_a_hidden_folder(root: Path) -> None:
    add(root, {APP: application(".hidden"), ".hidden/a.yaml": CONFIG_MAP})
    cache = str(root.parent / "cache")

    def cached() -> Outcome:
        return kustodian("check", "--format", "json", cwd=root, XDG_CACHE_HOME=cache)

    first = cached()
    assert cached().data["summary"] == first.data["summary"]
    write(root, {".hidden/pod.yaml": POD})
    assert cached().found(PRIVILEGED) == [(".hidden/pod.yaml", line_of(POD, "privileged"))]


def test_two_applications_of_one_folder(root: Path) -> None:
    """What the second one adds to the first is checked, too, even if a folder that it deploys brings it."""
    recursive = "    directory: {recurse: true}\n"
    files = {"m/a.yaml": CONFIG_MAP, "m/b/pod.yaml": POD}
    add(
        root,
        {
            APP: application("m"),
            "argocd/evil2.yaml": application("m", recursive).replace("evil", "evil2"),
            **files,
        },
    )
    assert check(root).found(PRIVILEGED) == [("m/b/pod.yaml", line_of(POD, "privileged"))]
    (root / "argocd/evil2.yaml").unlink()
    add(root, {"m/a.yaml": application("m", recursive).replace("evil", "evil3")})
    for outcome in both(root):
        assert outcome.found(PRIVILEGED) == [("m/b/pod.yaml", line_of(POD, "privileged"))]


def test_parts_of_a_check_belong_together(root: Path) -> None:
    """Only the first part looks at what is deployed beside the overlays."""
    add(root, {APP: application("m"), "m/pod.yaml": POD})
    parts = [f"part{number}.json" for number in (1, 2)]
    for number, part in enumerate(parts, 1):
        kustodian("check", "--no-cache", "--shard", f"{number}/2", "--format", f"json={part}", cwd=root)
    merged = kustodian("report", "merge", *parts, "--format", "json", cwd=root)
    assert merged.found(PRIVILEGED) == [("m/pod.yaml", line_of(POD, "privileged"))]
