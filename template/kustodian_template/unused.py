"""The files of the template that the answers do not need."""

from __future__ import annotations

from kustodian_template.addons import addon_namespace, schema_files
from kustodian_template.data import TEMPLATE_ROOT
from kustodian_template.environments import Answers
from kustodian_template.modules import addons, catalogue, components

#: Files that only a repository with add-ons needs.
_OF_ADDONS = ("platform", "argocd/platform.yaml", "argocd/platform-project.yaml", "docs/runbooks/platform.md")


def unused_paths(answers: Answers) -> list[str]:
    """The files and folders that the answers do not need, relative to the repository."""
    known = catalogue()
    used = {module.name for module in components(answers)}
    chosen = {module.name for module in addons(answers)}
    unwanted = [module for module in known.components if module.name not in used]
    unwanted += [module for module in known.files if not module.matches(answers)]
    unwanted += [module for module in known.addons if module.name not in chosen]
    paths = [path for module in unwanted for path in module.paths]
    if not chosen:
        paths += _OF_ADDONS
    if all(addon_namespace(answers, name) == "velero" for name in chosen):
        paths.append("platform/common")
    described = schema_files(answers)
    schemas = (TEMPLATE_ROOT / "{{cookiecutter.repo_name}}" / "schemas").glob("*.yaml")
    paths += [f"schemas/{path.name}" for path in schemas if path.name not in described]
    return paths if described else [*paths, "schemas"]
