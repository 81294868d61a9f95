"""`kustodian where` as a command: from a value to its line, and from a line to its values."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import jsonschema_rs
import pytest

from tests.cli.harness import kustodian, write

ROOT = Path(__file__).resolve().parents[2]
FILES = {
    "kustodian.yaml": "environments:\n  dev: {paths: [overlays/dev]}\n  prod: {paths: [overlays/prod]}\n",
    "base/kustomization.yaml": "resources: [deployment.yaml]\n",
    "base/deployment.yaml": """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: iris
spec:
  replicas: 1
  selector: {matchLabels: {app: iris}}
  template:
    metadata: {labels: {app: iris}}
    spec:
      containers:
        - name: server
          image: example.com/iris:1.0.0
          args: ["--level", info]
""",
    "overlays/dev/kustomization.yaml": "resources: [../../base]\n",
    "overlays/prod/kustomization.yaml": """\
resources: [../../base]
namespace: iris-prod
replicas:
  - name: iris
    count: 3
images:
  - name: example.com/iris
    newTag: 2.0.0
configMapGenerator:
  - name: settings
    envs: [app.env]
    options: {disableNameSuffixHash: true}
patches:
  - patch: |
      apiVersion: apps/v1
      kind: Deployment
      metadata: {name: iris}
      spec:
        replicas: 2
        paused: true
""",
    "overlays/prod/app.env": "# comment\nLEVEL=debug\n",
}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("where"), FILES)


def value(root: Path, *words: str) -> dict[str, object]:
    (found,) = kustodian("where", *words, "--format", "json", cwd=root).data["values"]
    return dict(found)


def test_a_value_with_its_chain(root: Path) -> None:
    found = value(root, "overlays/prod", "Deployment/iris", "spec.replicas")
    assert found["value"] == 3 and found["by"] == "replica" and found["exact"]
    assert found["place"] == {
        "file": "overlays/prod/kustomization.yaml", "line": 5, "column": 12, "endLine": 5, "endColumn": 13,
    }  # fmt: skip
    chain = [
        (each["value"], each["by"], each["place"]["file"], each["place"]["line"]) for each in found["chain"]
    ]
    assert chain == [
        ("2", "patch", "overlays/prod/kustomization.yaml", 19),
        ("1", "origin", "base/deployment.yaml", 6),
    ]


def test_the_text_shows_line_and_chain(root: Path) -> None:
    shown = kustodian("where", "overlays/prod", "deployment/iris", "spec.replicas", cwd=root)
    assert shown.code == 0
    assert (
        shown.out
        == """\
Deployment iris-prod/iris in overlays/prod (prod)
  spec.replicas: 3
    set by replica overlays/prod/kustomization.yaml:5
      5 |     count: 3
    was 2 from overlays/prod/kustomization.yaml:19
    was 1 from base/deployment.yaml:6
"""
    )


def test_a_value_that_two_texts_make_is_not_exact(root: Path) -> None:
    found = value(root, "overlays/prod", "Deployment/iris", "spec.template.spec.containers[0].image")
    assert found["exact"] is False and found["reason"] == "the entry sets a part of it"
    assert found["place"]["line"] == 8  # type: ignore[index]


def test_a_line_of_an_env_file(root: Path) -> None:
    found = value(root, "overlays/prod", "ConfigMap/settings", "data.LEVEL")
    assert found["place"] == {
        "file": "overlays/prod/app.env", "line": 2, "column": 7, "endLine": 2, "endColumn": 12,
    }  # fmt: skip
    assert found["exact"] is True


def test_every_scalar_of_every_object_has_a_place(root: Path) -> None:
    data = kustodian("where", "overlays/prod", "--all", "--format", "json", cwd=root).data
    schema = json.loads((ROOT / "docs/schemas/where.schema.json").read_text())
    jsonschema_rs.validate(schema, data)
    assert len(data["values"]) == 17
    assert all(each["place"] for each in data["values"])


def test_a_line_reaches_environments(root: Path) -> None:
    data = kustodian("where", "--line", "base/deployment.yaml:13", "--format", "json", cwd=root).data
    assert [(each["environment"], each["field"][-1]) for each in data["values"]] == [("dev", "image")]
    data = kustodian("where", "--line", "base/deployment.yaml:14", "--format", "json", cwd=root).data
    assert [(each["environment"], each["value"]) for each in data["values"]] == [
        ("dev", "--level"), ("dev", "info"), ("prod", "--level"), ("prod", "info"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), 2, "name an object, or use --line or --all"),
        (("overlays/prod", "Deployment/irs"), 2, "did you mean `Deployment/iris`?"),
        (("overlays/prod", "Deployment/iris", "spec.replica"), 2, "did you mean `spec.replicas`?"),
        (("overlays/none", "Deployment/iris"), 2, "no such file or folder"),
        (("--line", "base/deployment.yaml"), 2, "is not a line of a file"),
        (("--line", "base/none.yaml:1"), 2, "no such file in the repository"),
        (("--line", "base/deployment.yaml:99"), 4, "no rendered value comes from"),
    ],
)
def test_wrong_input(root: Path, words: tuple[str, ...], code: int, said: str) -> None:
    outcome = kustodian("where", *words, cwd=root)
    assert (outcome.code, outcome.out) == (code, "")
    assert said in outcome.err


def test_a_field_that_a_patch_removed(tmp_path: Path) -> None:
    kustomization = FILES["overlays/prod/kustomization.yaml"].replace("paused: true", "selector: null")
    write(tmp_path, FILES | {"overlays/prod/kustomization.yaml": kustomization})
    outcome = kustodian("where", "overlays/prod", "Deployment/iris", "spec.selector", cwd=tmp_path)
    assert outcome.code == 2
    assert "a patch removed it" in outcome.err and "overlays/prod/kustomization.yaml:20" in outcome.err


def test_an_overlay_that_does_not_render_is_named(tmp_path: Path) -> None:
    write(tmp_path, FILES | {"overlays/dev/kustomization.yaml": "resources: [missing.yaml]\n"})
    outcome = kustodian("where", ".", "Deployment/iris", "spec.replicas", cwd=tmp_path)
    assert outcome.code == 3
    assert "overlays/dev is not looked at: " in outcome.out and "spec.replicas: 3" in outcome.out


def test_a_finding_about_a_tag_is_where_the_tag_is(tmp_path: Path) -> None:
    """The overlay sets the name of the image, the base its tag; each rule names the text that offends."""
    write(
        tmp_path,
        {
            "kustodian.yaml": "registries: [good.example.com]\n",
            "base/kustomization.yaml": "resources: [deployment.yaml]\nimages:\n  - name: example.com/iris\n    newTag: latest\n",
            "base/deployment.yaml": FILES["base/deployment.yaml"],
            "overlay/kustomization.yaml": (
                "resources: [../base]\nimages:\n  - name: example.com/iris\n    newName: bad.example.com/iris\n"
            ),
        },
    )
    found = kustodian("check", "overlay", "--format", "json", cwd=tmp_path)
    assert found.found("unpinned-image") == [("base/kustomization.yaml", 4)]
    assert found.found("unapproved-registry") == [("overlay/kustomization.yaml", 4)]


def test_the_sample_in_the_readme_is_the_real_output() -> None:
    match = re.search(
        r"<!-- kustodian (where .*) -->\n```\n(.*?)```\n", (ROOT / "README.md").read_text(), re.DOTALL
    )
    assert match is not None
    assert kustodian(*match[1].split(), cwd=ROOT).out == match[2]


def test_the_finding_in_the_readme_is_the_real_one(tmp_path: Path) -> None:
    for name in ("base", "components", "overlays", "argocd", "policies", "kustodian.yaml"):
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, tmp_path / name)
    version = tmp_path / "overlays/staging/version.yaml"
    version.write_text(
        re.sub(r"(?m)^  image: .*$", "  image: registry.example.com/ml/iris:latest", version.read_text())
    )
    shown = kustodian("check", "--rule", "unpinned-image", cwd=tmp_path).out
    match = re.search(r"```\n(error\[unpinned-image\].*?)```\n", (ROOT / "README.md").read_text(), re.DOTALL)
    assert match is not None
    assert match[1] in shown
