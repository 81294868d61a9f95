"""Finish a repository after cookiecutter has rendered it; hooks/post_gen_project.py calls it.

cookiecutter renders every file of the template: it has no loops over folders and no conditions on them. So
unused files are removed afterwards, and the overlays come from a second template, environment/, which is
rendered once for each.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from cookiecutter.generate import (  # type: ignore[import-untyped]
    generate_context,
    generate_files,
)

from kustodian_template.addons import needed_secrets
from kustodian_template.capacity import uses_gpu
from kustodian_template.chart import write_chart
from kustodian_template.data import TEMPLATE_ROOT
from kustodian_template.environments import AnswerError, Answers, environments
from kustodian_template.jinja import skipping
from kustodian_template.modules import catalogue, patches
from kustodian_template.record import RECORD_NAME, record
from kustodian_template.unused import unused_paths

#: Folders that tools leave in a template: pip compiles the sample application of an installed one.
_CACHES = frozenset({"__pycache__", ".pytest_cache", ".ruff_cache", ".mypy_cache"})
#: Rendered from the template, because it holds the repository's own facts; the other policies are copied.
OWN_POLICIES = {"organisation.rego"}


def finish(answers: Answers, version: str) -> None:
    """Finish the repository in the working directory; `version` of Kustodian is recorded in it."""
    repository = Path.cwd()
    prune(answers, repository)
    write_overlays(answers, repository)
    if answers["secrets"] == "sops":
        write_generators(answers, repository / "secrets")
    if answers["helm_chart"] == "yes":
        write_chart(repository)
    copy_policies(repository)
    remove_caches(repository)
    text = record({**answers, "environments": environments(answers)}, version)
    (repository / RECORD_NAME).write_text(text, encoding="utf-8")


def prune(answers: Answers, repository: Path) -> None:
    """Remove the components, add-ons and files that the answers do not need."""
    paths = unused_paths(answers)
    for path in paths:
        target = repository / path
        if target.is_dir():
            shutil.rmtree(target)
        else:
            target.unlink(missing_ok=True)
    # A fresh clone has no empty folders.
    for folder in {(repository / path).parent for path in paths}:
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def write_overlays(answers: Answers, repository: Path) -> None:
    """Render environment/ into overlays/, once for each environment."""
    overlays = repository / "overlays"
    overlays.mkdir(exist_ok=True)
    for name in environments(answers):
        write_overlay(answers, name, overlays)


def write_overlay(answers: Answers, name: str, overlays: Path) -> None:
    """Render one environment's overlay into the folder `overlays`."""
    template = TEMPLATE_ROOT / "environment"
    # An environment's own settings win over answers of the same name (its domain over the repository's).
    context: dict[str, Any] = generate_context(str(template / "cookiecutter.json"))
    context["cookiecutter"] |= {**answers, **environments(answers)[name], "environment": name}
    context["cookiecutter"]["gpu"] = uses_gpu(answers, name)
    wanted = {patch.file for patch in patches(answers, name)}
    known = {patch.file for module in catalogue().components for patch in module.patches}
    with skipping(f"patches/{file}" for file in known - wanted):
        overlay = Path(
            generate_files(
                str(template), context, str(overlays), overwrite_if_exists=True, accept_hooks=False
            )
        )
    for file in known - wanted:
        (overlay / "patches" / file).unlink()


_GENERATOR = """\
apiVersion: viaduct.ai/v1
kind: ksops
metadata:
  name: secrets
  annotations:
    config.kubernetes.io/function: |
      exec:
        path: ksops
files:
  - ../{name}.enc.yaml
"""
_KUSTOMIZATION = """\
# Rendered by Argo CD only: elsewhere nobody has the key.
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: {namespace}
generators:
  - generator.yaml
"""


def write_generators(answers: Answers, folder: Path) -> None:
    """Write the KSOPS generator for each file of secrets/, with a kustomization for each namespace."""
    for name in needed_secrets(answers):
        (folder / name).mkdir()
        (folder / name / "generator.yaml").write_text(_GENERATOR.format(name=name), encoding="utf-8")
        namespace = f"{answers['model_name']}-{name}"
        (folder / name / "kustomization.yaml").write_text(
            _KUSTOMIZATION.format(namespace=namespace), encoding="utf-8"
        )


def copy_policies(repository: Path) -> None:
    """Copy the starter policies from policies/rego of the project, or of the wheel."""
    candidates = [TEMPLATE_ROOT.parent / "policies" / "rego", TEMPLATE_ROOT.parent / "_policies" / "rego"]
    source = next((folder for folder in candidates if folder.is_dir()), None)
    if source is None:
        raise AnswerError(
            f"the starter policies are missing: looked in {' and '.join(map(str, candidates))}."
        )
    target = repository / "policies" / "rego"
    target.mkdir(parents=True, exist_ok=True)
    for policy in sorted(source.glob("*.rego")):
        if policy.name not in OWN_POLICIES:
            shutil.copyfile(policy, target / policy.name)


def remove_caches(repository: Path) -> None:
    """Remove the caches that cookiecutter has copied from the template."""
    for folder, names, _ in os.walk(repository):
        for name in _CACHES.intersection(names):
            shutil.rmtree(Path(folder, name))
            names.remove(name)
