"""Where each kind of construction in a kustomization is found: one row, one construction.

A row is a small repository whose line that must be named carries the comment `# HERE` (in a JSON patch, the
line is given). The real engine renders it, so the provenance is kustomize's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from kustodian.model.installed_files import engine_binary
from kustodian.model.json_value import FieldPath
from kustodian.model.manifest import Manifest
from kustodian.model.overlay import Overlay
from kustodian.render.engine import Engine, RenderOptions
from kustodian.repository.source_map import SourceMaps
from kustodian.review.locate.locator import Locator

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: iris
  labels:
    app: iris
spec:
  replicas: 1
  selector:
    matchLabels: {app: iris}
  template:
    metadata:
      labels: {app: iris}
    spec:
      containers:
        - name: server
          image: example.com/iris:1.0.0
          env:
            - name: MODE
              value: base
            - name: LEVEL
              value: info
          resources:
            limits:
              cpu: "1"
              memory: 1Gi
        - name: proxy
          image: example.com/proxy:2.0.0
"""
BASE = {
    "base/deployment.yaml": DEPLOYMENT,
    "base/kustomization.yaml": "resources: [deployment.yaml]\n",
}
SERVER: FieldPath = ("spec", "template", "spec", "containers", 0)
IMAGE: FieldPath = (*SERVER, "image")
MEMORY: FieldPath = (*SERVER, "resources", "limits", "memory")
REPLICAS: FieldPath = ("spec", "replicas")


@dataclass(frozen=True)
class Case:
    """A construction: files over the base, and the field asked for."""

    name: str
    files: dict[str, str]
    path: FieldPath
    kind: str = "Deployment"
    overlay: str = "overlay"
    expect: tuple[str, int] | None = None


def overlay(text: str, **files: str) -> dict[str, str]:
    """The base, and an overlay over it; a file is named by its stem."""
    more = {f"overlay/{name.replace('__', '/')}.yaml": body for name, body in files.items()}
    return {**BASE, "overlay/kustomization.yaml": f"resources: [../base]\n{text}", **more}


def marked(text: str, fragment: str) -> str:
    """The text with `# HERE` on the line of the fragment's first occurrence."""
    head, found, tail = text.partition(fragment)
    assert found, fragment
    line, newline, rest = tail.partition("\n")
    return f"{head}{found}{line}  # HERE{newline}{rest}"


def base_with(fragment: str) -> dict[str, str]:
    """The base alone under an overlay that changes nothing, the fragment's line marked."""
    return {**overlay(""), "base/deployment.yaml": marked(DEPLOYMENT, fragment)}


def merge(body: str) -> str:
    """A strategic-merge patch of the Deployment."""
    return f"apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: iris\n{body}"


def container(body: str) -> str:
    """A strategic-merge patch of the container `server`."""
    head = "spec:\n  template:\n    spec:\n      containers:\n        - name: server\n"
    return merge(head + "".join(f"          {line}\n" for line in body.splitlines()))


def indented(text: str, spaces: int) -> str:
    """The text as a block scalar's content."""
    return "".join(f"{' ' * spaces}{line}\n" for line in text.splitlines())


INLINE_MERGE = "patches:\n  - patch: |\n" + indented(container("image: example.com/iris:2.0.0 # HERE"), 6)
INLINE_JSON = """\
patches:
  - target: {kind: Deployment, name: iris}
    patch: |
      - op: replace
        path: /spec/template/spec/containers/0/image
        value: example.com/iris:2.0.0 # HERE
"""
COMPONENT = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: version}\ndata:\n"
REPLACEMENT = """\
replacements:
  - source: {kind: ConfigMap, name: version, fieldPath: data.image}
    targets:
      - select: {kind: Deployment}
        fieldPaths: [spec.template.spec.containers.0.image]
"""
SERVICE = "apiVersion: v1\nkind: Service\nmetadata: {name: iris}\nspec:\n  type: NodePort # HERE\n"
LIST = "apiVersion: v1\nkind: List\nitems:\n  - apiVersion: v1\n    kind: Service\n    metadata: {name: a}\n"

CASES = [
    Case("base: scalar", base_with("image: example.com/iris:1.0.0"), IMAGE),
    Case("base: second container", base_with("image: example.com/proxy:2.0.0"), (*SERVER[:-1], 1, "image")),
    Case("base: replicas", base_with("replicas: 1"), REPLICAS),
    Case("base: mapping", base_with("limits:"), (*SERVER, "resources", "limits")),
    Case("base: list item", base_with("- name: server"), SERVER),
    Case("base: flow mapping", base_with("matchLabels:"), ("spec", "selector", "matchLabels", "app")),
    Case("base: env by name", base_with("value: info"), (*SERVER, "env", 1, "value")),
    Case(
        "absent: nearest mapping", base_with("limits:"), (*SERVER, "resources", "limits", "example.com/gpu")
    ),
    Case(
        "absent: nearest list item", base_with("- name: server"), (*SERVER, "securityContext", "privileged")
    ),
    Case("absent: pod spec", base_with("    spec:"), ("spec", "template", "spec", "nodeSelector", "a")),
    Case("absent: spec", base_with("spec:"), ("spec", "strategy", "type")),
    Case(
        "patch file: scalar",
        overlay("patches: [{path: p.yaml}]\n", p=container("image: example.com/iris:2 # HERE")),
        IMAGE,
    ),
    Case(
        "patch file: other container is not confused",
        {
            **base_with("image: example.com/proxy:2.0.0"),
            **{
                k: v
                for k, v in overlay(
                    "patches: [{path: p.yaml}]\n", p=container("image: example.com/iris:2")
                ).items()
                if k.startswith("overlay/")
            },
        },
        (*SERVER[:-1], 1, "image"),
    ),
    Case(
        "patch file: null removes the field",
        overlay("patches: [{path: p.yaml}]\n", p=container("resources:\n  limits:\n    memory: null # HERE")),
        MEMORY,
    ),
    Case(
        "patch file: null removes an ancestor",
        overlay("patches: [{path: p.yaml}]\n", p=container("resources: null # HERE")),
        MEMORY,
    ),
    Case(
        "patch file: $patch delete of a list item",
        overlay(
            "patches: [{path: p.yaml}]\n",
            p=container("env:\n  - name: LEVEL\n    $patch: delete\nresources:\n  $patch: delete # HERE"),
        ),
        MEMORY,
    ),
    Case(
        "patch file: $patch replace of a mapping",
        overlay(
            "patches: [{path: p.yaml}]\n",
            p=container("resources:\n  limits:\n    $patch: replace # HERE\n    cpu: '2'"),
        ),
        MEMORY,
    ),
    Case(
        "patch file: new env entry",
        overlay("patches: [{path: p.yaml}]\n", p=container("env:\n  - name: NEW\n    value: x # HERE")),
        (*SERVER, "env", 0, "value"),
    ),
    Case(
        "patch file: second document",
        overlay(
            "patches: [{path: p.yaml}]\n",
            p=merge("spec:\n  replicas: 2\n") + "---\n" + container("image: example.com/iris:3 # HERE"),
        ),
        IMAGE,
    ),
    Case(
        "patch file with a target",
        overlay(
            "patches:\n  - path: p.yaml\n    target: {kind: Deployment}\n",
            p=merge("spec:\n  replicas: 5 # HERE\n").replace("name: iris", "name: any"),
        ),
        REPLICAS,
    ),
    Case(
        "two patches: the last one that sets it",
        overlay(
            "patches: [{path: p.yaml}, {path: q.yaml}]\n",
            p=merge("spec:\n  replicas: 5\n"),
            q=merge("spec:\n  replicas: 6 # HERE\n"),
        ),
        REPLICAS,
    ),
    Case(
        "two patches: the last does not touch it",
        overlay(
            "patches: [{path: p.yaml}, {path: q.yaml}]\n",
            p=merge("spec:\n  replicas: 5 # HERE\n"),
            q=merge("spec:\n  paused: true\n"),
        ),
        REPLICAS,
    ),
    Case(
        "a patch of another object is passed over",
        {
            **overlay(
                "patches:\n  - path: p.yaml\n    target: {name: other}\n",
                p="- {op: add, path: /a, value: 1}\n",
            ),
            "base/deployment.yaml": marked(DEPLOYMENT, "replicas: 1"),
        },
        REPLICAS,
    ),
    Case("inline patch: strategic merge", overlay(INLINE_MERGE), IMAGE),
    Case("inline patch: JSON 6902 value", overlay(INLINE_JSON), IMAGE),
    Case(
        "inline patch: flow scalar",
        overlay(
            "patches:\n  - target: {kind: Deployment}\n"
            '    patch: \'[{"op": "replace", "path": "/spec/replicas", "value": 4}]\' # HERE\n'
        ),
        REPLICAS,
    ),
    Case(
        "JSON 6902 file: add of a field",
        overlay(
            "patches:\n  - path: p.yaml\n    target: {kind: Deployment}\n",
            p="- op: add\n  path: /spec/minReadySeconds\n  value: 5 # HERE\n",
        ),
        ("spec", "minReadySeconds"),
    ),
    Case(
        "JSON 6902 file: value inside an added mapping",
        overlay(
            "patches:\n  - path: p.yaml\n    target: {kind: Deployment}\n",
            p="- op: add\n  path: /spec/template/spec/nodeSelector\n  value:\n    disk: ssd # HERE\n",
        ),
        ("spec", "template", "spec", "nodeSelector", "disk"),
    ),
    Case(
        "JSON 6902 file: remove",
        overlay(
            "patches:\n  - path: p.yaml\n    target: {kind: Deployment}\n",
            p="- op: remove\n  path: /spec/template/spec/containers/0/resources/limits/memory # HERE\n",
        ),
        MEMORY,
    ),
    Case(
        "JSON 6902 file: append with -",
        overlay(
            "patches:\n  - path: p.yaml\n    target: {kind: Deployment}\n",
            p="- op: add\n  path: /spec/template/spec/containers/0/env/-\n"
            "  value: {name: Z, value: z} # HERE\n",
        ),
        (*SERVER, "env", 2, "value"),
    ),
    Case(
        "JSON 6902 file: escaped pointer",
        overlay(
            "patches:\n  - path: p.yaml\n    target: {kind: Deployment}\n",
            p='- op: add\n  path: /metadata/labels/example.com~1tier\n  value: "1" # HERE\n',
        ),
        ("metadata", "labels", "example.com/tier"),
    ),
    Case(
        "patchesStrategicMerge: file",
        overlay("patchesStrategicMerge: [p.yaml]\n", p=container("image: example.com/iris:2 # HERE")),
        IMAGE,
    ),
    Case(
        "patchesStrategicMerge: inline",
        overlay(
            "patchesStrategicMerge:\n  - |\n" + indented(container("image: example.com/iris:2 # HERE"), 4)
        ),
        IMAGE,
    ),
    Case(
        "patchesJson6902",
        overlay(
            "patchesJson6902:\n  - target: {group: apps, version: v1, kind: Deployment, name: iris}\n"
            "    path: p.yaml\n",
            p="- op: replace\n  path: /spec/replicas\n  value: 7 # HERE\n",
        ),
        REPLICAS,
    ),
    Case(
        "images: newTag",
        overlay("images:\n  - name: example.com/iris\n    newTag: latest # HERE\n"),
        IMAGE,
    ),
    Case(
        "images: digest",
        overlay(f"images:\n  - name: example.com/iris\n    digest: sha256:{'a' * 64} # HERE\n"),
        IMAGE,
    ),
    Case(
        "images: newName alone",
        overlay("images:\n  - name: example.com/iris\n    newName: example.com/lily # HERE\n"),
        IMAGE,
    ),
    Case(
        "images: newName and newTag",
        overlay(
            "images:\n  - name: example.com/iris\n    newName: example.org/lily\n    newTag: '2' # HERE\n"
        ),
        IMAGE,
    ),
    Case(
        "images: the other image keeps its line",
        {
            **overlay("images:\n  - name: example.com/iris\n    newTag: '2'\n"),
            "base/deployment.yaml": marked(DEPLOYMENT, "image: example.com/proxy:2.0.0"),
        },
        (*SERVER[:-1], 1, "image"),
    ),
    Case("replicas: count", overlay("replicas:\n  - name: iris\n    count: 9 # HERE\n"), REPLICAS),
    Case(
        "labels: pair",
        overlay("labels:\n  - pairs:\n      team: ml # HERE\n"),
        ("metadata", "labels", "team"),
    ),
    Case(
        "labels: pair in the pod template",
        overlay("labels:\n  - includeTemplates: true\n    pairs:\n      team: ml # HERE\n"),
        ("spec", "template", "metadata", "labels", "team"),
    ),
    Case(
        "labels: pair in the selector",
        overlay("labels:\n  - includeSelectors: true\n    pairs:\n      team: ml # HERE\n"),
        ("spec", "selector", "matchLabels", "team"),
    ),
    Case("commonLabels", overlay("commonLabels:\n  team: ml # HERE\n"), ("metadata", "labels", "team")),
    Case(
        "commonAnnotations",
        overlay("commonAnnotations:\n  note: hello # HERE\n"),
        ("metadata", "annotations", "note"),
    ),
    Case("namespace", overlay("namespace: iris-prod # HERE\n"), ("metadata", "namespace")),
    Case("namePrefix", overlay("namePrefix: prod- # HERE\n"), ("metadata", "name")),
    Case("nameSuffix", overlay("nameSuffix: -prod # HERE\n"), ("metadata", "name")),
    Case(
        "namePrefix: the origin is still found",
        {**overlay("namePrefix: prod-\n"), "base/deployment.yaml": marked(DEPLOYMENT, "replicas: 1")},
        REPLICAS,
    ),
    Case(
        "namePrefix: a patch of the old name",
        overlay("namePrefix: prod-\npatches: [{path: p.yaml}]\n", p=merge("spec:\n  replicas: 3 # HERE\n")),
        REPLICAS,
    ),
    Case(
        "configMapGenerator: literal",
        overlay("configMapGenerator:\n  - name: settings\n    literals:\n      - A=1\n      - B=2 # HERE\n"),
        ("data", "B"),
        kind="ConfigMap",
    ),
    Case(
        "configMapGenerator: file",
        overlay(
            "configMapGenerator:\n  - name: settings\n    files:\n      - body.yaml # HERE\n", body="x: 1\n"
        ),
        ("data", "body.yaml"),
        kind="ConfigMap",
    ),
    Case(
        "configMapGenerator: the entry of two that made it",
        overlay(
            "configMapGenerator:\n  - name: other\n    literals: [A=1]\n    options: {labels: {x: z}}\n"
            "  - name: settings # HERE\n    literals: [A=1]\n"
        ),
        ("metadata", "name"),
        kind="ConfigMap/settings",
    ),
    Case(
        "secretGenerator: literal",
        overlay("secretGenerator:\n  - name: keys\n    literals:\n      - TOKEN=x # HERE\n"),
        ("data", "TOKEN"),
        kind="Secret",
    ),
    Case(
        "component: patch",
        {
            **overlay("components: [../component]\n"),
            "component/kustomization.yaml": COMPONENT + "patches: [{path: p.yaml}]\n",
            "component/p.yaml": merge("spec:\n  replicas: 8 # HERE\n"),
        },
        REPLICAS,
    ),
    Case(
        "component: resource",
        {
            **overlay("components: [../component]\n"),
            "component/kustomization.yaml": COMPONENT + "resources: [s.yaml]\n",
            "component/s.yaml": SERVICE,
        },
        ("spec", "type"),
        kind="Service",
    ),
    Case(
        "overlay over overlay: the middle one set it",
        {
            **overlay("patches: [{path: p.yaml}]\n", p=merge("spec:\n  replicas: 3 # HERE\n")),
            "top/kustomization.yaml": "resources: [../overlay]\nnamespace: x\n",
        },
        REPLICAS,
        overlay="top",
    ),
    Case(
        "replacement: the value it was copied from",
        overlay("  # nothing\n".strip() + "\n", version="").copy()
        | {
            "overlay/kustomization.yaml": "resources: [../base, version.yaml]\n" + REPLACEMENT,
            "overlay/version.yaml": CONFIG_MAP + "  image: example.com/iris:9 # HERE\n",
        },
        IMAGE,
    ),
    Case(
        "several documents in one file",
        {
            **overlay(""),
            "base/deployment.yaml": DEPLOYMENT + "---\n# a comment\n---\n" + SERVICE,
        },
        ("spec", "type"),
        kind="Service",
    ),
    Case(
        "item of a List",
        {
            **overlay(""),
            "base/kustomization.yaml": "resources: [deployment.yaml, list.yaml]\n",
            "base/list.yaml": LIST + "    spec:\n      type: NodePort # HERE\n",
        },
        ("spec", "type"),
        kind="Service",
    ),
    Case(
        "an alias: the line that uses it",
        {
            **overlay(""),
            "base/deployment.yaml": DEPLOYMENT.replace("app: iris\nspec", "app: &app iris\nspec").replace(
                "matchLabels: {app: iris}", "matchLabels: {app: *app} # HERE"
            ),
        },
        ("spec", "selector", "matchLabels", "app"),
    ),
]


@pytest.fixture(scope="module")
def engine() -> Engine:
    with Engine(engine_binary()) as running:
        yield running


def _expected(files: dict[str, str]) -> tuple[str, int]:
    found = [
        (name, number)
        for name, text in files.items()
        for number, line in enumerate(text.splitlines(), start=1)
        if "# HERE" in line
    ]
    assert len(found) == 1, found
    return found[0]


def _object(objects: list[Manifest], wanted: str) -> Manifest:
    kind, _, name = wanted.partition("/")
    matches = [m for m in objects if m.kind == kind and m.name.startswith(name)]
    assert len(matches) == 1, [str(m.ref) for m in objects]
    return matches[0]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_location(case: Case, engine: Engine, tmp_path: Path) -> None:
    for name, text in case.files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    rendered = next(engine.render(tmp_path, [Overlay(case.overlay)], RenderOptions()))
    assert rendered.error is None, rendered.error
    manifest = _object(rendered.objects, case.kind)
    location = Locator(SourceMaps(tmp_path)).locate(manifest, case.path, rendered.files)
    assert (location.file, location.line) == _expected(case.files)


def test_the_table_is_long_enough() -> None:
    assert len({case.name for case in CASES}) == len(CASES) >= 40
