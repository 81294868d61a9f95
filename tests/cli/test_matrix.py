"""`kustodian matrix` as a command."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.harness import kustodian, write

ROOT = Path(__file__).parents[2]
KUSTOMIZATION = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"


def rows(*arguments: str, cwd: Path = ROOT) -> dict[tuple[str, str], tuple[list[str | None], bool]]:
    data = kustodian("matrix", "--format", "json", *arguments, cwd=cwd).data
    (application,) = data["applications"]
    assert application["environments"] == ["dev", "staging", "prod"]
    return {(row["subject"], row["fact"]): (row["values"], row["differs"]) for row in application["rows"]}


def test_the_rows_of_the_default_repository() -> None:
    found = rows()
    assert found["Deployment iris", "pods"] == (["1 to 2", "2 to 3", "3 to 6"], True)
    assert found["Deployment iris", "GPUs a pod"] == ([None, "1", "1"], True)
    assert found["Deployment iris", "MODEL_REVISION"] == (["1.0.0"] * 3, False)
    assert found["Deployment iris", "secrets"] == (["iris-api-keys"] * 3, False)
    assert found["HTTPRoute iris", "hosts"][0][2] == "iris.example.com"
    assert found["ResourceQuota iris", "requests.nvidia.com/gpu"] == (["0", "3", "6"], True)
    assert found["Namespace iris-*", "Pod Security"] == (["restricted"] * 3, False)


def test_the_text_format() -> None:
    text = kustodian("matrix", cwd=ROOT).out
    assert "  Deployment iris\n  ~ pods" in text
    assert max(len(line) for line in text.splitlines()) <= 120
    markdown = kustodian("matrix", "--format", "markdown", cwd=ROOT).out
    assert "| Deployment iris | pods | 1 to 2 | 2 to 3 | 3 to 6 | ~ |" in markdown
    assert kustodian("matrix", "--drift", cwd=ROOT).out == "overlays/*\n\nno drift\n"


DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: m}}
spec:
  replicas: {replicas}
  selector: {{matchLabels: {{app: m}}}}
  template:
    metadata: {{labels: {{app: m}}}}
    spec:
      containers: [{{name: c, image: "{image}", env: [{{name: MODEL_VERSION, value: "{model}"}}]}}]
"""
POLICY = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: {name}}}
spec: {{podSelector: {{}}, policyTypes: [Egress], egress: [{{to: [{{ipBlock: {{cidr: {cidr}}}}}]}}]}}
"""
LONG = "registry.example.com/a/very/long/name/of/a/model/server"


@pytest.fixture
def drifted(tmp_path: Path) -> Path:
    """Environments with different sizes, images, texts of a policy and sets of policies."""
    files = {
        "kustodian.yaml": "environments:\n  prod: {paths: [overlays/prod]}\n  dev: {paths: [overlays/dev]}\n"
    }
    for name, image, cidr, policies in (
        ("dev", f"{LONG}:2", "10.0.0.0/8", ["out", "allow-prometheus"]),
        ("prod", f"{LONG}:1", "0.0.0.0/0", ["out"]),
    ):
        folder = f"overlays/{name}"
        files[f"{folder}/kustomization.yaml"] = (
            f"{KUSTOMIZATION}namespace: m-{name}\nresources: [all.yaml]\n"
            f"secretGenerator: [{{name: s, literals: [a={name}]}}]\n"
        )
        objects = [DEPLOYMENT.format(replicas=len(name), image=image, model="1")]
        objects += [POLICY.format(name=policy, cidr=cidr) for policy in policies]
        files[f"{folder}/all.yaml"] = "---\n".join(objects)
    return write(tmp_path, files)


def test_drift_shows_unintended_differences_only(drifted: Path) -> None:
    data = kustodian("matrix", "--format", "json", cwd=drifted).data
    (application,) = data["applications"]
    assert application["environments"] == ["dev", "prod"], (
        "in the order of promotion, not of the configuration"
    )
    found = {(row["subject"], row["fact"]): (row["mark"], row["values"]) for row in application["rows"]}
    assert found == {
        ("Deployment m", "pods"): ("varies", ["3", "4"]),
        ("Deployment m", "image"): ("drift", [f"{LONG}:2", f"{LONG}:1"]),
        ("Deployment m", "MODEL_VERSION"): ("same", ["1", "1"]),
        ("network policies", "out"): ("drift", ["egress 1 (A)", "egress 1 (B)"]),
        ("network policies", "allow-prometheus"): ("missing", ["egress 1", None]),
    }
    data = kustodian("matrix", "--drift", "--format", "json", cwd=drifted).data
    assert {row["fact"] for row in data["applications"][0]["rows"]} == {"image", "out", "allow-prometheus"}


def test_long_values_are_printed_below_each_other(drifted: Path) -> None:
    text = kustodian("matrix", "--drift", cwd=drifted).out
    assert f"  ≠ image\n      dev   {LONG}:2\n      prod  {LONG}:1\n" in text
    assert text.endswith("\n≠ what runs differs   ! some environment lacks it\n")


def test_several_applications_and_overlays_of_one_environment(tmp_path: Path) -> None:
    files = {
        "kustodian.yaml": "environments:\n  dev: {paths: ['*/overlays/dev']}\n  prod: {paths: ['*/overlays/prod-*']}\n"
    }
    for name in ("one", "two"):
        for overlay in ("dev", "prod-eu", "prod-us"):
            folder = f"{name}/overlays/{overlay}"
            files[f"{folder}/kustomization.yaml"] = (
                f"{KUSTOMIZATION}resources: [d.yaml]\nnameSuffix: -{overlay}\n"
            )
            files[f"{folder}/d.yaml"] = DEPLOYMENT.format(replicas=1, image="x:1", model="1")
    data = kustodian("matrix", "--format", "json", cwd=write(tmp_path, files)).data
    assert [(a["application"], a["environments"]) for a in data["applications"]] == [
        (f"{name}/overlays/*", ["dev", "prod-eu", "prod-us"]) for name in ("one", "two")
    ]
    assert {row["subject"] for a in data["applications"] for row in a["rows"]} == {"Deployment m-*"}
    only = kustodian("matrix", "--format", "json", "-e", "prod", cwd=tmp_path).data
    assert {tuple(a["environments"]) for a in only["applications"]} == {("prod-eu", "prod-us")}


def test_an_environment_that_does_not_render_is_reported(tmp_path: Path) -> None:
    root = write(tmp_path, {
        "kustodian.yaml": "environments:\n  dev: {paths: [overlays/dev]}\n  prod: {paths: [overlays/prod]}\n",
        "overlays/dev/kustomization.yaml": f"{KUSTOMIZATION}resources: [nowhere]\n",
        "overlays/prod/kustomization.yaml": f"{KUSTOMIZATION}resources: [d.yaml]\n",
        "overlays/prod/d.yaml": DEPLOYMENT.format(replicas=1, image="x:1", model="1"),
    })  # fmt: skip
    outcome = kustodian("matrix", cwd=root)
    assert outcome.code == 3
    assert "overlays/dev does not render" in outcome.out
    assert "MODEL_VERSION  ?    1" in outcome.out, "the value in dev is not known"
    (root / "overlays/dev/kustomization.yaml").write_text("resources: []\nresources: []\n")
    outcome = kustodian("matrix", "--format", "markdown", cwd=root)
    assert outcome.code == 3 and "set twice" in outcome.out


@pytest.mark.parametrize("files", [{"kustomization.yaml": f"{KUSTOMIZATION}namePrefix: a-\n"}])
def test_without_environments(files: dict[str, str], tmp_path: Path) -> None:
    outcome = kustodian("matrix", cwd=write(tmp_path, files))
    assert outcome.code == 4
    assert "kustodian.yaml" in outcome.err
