"""Fields of a kustomization that transform objects: images, replicas, labels, names and the like."""

from __future__ import annotations

from tests.unit.review.locate.case import (
    DEPLOYMENT,
    IMAGE,
    REPLICAS,
    SERVER,
    Case,
    marked,
    merge,
    overlay,
)

CASES = [
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
]
