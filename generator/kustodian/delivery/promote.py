"""Promote a version: copy the file that pins it from one environment to another."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kustodian.model.errors import UserError
from kustodian.repository.files import read_inside, replace_file

#: The file of an overlay that pins the image and the model revision.
VERSION_FILE = "version.yaml"
_LARGEST = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Promotion:
    """A promotion that has not been written: the two files, and the target's text before and after."""

    root: Path
    source: Path
    target: Path
    before: str
    after: str

    @property
    def changes_something(self) -> bool:
        """Whether the target runs another version."""
        return self.before != self.after

    def write(self) -> None:
        """Write the target file atomically. Raises UserError if it cannot be written."""
        try:
            replace_file(self.target, self.after.encode(), within=self.root)
        except OSError as error:
            raise UserError(f"cannot write the file: {error.strerror}", str(self.target)) from error


def plan_promotion(root: Path, source: str, target: str) -> Promotion:
    """Plan a promotion between two folders of `overlays/`.

    Raises UserError for one that does not exist, or whose version file is not a regular file of the
    repository: names and links may not lead out of it.
    """
    if source == target:
        raise UserError(
            f"source and target are both {source}",
            hint="name the environment that runs the version, then the one to change",
        )
    files = [_version_file(root, name) for name in (source, target)]
    before, after = (_text(file, root) for file in reversed(files))
    return Promotion(root, files[0], files[1], before, after)


def _version_file(root: Path, environment: str) -> Path:
    parts = environment.split("/")
    if Path(environment).is_absolute() or not {"", ".", "..", "~"}.isdisjoint(parts) or "\0" in environment:
        raise UserError(
            f"`{environment}` is not the name of an environment",
            hint="name a folder of overlays/, such as prod",
        )
    file = root / "overlays" / environment / VERSION_FILE
    if not file.is_file():
        known = sorted(path.parent.name for path in (root / "overlays").glob(f"*/{VERSION_FILE}"))
        raise UserError(
            f"no environment `{environment}`: overlays/{environment}/{VERSION_FILE} does not exist",
            hint=f"environments: {', '.join(known)}"
            if known
            else "run this in a repository of `kustodian new`",
        )
    return file


def _text(file: Path, root: Path) -> str:
    try:
        return read_inside(file, root, _LARGEST).decode("utf-8")
    except UnicodeDecodeError:
        raise UserError("the file is not text in UTF-8", str(file)) from None
    except OSError as error:
        raise UserError(
            f"cannot read the file: {error.strerror}", str(file), hint="put a regular file in its place"
        ) from error
