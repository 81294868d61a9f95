"""Fields that the base sets, fields that do not exist, and several objects in a file."""

from __future__ import annotations

from tests.unit.review.locate.case import (
    DEPLOYMENT,
    IMAGE,
    REPLICAS,
    SERVER,
    SERVICE,
    Case,
    base_with,
    overlay,
)

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
