"""The same answers give the same bytes and modes on any machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from kustodian.model.installed_files import template_dir

_PROGRAM = """
import os, sys
from pathlib import Path
os.umask(int(sys.argv[1], 8))
from kustodian.scaffold.writing.writer import write
from tests.generator.repositories import answers_of
write(answers_of(sys.argv[2]), Path(sys.argv[3]), Path(sys.argv[4]), lambda _: None)
"""
#: Python imports it at its start, in every process: folders are listed the other way round.
_BACKWARDS = """
import os
_listdir, _scandir = os.listdir, os.scandir

class Backwards:
    def __init__(self, path):
        with _scandir(path) as entries:
            self._entries = iter(sorted(entries, key=lambda entry: entry.name, reverse=True))
    def __iter__(self): return self
    def __next__(self): return next(self._entries)
    def __enter__(self): return self
    def __exit__(self, *_): pass
    def close(self): pass

os.listdir = lambda path=".": sorted(_listdir(path), reverse=True)
os.scandir = lambda path=".": Backwards(path)
"""


def test_the_machine_makes_no_difference(tmp_path: Path) -> None:
    preset = "batch-pipeline"
    here = _generated(preset, tmp_path / "here", template_dir(), "022", {"PYTHONHASHSEED": "1", "TZ": "UTC"})
    # A template as a careless installation leaves it: other modes, other times, caches.
    elsewhere = tmp_path / "elsewhere"
    template = Path(shutil.copytree(template_dir(), elsewhere / "template"))
    shutil.copytree(template_dir().parent / "policies", elsewhere / "policies")
    (elsewhere / "site").mkdir()
    (elsewhere / "site" / "sitecustomize.py").write_text(_BACKWARDS, encoding="utf-8")
    (elsewhere / "home").mkdir()
    (elsewhere / "home" / ".cookiecutterrc").write_text("default_context: {team: others}\n", encoding="utf-8")
    for path in sorted(template.rglob("*")):
        if path.is_file():
            path.chmod(0o600 | path.stat().st_mode & 0o100)
    settings = {
        "PYTHONHASHSEED": "2", "TZ": "Pacific/Kiritimati", "LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0",
        "HOME": str(elsewhere / "home"), "PYTHONPATH": str(elsewhere / "site"), "SOURCE_DATE_EPOCH": "0",
    }  # fmt: skip
    assert _generated(preset, elsewhere / "made", template, "077", settings) == here


def _generated(
    preset: str, target: Path, template: Path, umask: str, settings: dict[str, str]
) -> dict[str, tuple[bool, bytes]]:
    """Every file of the repository: whether it is executable, and its bytes."""
    root = Path(__file__).resolve().parents[2]
    path = os.pathsep.join(filter(None, (settings.get("PYTHONPATH"), str(root))))
    subprocess.run(
        [sys.executable, "-c", _PROGRAM, umask, preset, str(target), str(template)],
        env={"PATH": os.environ["PATH"], "HOME": str(target.parent), **settings, "PYTHONPATH": path},
        check=True,
    )
    return {
        file.relative_to(target).as_posix(): (os.access(file, os.X_OK), file.read_bytes())
        for file in sorted(target.rglob("*"))
        if file.is_file()
    }
