"""The repositories on which the benchmarks run."""

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
POLICY = """\
package main

deny contains msg if {
	input.kind == "Deployment"
	not input.metadata.name
	msg := "no name"
}
"""


def default_repository(folder: Path) -> Path:
    """The repository that `kustodian new --defaults` writes."""
    root = folder / "iris"
    subprocess.run([KUSTODIAN, "new", root, "--defaults", "--no-git"], check=True, capture_output=True)
    return root


def fleet(folder: Path, overlays: int, bases: int = 50) -> Path:
    """A repository of many small overlays, each over one of `bases` bases, with one Rego policy."""
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
    (root / "policies" / "rego" / "main.rego").write_text(POLICY)
    (root / "kustodian.yaml").write_text(
        "environments:\n  prod: {paths: ['overlays/*']}\nrego: {policy: [policies/rego]}\n"
    )
    return root


_APPLICATIONS = """\
kubernetesVersion: "1.34"
environments:
  prod: {paths: ['apps/*/overlays/*'], class: prod}
  cluster: {paths: ['apps/*/argocd'], class: prod}
registries: [registry.example.com]
rego: {policy: [policies/rego]}
"""


def applications(folder: Path, number: int = 50, overlays: int = 20) -> Path:
    """A repository with `number` generated applications, each with copies of its prod overlay."""
    source = folder / "application"
    source.mkdir()
    one, root = default_repository(source), folder / "applications"
    names = [path.relative_to(one).as_posix() for path in one.rglob("*") if path.is_file()]
    _write(root / "kustodian.yaml", _APPLICATIONS)
    for name in names:
        text = (one / name).read_text()
        if name.startswith("policies/"):
            _write(root / name, text)
        for app in (f"m{index:03d}" for index in range(number)):
            own = f"apps/{app}"
            if name.startswith(("base/", "components/")):
                _write(root / own / name, text.replace("iris", app))
            elif name.startswith("argocd/"):
                mine = text.replace("iris-model.git", "apps.git").replace("overlays/*/", f"{own}/overlays/*/")
                mine = mine.replace(";/base;/components", f";/{own}/base;/{own}/components")
                _write(root / own / name, mine.replace("iris", app))
            elif name.startswith("overlays/prod/"):
                for region in (f"region-{index:02d}" for index in range(overlays)):
                    mine = text.replace("iris-prod", f"iris-{region}").replace("iris", app)
                    _write(root / own / name.replace("prod", region, 1), mine)
    return root


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def large(folder: Path, objects: int = 4000) -> Path:
    """A kustomization of many objects with a namePrefix and labels."""
    root = folder / "large"
    root.mkdir()
    names = [f"app{number}" for number in range(objects // 4)]
    (root / "all.yaml").write_text("".join(_WORKLOAD.format(name=name) for name in names))
    (root / "kustomization.yaml").write_text(
        f"{_KUSTOMIZATION}namePrefix: p-\nresources: [all.yaml]\nlabels: [{{pairs: {{team: ml}}}}]\n"
    )
    return root


def with_a_change(root: Path, file: str, old: str, new: str) -> Path:
    """A git repository with the same files and an uncommitted change of one."""
    copy = root.with_name(f"{root.name}-changed")
    shutil.copytree(root, copy)
    identity = ("-c", "user.name=Benchmark", "-c", "user.email=benchmark@example.com")
    for arguments in (("init", "--quiet"), ("add", "--all"), (*identity, "commit", "--quiet", "-m", "fleet")):
        subprocess.run(["git", *arguments], cwd=copy, check=True)
    text = (copy / file).read_text()
    assert old in text, f"{file} has no {old!r}"
    (copy / file).write_text(text.replace(old, new))
    return copy
