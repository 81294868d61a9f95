"""The edit test over random small repositories: what `where` calls exact changes exactly that value."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kustodian.model.installed_files import engine_binary
from kustodian.render.engine import Engine
from tests.support.edits import edit_values

BASE = {
    "base/kustomization.yaml": "resources: [deployment.yaml, more.yaml]\nlabels: [{pairs: {made: base}}]\n",
    "base/deployment.yaml": """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: iris
  annotations: {note: first, "other": 'second'}
spec:
  replicas: 1
  selector: {matchLabels: {app: iris-app}}
  template:
    metadata: {labels: {app: iris-app}}
    spec:
      containers:
        - name: server
          image: example.com/iris:1.0.0
          args: [serve, --level=info]
          env: &env
            - {name: LEVEL, value: debug}
            - name: MODE
              value: |-
                plain
          ports: [{containerPort: 8080, protocol: TCP}, {containerPort: 8080, protocol: UDP}]
        - name: proxy
          image: example.com/proxy:1.0.0
          env: *env
""",
    "base/more.yaml": """\
# two documents and a list
apiVersion: v1
kind: ConfigMap
metadata: {name: facts}
data: {host: example, port: "8080", text: "a: one\\nb: two\\n"}
---
apiVersion: v1
kind: List
items:
  - apiVersion: v1
    kind: Service
    metadata: {name: iris}
    spec: {selector: {app: iris-app}, ports: [{name: http, port: 80}]}
""",
    "overlay/merge.yaml": """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: iris}
spec:
  replicas: 2
  template:
    spec:
      containers:
        - name: proxy
          image: example.com/proxy:2.0.0
          resources: {limits: {memory: 128Mi}}
        - name: extra
          image: example.com/extra:1.0.0
      terminationGracePeriodSeconds: 45
""",
    "overlay/operations.yaml": """\
- op: add
  path: /spec/template/spec/containers/0
  value: {name: first, image: "example.com/first:1.0.0", args: [quick]}
- {op: replace, path: /spec/template/spec/containers/0/args/0, value: other}
- {op: remove, path: /metadata/annotations/note}
""",
    "overlay/operations.json": '[{"op": "add", "path": "/spec/ports/-", "value": {"name": "more", "port": 81}}]\n',
    "overlay/replacements.yaml": """\
- source: {kind: ConfigMap, name: facts, fieldPath: data.host}
  targets:
    - select: {kind: Deployment}
      fieldPaths: ["spec.template.spec.containers.[name=server].env.[name=LEVEL].value"]
""",
    "overlay/images.yaml": """\
apiVersion: builtin
kind: ImageTagTransformer
metadata: {name: images}
imageTag: {name: example.com/proxy, newName: example.com/another}
fieldSpecs: [{path: "spec/template/spec/containers[]/image"}]
""",
    "overlay/settings.env": "# one\nFIRST=alpha\nSECOND=bravo\n",
    "overlay/body.txt": "content",
    "component/kustomization.yaml": """\
apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
patches:
  - target: {kind: Deployment, name: ir.*}
    patch: |
      - op: add
        path: /spec/template/metadata/annotations
        value: {component: added}
""",
}
#: Fields of the overlay's kustomization; any set of them makes a repository.
CONSTRUCTS = (
    "namespace: prod-space\n",
    "namePrefix: pre-\n",
    "commonAnnotations: {owner: team, contact: somebody}\n",
    "labels:\n  - pairs: {tier: backend}\n    includeTemplates: true\n  - pairs: {other: label}\n",
    "replicas: [{name: iris, count: 3}]\n",
    "images:\n  - {name: example.com/iris, newTag: 2.0.0}\n  - name: example.com/proxy\n    digest: sha256:0000\n",
    "patches:\n  - path: merge.yaml\n  - path: operations.yaml\n    target: {kind: Deployment}\n",
    "patchesJson6902:\n  - {target: {version: v1, kind: Service, name: iris}, path: operations.json}\n",
    "patchesStrategicMerge:\n  - |-\n    apiVersion: v1\n    kind: ConfigMap\n    metadata: {name: facts}\n    data: {extra: value}\n",
    "replacements:\n  - path: replacements.yaml\n  - sourceValue: fixed\n    targets:\n"
    "      - {select: {kind: Service}, fieldPaths: [metadata.labels.kind], options: {create: true}}\n",
    "transformers: [images.yaml]\n",
    "components: [../component]\n",
    "configMapGenerator:\n  - name: settings\n    envs: [settings.env]\n    literals: [THIRD=charlie]\n"
    "    files: [body.txt]\n    options: {disableNameSuffixHash: true, labels: {from: generator}}\n"
    "  - {name: facts, behavior: merge, literals: [host=merged], options: {disableNameSuffixHash: true}}\n",
    "secretGenerator:\n  - {name: hidden, literals: [TOKEN=secret], type: Opaque}\n",
)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(engine_binary()) as running:
        yield running


@settings(max_examples=40, deadline=None)
@given(fields=st.sets(st.sampled_from(CONSTRUCTS), max_size=8), seed=st.integers(0, 2**32))
def test_an_edit_changes_exactly_that_value(engine: Engine, fields: set[str], seed: int) -> None:
    if "secretGenerator" in "".join(fields) and "configMapGenerator" not in "".join(fields):
        fields = fields | {CONSTRUCTS[-2]}
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        kustomization = "resources: [../base]\n" + "".join(each for each in CONSTRUCTS if each in fields)
        for name, text in (BASE | {"overlay/kustomization.yaml": kustomization}).items():
            (root / name).parent.mkdir(exist_ok=True)
            (root / name).write_text(text)
        result = edit_values(engine, root, "overlay", 8, random.Random(seed))
    assert not result.wrong, "\n".join([kustomization, *result.wrong])
    assert result.counts["right"] >= 1, (kustomization, result.counts)
