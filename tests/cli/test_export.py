"""`kustodian export admission` as a command."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.harness import kustodian, write

CONFIG = (
    "environments: {prod: {paths: [overlays/prod], class: prod}, dev: {paths: [overlays/dev], class: dev}}\n"
)


def namespace(environment: str) -> str:
    return (
        "apiVersion: v1\nkind: Namespace\n"
        f"metadata: {{name: iris-{environment}, labels: {{owner: ml, environment: {environment}}}}}\n"
    )


def overlay(*resources: str) -> str:
    return f"kind: Kustomization\napiVersion: kustomize.config.k8s.io/v1beta1\nresources: [{', '.join(resources)}]\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    files = {"kustodian.yaml": CONFIG}
    for name in ("dev", "prod"):
        files[f"overlays/{name}/kustomization.yaml"] = overlay("namespace.yaml")
        files[f"overlays/{name}/namespace.yaml"] = namespace(name)
    return write(tmp_path / "repository", files)


def bindings(text: str) -> dict[str, dict[str, Any]]:
    return {
        item["metadata"]["name"]: item
        for item in yaml.safe_load_all(text)
        if item["kind"] == "ValidatingAdmissionPolicyBinding"
    }


def test_the_exported_folder_is_complete_and_passes_the_check(root: Path, tmp_path: Path) -> None:
    done = kustodian("export", "admission", "repository", cwd=tmp_path)
    assert (done.code, done.err) == (0, "")
    folder = root / "policies/admission"
    assert sorted(path.name for path in folder.iterdir()) == [
        "bindings.yaml", "kustomization.yaml", "policies.yaml",
    ]  # fmt: skip
    made = bindings((folder / "bindings.yaml").read_text())
    assert made["kustodian-unpinned-image-prod"]["metadata"]["labels"]["owner"] == "ml"
    assert "environment" not in made["kustodian-unpinned-image-prod"]["metadata"]["labels"]
    checked = kustodian("check", "policies/admission", "--format", "json", cwd=root)
    assert checked.code == 0
    assert checked.data["summary"]["objects"] > len(made)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert kustodian("export", "admission", cwd=root).code == 0
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_one_environment_on_standard_output(root: Path) -> None:
    done = kustodian("export", "admission", "--environment", "prod", "-o", "-", cwd=root)
    assert done.code == 0
    made = bindings(done.out)
    assert "kustodian-unpinned-image-prod" in made
    assert not [name for name in made if name.endswith("-dev")]
    assert not (root / "policies").exists()


def test_the_list_has_every_rule_and_why_it_is_not_exported(root: Path) -> None:
    lines = dict(
        line.split(maxsplit=1)
        for line in kustodian("export", "admission", "--list", cwd=root).out.splitlines()
    )
    assert lines["unpinned-image"] == "exported"
    assert "no `registries`" in lines["unapproved-registry"]
    assert len(lines) > 100


def test_without_a_namespace_object_the_namespaces_are_those_of_workloads(root: Path) -> None:
    pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: served}\nspec: {containers: []}\n"
    (root / "overlays/dev/namespace.yaml").write_text(pod)
    made = bindings(kustodian("export", "admission", "-o", "-", cwd=root).out)
    match = made["kustodian-unpinned-image-dev"]["spec"]["matchResources"]
    assert match["namespaceSelector"]["matchExpressions"][0]["values"] == ["served"]


@pytest.mark.parametrize(("files", "arguments", "code", "said"), [
    ({}, ("--environment", "prd"), 2, "did you mean `prod`?"),
    ({}, ("-o", "kustodian.yaml"), 2, "cannot write the policies"),
    ({"kustodian.yaml": CONFIG + 'kubernetesVersion: "1.28"\n'}, (), 2, "has no ValidatingAdmissionPolicy"),
    ({"overlays/dev/kustomization.yaml": overlay("absent.yaml")}, (), 3, "overlays/dev does not render"),
    ({f"overlays/{name}/namespace.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
      for name in ("dev", "prod")}, (), 4, "apply nowhere"),
])  # fmt: skip
def test_after_an_error_nothing_is_written(
    root: Path, files: dict[str, str], arguments: tuple[str, ...], code: int, said: str
) -> None:
    write(root, files)
    done = kustodian("export", "admission", *arguments, cwd=root)
    assert (done.code, done.out) == (code, "")
    assert said in done.err
    assert not (root / "policies").exists()
