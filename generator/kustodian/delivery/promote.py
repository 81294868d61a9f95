"""Promote a version: the one file that says what runs is copied from one environment to another."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kustodian.model.errors import UserError
from kustodian.repository.files import replace_file

#: What says which image and which model revision run in an environment.
VERSION_FILE = "version.yaml"


@dataclass(frozen=True, slots=True)
class Promotion:
    """A promotion that was looked at: the two files and their texts; nothing is written yet."""

    source: Path
    target: Path
    before: str
    after: str

    @property
    def changes_something(self) -> bool:
        """Whether the target runs another version."""
        return self.before != self.after

    def write(self) -> None:
        """Put the file in place, whole or not at all. Raises UserError where it cannot be written."""
        try:
            replace_file(self.target, self.after.encode())
        except OSError as error:
            raise UserError(f"the file cannot be written: {error}", file=str(self.target)) from error


def plan_promotion(root: Path, source: str, target: str) -> Promotion:
    """Look at both environments (folders below `overlays/`). Raises UserError for one that is not there."""
    if source == target:
        raise UserError(f"{source} is both", hint="name the environment to take from, then the one to change")
    files = [_version_file(root, name) for name in (source, target)]
    before, after = (file.read_text(encoding="utf-8") for file in reversed(files))
    return Promotion(files[0], files[1], before, after)


def _version_file(root: Path, environment: str) -> Path:
    file = root / "overlays" / environment / VERSION_FILE
    if not file.is_file():
        known = sorted(path.parent.name for path in (root / "overlays").glob(f"*/{VERSION_FILE}"))
        raise UserError(
            f"no environment `{environment}`: overlays/{environment}/{VERSION_FILE} is not there",
            hint=f"there are: {', '.join(known)}" if known else "run this in a repository of `kustodian new`",
        )
    return file
