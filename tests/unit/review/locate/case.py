"""A construction of a kustomization to locate, and the texts that most of them consist of."""

from __future__ import annotations

from dataclasses import dataclass

from kustodian.model.json_value import FieldPath

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
SERVICE = "apiVersion: v1\nkind: Service\nmetadata: {name: iris}\nspec:\n  type: NodePort # HERE\n"


@dataclass(frozen=True)
class Case:
    """A small repository, and the field to locate.

    The line that the location must name has the comment `# HERE`.
    """

    name: str
    files: dict[str, str]
    path: FieldPath
    kind: str = "Deployment"
    overlay: str = "overlay"


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
