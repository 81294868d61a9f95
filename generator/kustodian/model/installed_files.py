"""The paths of the files that Kustodian ships beside its code.

A wheel has them inside the package; an editable install uses `template/` and `policies/` of the repository,
so edits take effect at once. Build results (engine, schemas) are inside the package in both cases.
"""

from __future__ import annotations

from pathlib import Path

from kustodian.model.errors import ExitCode, UserError

_PACKAGE = Path(__file__).resolve().parent.parent
_BUILD = _PACKAGE / "_build"


def template_dir() -> Path:
    """The cookiecutter template. Raises UserError if the installation lacks it."""
    return _shipped("_template", "template", "cookiecutter.json")


def policies_dir() -> Path:
    """The starter policies, with `rego/` inside. Raises UserError if the installation lacks them."""
    return _shipped("_policies", "policies", "rego")


def engine_binary() -> Path:
    """The compiled engine. Raises UserError if it was not built."""
    return _built("kustodian-engine", "the rendering engine")


def schema_dir() -> Path:
    """The schemas of custom resources: `index.json`, and a file for each kind and version.

    engine/crds/README.md describes them. Raises UserError if they were not built.
    """
    return _built("crds", "the schemas of custom resources")


def _shipped(in_wheel: str, in_repository: str, expected: str) -> Path:
    repository = _PACKAGE.parents[1]
    for folder in (_PACKAGE / in_wheel, repository / in_repository):
        if (folder / expected).exists():
            return folder
    raise UserError(
        f"this installation of kustodian has no {in_repository}/",
        file=str(_PACKAGE),
        hint="install it again: pip install --force-reinstall kustodian",
        exit_code=ExitCode.NOT_CHECKED,
    )


def _built(name: str, what: str) -> Path:
    path = _BUILD / name
    if path.exists():
        return path
    in_repository = (_PACKAGE.parents[1] / "engine").is_dir()
    raise UserError(
        f"not built: {what}",
        file=str(path),
        hint="run `make engine`"
        if in_repository
        else "install it again: pip install --force-reinstall kustodian",
        exit_code=ExitCode.NOT_CHECKED,
    )
