"""Run the command as a user would: its own process, a scrubbed environment, exit code and both streams."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema

SOURCE = Path(__file__).parents[2] / "generator"
SCHEMAS = SOURCE.parent / "docs" / "schemas"


@dataclass(frozen=True)
class Outcome:
    """What a run of the command left behind."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> dict[str, Any]:
        """The JSON on standard output; it is as its published schema says."""
        parsed: dict[str, Any] = json.loads(self.out)
        contract = parsed["schema"].split("/")[1]
        schema = json.loads((SCHEMAS / f"{contract}.schema.json").read_text())
        jsonschema.Draft202012Validator(schema).validate(parsed)
        return parsed

    def found(self, rule: str) -> list[tuple[str, int]]:
        """(file, line) of each finding of a rule in the JSON report."""
        return [
            (f["source"]["file"], f["source"]["line"]) for f in self.data["findings"] if f["rule"] == rule
        ]


def kustodian(*arguments: str, cwd: Path, stdin: str | None = None, **variables: str) -> Outcome:
    """Run `python -m kustodian` in a folder; no terminal, no HOME, no cache, no user's git configuration."""
    done = subprocess.run(
        [sys.executable, "-m", "kustodian", *arguments],
        cwd=cwd,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(SOURCE),
            "LC_ALL": "C.UTF-8",
            "COLUMNS": "120",
            **variables,
        },
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


def write(root: Path, files: dict[str, str]) -> Path:
    """Write files below a folder."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def line_of(text: str, fragment: str) -> int:
    """The 1-based line on which a fragment first stands."""
    return text[: text.index(fragment)].count("\n") + 1
