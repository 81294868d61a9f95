"""Objects inside objects: a privileged pod is found whatever carries it, at its own line, by rules and policies."""

from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.cli.harness import Outcome, kustodian, line_of, write
from tests.hostile.carried import CARRIERS, POD, with_pod

KUSTOMIZATION = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
CONFIG = 'environments: {prod: {paths: ["overlays/*"]}}\n'


def repository(root: Path, manifests: dict[str, str], **files: str) -> Path:
    """A repository with an overlay for each manifest."""
    found = {"kustodian.yaml": CONFIG, **files}
    for name, manifest in manifests.items():
        found[f"overlays/{name}/kustomization.yaml"] = KUSTOMIZATION + "resources: [a.yaml]\n"
        found[f"overlays/{name}/a.yaml"] = manifest
    return write(root, found)


def check(root: Path, *arguments: str, stdin: str | None = None) -> Outcome:
    """The check of a repository, as JSON."""
    return kustodian("check", "--no-cache", "--format", "json", *arguments, cwd=root, stdin=stdin)


def git(root: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.com")
    subprocess.run(["git", *identity, *arguments], cwd=root, check=True, capture_output=True)


def commit(root: Path) -> None:
    git(root, "init", "-q", "-b", "mainline")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "x")


EVIL = {name: with_pod(carrier) for name, carrier in CARRIERS.items()}
#: What the rules find in the carrier itself.
PRIVILEGED = "privileged-container"


def test_a_privileged_pod_is_found_in_every_carrier(tmp_path: Path) -> None:
    root = repository(tmp_path, EVIL)
    outcome = check(root)
    assert outcome.code == 1
    wanted = [(f"overlays/{name}/a.yaml", line_of(text, "privileged: true")) for name, text in EVIL.items()]
    assert sorted(outcome.found(PRIVILEGED)) == sorted(wanted)


def test_a_change_that_adds_one_is_not_green(tmp_path: Path) -> None:
    clean = {name: with_pod(text.replace("privileged: true", "privileged: false"), POD.replace("true", "false"))
             for name, text in CARRIERS.items()}  # fmt: skip
    root = repository(tmp_path, clean)
    commit(root)
    repository(tmp_path, EVIL)
    outcome = check(root, "--base", "HEAD")
    assert outcome.code == 1
    new = [
        f["source"]["file"]
        for f in outcome.data["findings"]
        if f["rule"] == PRIVILEGED and f["status"] == "new"
    ]
    assert sorted(new) == sorted(f"overlays/{name}/a.yaml" for name in EVIL)


def test_manifest_files_and_standard_input(tmp_path: Path) -> None:
    root = write(
        tmp_path, {"kustodian.yaml": "{}\n", **{f"m/{name}.yaml": text for name, text in EVIL.items()}}
    )
    outcome = check(root, *(f"m/{name}.yaml" for name in EVIL))
    wanted = [(f"m/{name}.yaml", line_of(text, "privileged: true")) for name, text in EVIL.items()]
    assert sorted(outcome.found(PRIVILEGED)) == sorted(wanted)
    text = "---\n".join(EVIL.values())
    outcome = check(tmp_path, "-", stdin=text)
    lines = [number for number, line in enumerate(text.splitlines(), 1) if "privileged: true" in line]
    assert sorted(outcome.found(PRIVILEGED)) == [("-", line) for line in lines]


def test_json_and_typed_lists(tmp_path: Path) -> None:
    """kubectl gives the items of a PodList their kind."""
    pod = yaml.safe_load(POD)
    bare = {key: value for key, value in pod.items() if key not in ("kind", "apiVersion")}
    for data in (
        {"apiVersion": "v1", "kind": "PodList", "items": [bare]},
        {"apiVersion": "example.com/v1", "kind": "Widgets", "items": [pod]},
    ):
        outcome = check(tmp_path, "-", stdin=json.dumps(data))
        assert len(outcome.found(PRIVILEGED)) == 1


@pytest.mark.parametrize("kind", ["List", "WidgetList", "Widgets"])
def test_a_kind_that_a_patch_turns_into_a_list(tmp_path: Path, kind: str) -> None:
    """kubectl and Argo CD apply the items of whatever has them."""
    config_map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: x}\n"
    pod = "".join(f"        {line}\n" for line in POD.splitlines()).replace("        ", "      - ", 1)
    patch = f"""\
patches:
  - target: {{kind: ConfigMap, name: a}}
    options: {{allowKindChange: true}}
    patch: |
      apiVersion: example.com/v1
      kind: {kind}
      metadata: {{name: a, namespace: x}}
      items:
{pod}"""
    kustomization = KUSTOMIZATION + "resources: [a.yaml]\n" + patch
    root = write(
        tmp_path,
        {
            "kustodian.yaml": CONFIG,
            "overlays/a/a.yaml": config_map,
            "overlays/a/kustomization.yaml": kustomization,
        },
    )
    outcome = check(root)
    line = line_of(kustomization, "privileged: true")
    assert outcome.found(PRIVILEGED) == [("overlays/a/kustomization.yaml", line)]


def test_policies_see_them(tmp_path: Path) -> None:
    policy = (
        'package main\n\ndeny contains {"msg": "pod", "field": "spec.containers"} if input.kind == "Pod"\n'
    )
    root = repository(
        tmp_path,
        EVIL,
        **{"policies/a.rego": policy, "kustodian.yaml": CONFIG + "rego: {policy: [policies]}\n"},
    )
    found = check(root).found("rego/main/deny")
    assert sorted(found) == sorted(
        (f"overlays/{n}/a.yaml", line_of(t, "containers:")) for n, t in EVIL.items()
    )


def test_a_secret_of_a_resource_set(tmp_path: Path) -> None:
    content = base64.b64encode(POD.encode()).decode()
    manifest = CARRIERS["resource-set"].split("---")[0].replace("ConfigMap", "Secret") + (
        f"---\napiVersion: v1\nkind: Secret\nmetadata: {{name: cni, namespace: x}}\ndata:\n  a.yaml: {content}\n"
    )
    outcome = check(repository(tmp_path, {"a": manifest.lstrip()}))
    assert outcome.found(PRIVILEGED) == [("overlays/a/a.yaml", line_of(manifest.lstrip(), "a.yaml:"))]


def test_the_finding_names_carrier_and_field(tmp_path: Path) -> None:
    outcome = check(repository(tmp_path, {"a": EVIL["manifest-work"]}))
    (finding,) = (f for f in outcome.data["findings"] if f["rule"] == PRIVILEGED)
    assert finding["object"]["kind"] == "ManifestWork"
    assert finding["field"].startswith("spec.workload.manifests[1].spec.containers[0]")


NOT_OPENED = {
    "helm-release": "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: a, namespace: x}\nspec:\n  interval: 1h\n  chart: {spec: {chart: a}}\n",
    "helm-chart": "apiVersion: helm.cattle.io/v1\nkind: HelmChart\nmetadata: {name: a, namespace: x}\nspec:\n  repo: https://x\n  chart: a\n",
    "flux-patches": "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: a, namespace: x}\nspec:\n  path: ./a\n  patches: [{patch: x}]\n",
    "resource-set": "apiVersion: addons.cluster.x-k8s.io/v1beta1\nkind: ClusterResourceSet\nmetadata: {name: s, namespace: x}\nspec:\n  resources:\n    - {kind: ConfigMap, name: patches}\n",
    "template-text": "apiVersion: example.com/v1\nkind: A\nmetadata: {name: s, namespace: x}\nspec:\n  patches: |\n    apiVersion: v1\n    kind: Pod\n    {{- range x }}\n    a: b\n    {{- end }}\n",
}


def test_what_cannot_be_opened_is_named(tmp_path: Path) -> None:
    outcome = check(repository(tmp_path, NOT_OPENED))
    words = {"helm-release": "chart:", "helm-chart": "chart:"}
    assert sorted(outcome.found("contents-not-checked")) == sorted(
        (f"overlays/{name}/a.yaml", line_of(text, words.get(name, "patches")))
        for name, text in NOT_OPENED.items()
    )


def test_templates_give_no_noise(tmp_path: Path) -> None:
    """A placeholder is not a value; what is written is checked all the same."""
    template = CARRIERS["template"].lstrip() + "    replicas: ${{N}}\n"
    pod = POD.replace("registry.example.com/a@sha256:" + "a" * 64, "${IMAGE}").replace(
        "name: evil", "name: ${NAME}"
    )
    outcome = check(repository(tmp_path, {"a": with_pod(template, pod)}))
    found = {f["rule"] for f in outcome.data["findings"] if f["object"]["kind"] == "Template"}
    assert PRIVILEGED in found
    assert not found & {"unpinned-image", "invalid-manifest", "unapproved-registry", "unparseable-image"}


def test_carriers_without_end(tmp_path: Path) -> None:
    """Deeper than the limit, or more objects than the limit, is not checked."""
    value: dict[str, object] = yaml.safe_load(POD)
    for _ in range(10):
        value = {"apiVersion": "example.com/v1", "kind": "A", "metadata": {"name": "a"}, "spec": {"x": value}}
    many = {
        "apiVersion": "example.com/v1",
        "kind": "A",
        "metadata": {"name": "a"},
        "x": [
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"a{n}"}} for n in range(21_000)
        ],
    }
    root = repository(
        tmp_path, {"deep": json.dumps(value), "many": json.dumps(many), "good": EVIL["template"]}
    )
    outcome = check(root)
    assert outcome.code == 3
    errors = {o["path"]: (o.get("error") or {}).get("code") for o in outcome.data["overlays"]}
    assert errors == {"overlays/deep": "too-deep", "overlays/many": "too-many-objects", "overlays/good": None}
    (tmp_path / "many.json").write_text(json.dumps(many))
    outcome = check(root, "many.json")
    assert (outcome.code, outcome.data["overlays"][0]["error"]["code"]) == (3, "too-many-objects")


def test_clean_contents_give_no_findings(tmp_path: Path) -> None:
    """What is clean by itself is clean in a carrier."""
    config_map = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  namespace: x\ndata:\n  a: b\n"
    carriers = {
        name: with_pod(text, config_map)
        for name, text in CARRIERS.items()
        if "POD" in text and name not in ("custom-list", "nested-list")
    }
    empty = {name: with_pod(text, "a: b\n") for name, text in CARRIERS.items() if name in carriers}
    with_contents = check(repository(tmp_path / "a", carriers)).data["findings"]
    without = check(repository(tmp_path / "b", empty)).data["findings"]

    def about(findings: list[dict[str, object]]) -> set[tuple[object, object]]:
        return {(f["rule"], f["overlay"]) for f in findings}

    assert about(with_contents) - about(without) == set()


def test_the_default_of_a_parameter_is_a_value(tmp_path: Path) -> None:
    template = CARRIERS["template"].replace("{name: NAME}", "{name: P, value: 'true'}").lstrip()
    text = with_pod(template, POD.replace("privileged: true", "privileged: ${{P}}"))
    outcome = check(repository(tmp_path, {"a": text}))
    assert outcome.found(PRIVILEGED) == [("overlays/a/a.yaml", line_of(text, "privileged:"))]
