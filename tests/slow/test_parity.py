"""The engine against the programs it stands for: the same objects as kustomize, the same results as conftest.

Both programs are built from pinned Go modules (tests/support/peers.py).
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from kustodian.model.installed_files import engine_binary, template_dir
from kustodian.model.overlay import Overlay
from kustodian.render.engine import Engine, RegoOptions, RenderOptions
from kustodian.render.external import ExternalRenderer
from tests.support.peers import ROOT, build_peer

OVERLAYS = ("overlays/dev", "overlays/staging", "overlays/prod", "argocd")
REGO = RegoOptions(("policies/rego",), ("main",))


@pytest.fixture(scope="module")
def kustomize() -> Path:
    return build_peer("kustomize")


@pytest.fixture(scope="module")
def conftest() -> Path:
    return build_peer("conftest")


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(engine_binary()) as running:
        yield running


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_same_objects_as_kustomize(overlay: str, kustomize: Path, engine: Engine) -> None:
    external = ExternalRenderer(engine, kustomize, None)
    rendered = next(external.render(ROOT, [Overlay(overlay)], RenderOptions()))
    assert rendered.error is None, rendered.error
    assert rendered.objects


def test_a_difference_would_be_seen(kustomize: Path, engine: Engine, tmp_path: Path) -> None:
    """The parity test can fail: a binary that prints something else is told apart."""
    liar = tmp_path / "kustomize"
    liar.write_text(f'#!/bin/sh\n"{kustomize}" "$@" | sed "s/iris/lily/"\n')
    liar.chmod(0o755)
    rendered = next(ExternalRenderer(engine, liar, None).render(ROOT, [Overlay("base")], RenderOptions()))
    assert rendered.error is not None
    assert rendered.error.code == "engine-differs"


def test_the_same_objects_as_kustomize_on_real_repositories(kustomize: Path, engine: Engine) -> None:
    """Every kustomization of the corpus that renders without a network (its list lies beside it)."""
    corpus = Path(os.environ.get("KUSTODIAN_CORPUS", ""))
    if not os.environ.get("KUSTODIAN_CORPUS"):
        pytest.skip("KUSTODIAN_CORPUS names no folder")
    names = (corpus / "kubeflow-renderable.txt").read_text().split()
    overlays = [Overlay(name) for name in names]
    external = ExternalRenderer(engine, kustomize, None)
    rendered = list(external.render(corpus / "kubeflow-manifests", overlays, RenderOptions()))
    assert {r.overlay.path: r.error for r in rendered if r.error} == {}
    assert len(rendered) == len(names) > 100


def test_our_patches_change_no_byte(kustomize: Path, tmp_path: Path) -> None:
    """The kustomize program with and without engine/patches, on the corpus and on the default repository."""
    patched = build_peer("kustomize", patched=True)
    assert patched != kustomize
    folders = [ROOT / name for name in OVERLAYS]
    if corpus := os.environ.get("KUSTODIAN_CORPUS"):
        names = Path(corpus, "kubeflow-renderable.txt").read_text().split()
        folders += [Path(corpus, "kubeflow-manifests", name) for name in names]
    traced = tmp_path / "traced"
    shutil.copytree(ROOT / "base", traced / "base")
    shutil.copytree(ROOT / "components", traced / "components")
    shutil.copytree(ROOT / "overlays", traced / "overlays")
    for name in ("dev", "prod"):
        file = traced / "overlays" / name / "kustomization.yaml"
        file.write_text(f"{file.read_text()}\nbuildMetadata: [originAnnotations, transformerAnnotations]\n")
        folders.append(file.parent)
    different = [
        folder
        for folder in folders
        if subprocess.run([kustomize, "build", folder], capture_output=True, check=True).stdout
        != subprocess.run([patched, "build", folder], capture_output=True, check=True).stdout
    ]
    assert different == []


_DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: app, labels: {app: app}}
spec:
  selector: {matchLabels: {app: app}}
  template:
    metadata: {labels: {app: app}}
    spec:
      containers: [{name: app, image: "registry.example.com/app:1.0.0", envFrom: [{configMapRef: {name: settings}}]}]
"""
_CUSTOM = """\
apiVersion: example.com/v1
kind: Pipeline
metadata: {name: pipeline}
spec: {settings: settings, runner: {image: "registry.example.com/app:1.0.0"}, tag: {owner: nobody}}
"""
_LOCAL = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: local, annotations: {config.kubernetes.io/local-config: "true"}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: not-local, annotations: {config.kubernetes.io/local-config: "false"}}
"""
_CONFIGURATION = """\
nameReference: [{kind: ConfigMap, fieldSpecs: [{path: spec/settings, kind: Pipeline}]}]
images: [{path: spec/runner/image, kind: Pipeline}]
commonLabels: [{path: spec/tag, create: true, kind: Pipeline}]
"""
_DEFINITION = """\
{"github.com/example/v1.Pipeline": {"Schema": {"properties": {
  "apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"type": "object"},
  "spec": {"properties": {"settings": {"x-kubernetes-object-ref-api-version": "v1",
    "x-kubernetes-object-ref-kind": "ConfigMap", "type": "string"}}}}}}}
"""
_NAMESPACES = "---\n".join(
    f"""\
apiVersion: v1
kind: Namespace
metadata: {{name: {name}}}
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: settings, namespace: {name}}}
---
apiVersion: v1
kind: ServiceAccount
metadata: {{name: runner, namespace: {name}}}
---
{_DEPLOYMENT.replace("{name: app,", f"{{name: app, namespace: {name},")}---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {{name: binding, namespace: {name}}}
roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: edit}}
subjects: [{{kind: ServiceAccount, name: runner, namespace: {other}}}]
"""
    for name, other in (("a", "b"), ("b", "c"), ("c", "a"))
)
#: Kustomizations over the folder `base` that come past the patched places, or fail there.
_BUILDS = {
    "configured": "configurations: [own.yaml]\nnamePrefix: p-\nimages: [{name: registry.example.com/app, newTag: '2'}]",
    "over a configured one": "resources: [../configured]\nconfigurations: [own.yaml]\nnamePrefix: q-",
    "default over a configured one": "resources: [../configured]\nnameSuffix: -s\ncommonLabels: {team: ml}",
    "conflicting": "configurations: [conflict.yaml]\nlabels: [{pairs: {a: b}, includeSelectors: true}]",
    "two bases": "resources: [../configured, other.yaml]\nnamespace: ns",
    "namespaces": "resources: [namespaces.yaml]\nnamePrefix: p-",
    "namespaces set": "resources: [namespaces.yaml]\nnamespace: ns",
    "namespace renamed": "resources: [../namespaces]\nconfigurations: [own.yaml]\nnameSuffix: -s\n"
    "patches: [{target: {kind: Namespace, name: b}, patch: '- {op: replace, path: /metadata/name, value: d}',"
    " options: {allowNameChange: true}}]",
    "legacy order": "resources: [namespaces.yaml, ../base]\nsortOptions: {order: legacy}",
    "own order": "resources: [namespaces.yaml, ../base]\nsortOptions: {order: legacy, legacySortOptions:"
    " {orderFirst: [RoleBinding, Deployment], orderLast: [Namespace]}}",
    "custom resources": "crds: [crd.json]\nnamePrefix: p-",
    "image pattern": "images: [{name: '[', newTag: '2'}, {name: 'registry.example.com/.*', newName: x}]",
    "image digest": "images: [{name: registry.example.com/app, digest: 'sha256:0123'}, {name: a}]",
    "literals": (
        r"""configMapGenerator: [{name: g, literals: ["a=\u2028\U0001F600", "b='<&>\"", "c=1e3", "d= # no", "e=x\ny"],"""
        " options: {labels: {number: '12', answer: 'true'}}}]"
    ),
    "control character": r"""configMapGenerator: [{name: g, literals: ["a=\x7f\x01"]}]""",
    "replicas": "replicas: [{name: app, count: 3}]",
    "labels and annotations": "commonAnnotations: {a: '1', b: 'on'}\nlabels: [{pairs: {x: '0x1'}, includeTemplates: true}]",
    "patch and path": "patches: [{patch: '{}', path: x.yaml}]",
    "bad patch": "patches: [{patch: 'a: [', target: {kind: Deployment}}]",
    "bad operation": 'patchesJson6902: [{target: {version: v1, kind: Deployment, name: app}, patch: \'[{"op": "x"}]\'}]',
    "patch of nothing": "patches: [{patch: '- {op: remove, path: /spec/nothing}', target: {kind: Deployment}}]",
    "good patch": "patches: [{patch: '- {op: add, path: /spec/paused, value: true}', target: {kind: Deployment}}]",
    "replacement": (
        "replacements: [{source: {kind: Deployment, fieldPath: metadata.name},"
        " targets: [{select: {kind: Pipeline}, fieldPaths: [spec.settings]}]}]"
    ),
}


def test_our_patches_change_nothing_where_they_look(kustomize: Path, tmp_path: Path) -> None:
    """What comes past the patched places: configurations of one's own, image patterns, odd texts, refused patches."""
    patched = build_peer("kustomize", patched=True)
    head = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
    files = {
        "base/kustomization.yaml": f"{head}resources: [all.yaml]\n"
        "configMapGenerator: [{name: settings, literals: [mode=fast]}]\n",
        "base/all.yaml": f"{_DEPLOYMENT}---\n{_CUSTOM}---\n{_LOCAL}",
    }
    for name, text in _BUILDS.items():
        resources = "" if "resources:" in text else "resources: [../base]\n"
        files |= {
            f"{name}/kustomization.yaml": f"{head}{resources}{text}\n",
            f"{name}/own.yaml": _CONFIGURATION,
            f"{name}/conflict.yaml": "commonLabels: [{path: metadata/labels, create: false}]\n",
            f"{name}/crd.json": _DEFINITION,
            f"{name}/namespaces.yaml": _NAMESPACES,
            f"{name}/other.yaml": _DEPLOYMENT.replace("name: app", "name: other", 1),
        }
    for file, text in files.items():
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text(text)
    results = {
        name: [
            subprocess.run(
                [program, "build", name], cwd=tmp_path, capture_output=True, text=True, check=False
            )
            for program in (kustomize, patched)
        ]
        for name in _BUILDS
    }
    for name, (theirs, ours) in results.items():
        assert (ours.returncode, ours.stdout, ours.stderr) == (
            theirs.returncode,
            theirs.stdout,
            theirs.stderr,
        ), name
    failed = {name for name, (theirs, _) in results.items() if theirs.returncode}
    assert failed == {
        "conflicting", "namespaces set", "control character", "patch and path", "bad patch", "bad operation",
        "patch of nothing",
    }  # fmt: skip


def test_the_same_results_as_conftest(conftest: Path, engine: Engine, tmp_path: Path) -> None:
    """Starter policies on the default repository as it is, and on one that breaks each of them."""
    assert template_dir().is_dir()
    for name in ("base", "components", "overlays", "policies"):
        shutil.copytree(ROOT / name, tmp_path / name)
    for name, old, new in (
        ("overlays/prod/kustomization.yaml", "owner: ml-platform", "owner: ''"),
        ("overlays/prod/version.yaml", "registry.example.com/", "elsewhere.example.org/"),
    ):
        path = tmp_path / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))
    overlays = [Overlay("overlays/dev"), Overlay("overlays/prod")]
    options = RenderOptions()
    ours = {r.overlay.path: r for r in engine.render(tmp_path, overlays, options, REGO)}
    external = ExternalRenderer(engine, None, conftest)
    theirs = {r.overlay.path: r for r in external.render(tmp_path, overlays, options, REGO)}
    assert not ours["overlays/dev"].policy
    assert ours["overlays/prod"].policy, "the broken overlay breaks policies"
    for path, rendered in ours.items():
        other = theirs[path]
        assert rendered.policy_successes == other.policy_successes
        assert sorted(_key(r) for r in rendered.policy) == sorted(_key(r) for r in other.policy)


def _key(result: object) -> tuple[str, ...]:
    fields = ("object", "namespace", "query", "level", "message")
    return tuple(str(getattr(result, field)) for field in fields)


def test_the_starter_policies_pass_their_own_tests(conftest: Path, engine: Engine) -> None:
    ours = engine.verify(ROOT, REGO)
    assert len(ours) >= 6
    assert [test for test in ours if test["status"] != "pass"] == []
    done = subprocess.run(
        [str(conftest), "verify", "--policy", "policies/rego"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
