"""Patches: strategic merge and JSON 6902, in files and inline."""

from __future__ import annotations

from tests.unit.review.locate.case import (
    DEPLOYMENT,
    IMAGE,
    MEMORY,
    REPLICAS,
    SERVER,
    Case,
    container,
    indented,
    marked,
    merge,
    overlay,
)

INLINE_MERGE = "patches:\n  - patch: |\n" + indented(container("image: example.com/iris:2.0.0 # HERE"), 6)
INLINE_JSON = """\
patches:
  - target: {kind: Deployment, name: iris}
    patch: |
      - op: replace
        path: /spec/template/spec/containers/0/image
        value: example.com/iris:2.0.0 # HERE
"""

CASES = [
    Case(
        "patch file: scalar",
        overlay("patches: [{path: p.yaml}]\n", p=container("image: example.com/iris:2 # HERE")),
        IMAGE,
    ),
    Case(
        "patch file: other container is not confused",
        {
            **overlay("patches: [{path: p.yaml}]\n", p=container("image: example.com/iris:2")),
            "base/deployment.yaml": marked(DEPLOYMENT, "image: example.com/proxy:2.0.0"),
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
]
