"""Objects and values that come from elsewhere: generators, components, overlays, replacements."""

from __future__ import annotations

from tests.unit.review.locate.case import (
    BASE,
    IMAGE,
    REPLICAS,
    SERVICE,
    Case,
    merge,
    overlay,
)

COMPONENT = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: version}\ndata:\n"
REPLACEMENT = """\
replacements:
  - source: {kind: ConfigMap, name: version, fieldPath: data.image}
    targets:
      - select: {kind: Deployment}
        fieldPaths: [spec.template.spec.containers.0.image]
"""

CASES = [
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
        {
            **BASE,
            "overlay/kustomization.yaml": "resources: [../base, version.yaml]\n" + REPLACEMENT,
            "overlay/version.yaml": CONFIG_MAP + "  image: example.com/iris:9 # HERE\n",
        },
        IMAGE,
    ),
]
