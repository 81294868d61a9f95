"""The repositories that are measured."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

KUSTODIAN = Path(sys.prefix) / "bin" / "kustodian"

_WORKLOAD = """\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}}}
spec:
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec:
      serviceAccountName: {name}
      containers:
        - name: server
          image: registry.example.com/{name}:1.0.0
          envFrom: [{{configMapRef: {{name: {name}}}}}]
          resources: {{requests: {{cpu: 100m, memory: 64Mi}}, limits: {{memory: 64Mi}}}}
---
apiVersion: v1
kind: Service
metadata: {{name: {name}}}
spec: {{selector: {{app: {name}}}, ports: [{{port: 80, targetPort: 8080}}]}}
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: {name}}}
data: {{mode: fast}}
---
apiVersion: v1
kind: ServiceAccount
metadata: {{name: {name}}}
automountServiceAccountToken: false
---
"""
_KUSTOMIZATION = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
_POLICY = """\
package main

deny contains msg if {
	input.kind == "Deployment"
	not input.metadata.name
	msg := "no name"
}
"""


def default_repository(folder: Path) -> Path:
    """What `kustodian new --defaults` writes."""
    root = folder / "iris"
    subprocess.run([KUSTODIAN, "new", root, "--defaults", "--no-git"], check=True, capture_output=True)
    return root


def fleet(folder: Path, overlays: int, bases: int = 50) -> Path:
    """`overlays` overlays, each over one of `bases` bases, with one Rego policy."""
    root = folder / f"fleet-{overlays}"
    for number in range(min(bases, overlays)):
        base = root / "bases" / f"b{number}"
        base.mkdir(parents=True)
        (base / "all.yaml").write_text(_WORKLOAD.format(name=f"app{number}"))
        (base / "kustomization.yaml").write_text(f"{_KUSTOMIZATION}resources: [all.yaml]\n")
    for number in range(overlays):
        overlay = root / "overlays" / f"o{number}"
        overlay.mkdir(parents=True)
        base = number % min(bases, overlays)
        (overlay / "kustomization.yaml").write_text(
            f"{_KUSTOMIZATION}namespace: team-{number}\nresources: [../../bases/b{base}]\n"
            f"images: [{{name: registry.example.com/app{base}, newTag: 1.0.{number}}}]\n"
        )
    (root / "policies" / "rego").mkdir(parents=True)
    (root / "policies" / "rego" / "main.rego").write_text(_POLICY)
    (root / "kustodian.yaml").write_text(
        "environments:\n  prod: {paths: ['overlays/*']}\nrego: {policy: [policies/rego]}\n"
    )
    return root


def large(folder: Path, objects: int = 4000) -> Path:
    """One kustomization with a namePrefix and labels."""
    root = folder / "large"
    root.mkdir()
    names = [f"app{number}" for number in range(objects // 4)]
    (root / "all.yaml").write_text("".join(_WORKLOAD.format(name=name) for name in names))
    (root / "kustomization.yaml").write_text(
        f"{_KUSTOMIZATION}namePrefix: p-\nresources: [all.yaml]\nlabels: [{{pairs: {{team: ml}}}}]\n"
    )
    return root


def with_a_change(root: Path) -> Path:
    """A git repository of the same files, in which one overlay is not as it was committed."""
    copy = root.with_name(f"{root.name}-changed")
    shutil.copytree(root, copy)
    identity = ("-c", "user.name=Benchmark", "-c", "user.email=benchmark@example.com")
    for arguments in (("init", "--quiet"), ("add", "--all"), (*identity, "commit", "--quiet", "-m", "fleet")):
        subprocess.run(["git", *arguments], cwd=copy, check=True)
    changed = copy / "overlays" / "o7" / "kustomization.yaml"
    changed.write_text(changed.read_text().replace("newTag: 1.0.7", "newTag: 1.0.8"))
    return copy
