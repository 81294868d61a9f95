"""The paths of the files that Kustodian ships beside its code.

A wheel has the template inside the package; an editable install uses that of the repository, so edits take
effect at once. The engine, a result of the build, is inside the package in both cases.
"""

from __future__ import annotations

from pathlib import Path

from kustodian.model.errors import ExitCode, UserError

_PACKAGE = Path(__file__).resolve().parent.parent
_REPOSITORY = _PACKAGE.parents[1]
_BUILD = _PACKAGE / "_build"
_INSTALL_AGAIN = "install it again: pip install --force-reinstall kustodian"


def template_dir() -> Path:
    """The cookiecutter template. Raises UserError if the installation lacks it."""
    for folder in (_PACKAGE / "_template", _REPOSITORY / "template"):
        if (folder / "cookiecutter.json").exists():
            return folder
    raise UserError(
        "this installation of kustodian has no template/",
        file=str(_PACKAGE),
        hint=_INSTALL_AGAIN,
        exit_code=ExitCode.NOT_CHECKED,
    )


def engine_binary() -> Path:
    """The compiled engine. Raises UserError if it was not built."""
    path = _BUILD / "kustodian-engine"
    if path.exists():
        return path
    raise UserError(
        "the rendering engine is not built",
        file=str(path),
        hint="run `make engine`" if (_REPOSITORY / "engine").is_dir() else _INSTALL_AGAIN,
        exit_code=ExitCode.NOT_CHECKED,
    )
