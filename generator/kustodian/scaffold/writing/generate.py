"""Run cookiecutter over the template, without the user's own cookiecutter files.

cookiecutter runs as a child process with its own home and temporary folder: `~/.cookiecutterrc` and
`~/.cookiecutter_replay` are neither read nor written, the hook scripts that it leaves behind are removed with
the folder, and an interrupt ends it and its hooks together.
"""

from __future__ import annotations

import json
import os
import signal
import site
import subprocess
import sys
from pathlib import Path
from typing import Final

from kustodian import __version__
from kustodian.model.errors import UserError
from kustodian.scaffold.answers.model import Answers
from kustodian.scaffold.writing.interrupts import Interrupts

_LINES_SHOWN: Final = 20
_REPLAY: Final = "replay.json"


def generate(answers: Answers, template: Path, work: Path, interrupts: Interrupts) -> Path:
    """Generate the repository below `work`, an empty folder that the caller removes; return its path.

    Raises UserError with cookiecutter's output if the template does not render.
    """
    for name in ("home", "tmp", "out"):
        (work / name).mkdir()
    # A replay file holds finished answers: cookiecutter neither asks nor renders them as templates, and takes
    # `environments` as a whole where extra context would be merged into the template's own.
    replay = work / _REPLAY
    values = {**answers.values(), "_kustodian_version": __version__}
    replay.write_text(json.dumps({"cookiecutter": values}), encoding="utf-8")
    config = work / "cookiecutter.yaml"
    config.write_text(
        json.dumps({"cookiecutters_dir": str(work / "home"), "replay_dir": str(work / "home")}),
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "cookiecutter", str(template)]
    command += ["--replay-file", str(replay), "--config-file", str(config), "--output-dir", str(work / "out")]
    _run(command, work, _environment(work, config), interrupts)
    root = work / "out" / answers.repo_name
    if not root.is_dir():
        raise UserError(
            f"the template {template} made no folder {answers.repo_name}", hint="reinstall kustodian"
        )
    _set_modes(root)
    return root


def _environment(work: Path, config: Path) -> dict[str, str]:
    """The caller's environment, with its own home and without variables that steer cookiecutter or git."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("COOKIECUTTER_", "GIT_"))}
    return {
        **kept,
        "HOME": str(work / "home"),
        "TMPDIR": str(work / "tmp"),
        "COOKIECUTTER_CONFIG": str(config),
        # The template renders only the files that these answers need.
        "KUSTODIAN_REPLAY": str(work / _REPLAY),
        # Packages installed with `pip install --user` are found through the real home.
        "PYTHONUSERBASE": site.getuserbase(),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUTF8": "1",
    }


def _run(command: list[str], work: Path, environment: dict[str, str], interrupts: Interrupts) -> None:
    with interrupts.held():
        process = subprocess.Popen(
            command,
            cwd=work,  # `-m` imports from the working directory first
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,  # so that its hooks end with it
        )
    try:
        output, _ = process.communicate()
    except BaseException:
        with interrupts.held():
            _end(process)
        raise
    if process.returncode != 0:
        # After an undefined variable cookiecutter prints all the answers.
        said = output.partition("\nContext: {")[0].strip().splitlines()[-_LINES_SHOWN:]
        message = "\n".join(["cookiecutter could not render the template:", *said])
        raise UserError(message, hint="reinstall kustodian, or report this if that does not help")


def _end(process: subprocess.Popen[str]) -> None:
    if hasattr(os, "killpg"):
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()


def _set_modes(root: Path) -> None:
    """Give files the modes of a fresh clone, whatever their modes in the installed template."""
    mask = os.umask(0)
    os.umask(mask)
    for folder, _, files in os.walk(root):
        for name in files:
            path = Path(folder, name)
            executable = path.stat().st_mode & 0o100
            path.chmod((0o777 if executable else 0o666) & ~mask)
