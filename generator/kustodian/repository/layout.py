"""The overlays of a repository and the environment of each.

With environments configured, overlays that match their paths are checked in that environment, and any other
kustomization that nothing uses is checked outside of every environment. Without a configuration every
kustomization is checked, so that nothing is skipped silently.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from kustodian.model.environment import Environment, environment_of, matches_any
from kustodian.model.overlay import NotChecked, Overlay
from kustodian.model.repository.kustomization import KUSTOMIZATION_NAMES, KustomizationGraph
from kustodian.repository.git_folder import UntrustedGit, find_git_folder


@dataclass(slots=True)
class Layout:
    """The overlays to render, and those that cannot be rendered with the reason.

    `through` maps a folder that is checked as part of another one to that one.
    """

    overlays: list[Overlay] = field(default_factory=list)
    not_checkable: list[tuple[Overlay, NotChecked]] = field(default_factory=list)
    through: dict[str, str] = field(default_factory=dict)


def find_root(start: Path) -> Path:
    """The repository root of a path: see `marked_root`.

    If nothing marks one (an unpacked archive), it is the working directory for a path below it, unless that
    is the home folder or the top of the file system, else the path itself: what a file says never widens it.
    """
    marked = marked_root(start)
    here = Path.cwd().resolve()
    if marked is None and start.is_relative_to(here) and here not in (Path(here.anchor), Path.home()):
        return here
    return marked if marked is not None else _folder(start)


def common_root(targets: Sequence[Path]) -> Path | None:
    """The root of several paths; None if they are in different repositories.

    Paths below the working directory without kustodian.yaml and git belong together.
    """
    roots = {find_root(target) for target in targets}
    if len(roots) == 1:
        return roots.pop()
    if any(marked_root(target) is not None for target in targets):
        return None
    common = Path(os.path.commonpath(roots))
    return common if common.is_relative_to(Path.cwd().resolve()) else None


def marked_root(start: Path) -> Path | None:
    """The folder above with kustodian.yaml that is nearest to the top of the git work tree, else that top.

    One repository has one configuration, so a kustodian.yaml further down does not count. Without git it is
    the highest folder with kustodian.yaml up to the working directory, or else the nearest one above. None
    if there is neither.
    """
    folder = _folder(start)
    above = (folder, *folder.parents)
    top = _git_top(folder)
    limit = top if top is not None else Path.cwd().resolve()
    inside = [candidate for candidate in above if candidate.is_relative_to(limit)]
    marked = [candidate for candidate in inside if _is_marked(candidate)]
    if marked:
        return marked[-1]
    return top if top is not None else next(filter(_is_marked, above), None)


def _is_marked(folder: Path) -> bool:
    # A link that leads nowhere is a configuration as well: it is an error, and nobody else's takes its place.
    return os.path.lexists(folder / "kustodian.yaml")


def work_tree_prefix(folder: Path) -> str:
    """A folder relative to the top of its git work tree; "" at the top, or without git."""
    top = _git_top(folder)
    relative = folder.relative_to(top).as_posix() if top is not None else "."
    return "" if relative == "." else relative


def _git_top(folder: Path) -> Path | None:
    """The top of the git repository around an absolute folder, even if its `.git` is not trusted."""
    try:
        found = find_git_folder(str(folder))
    except UntrustedGit:
        return next((top for top in (folder, *folder.parents) if os.path.lexists(top / ".git")), None)
    return Path(found.top) if found is not None else None


def _folder(path: Path) -> Path:
    return path if path.is_dir() else path.parent


def is_kustomization_folder(folder: Path) -> bool:
    """Whether kustomize would accept the folder."""
    return any((folder / name).is_file() for name in KUSTOMIZATION_NAMES)


def lay_out(
    graph: KustomizationGraph,
    broken: Mapping[str, NotChecked],
    environments: Mapping[str, tuple[list[str], Environment]],
    exclude: Sequence[str],
    below: str = ".",
) -> Layout:
    """Decide which overlays are rendered.

    `environments` maps a name to its path globs and value; `broken` are kustomization files that do not
    parse; `below` limits the run to one folder of the repository.
    """
    layout = Layout()
    paths = {name: globs for name, (globs, _) in environments.items()}
    broken_folders = {posixpath.dirname(path) or ".": error for path, error in broken.items()}
    folders = sorted({*graph.by_folder, *broken_folders})
    for folder in folders:
        if not _within(folder, below) or is_excluded(folder, exclude):
            continue
        name = environment_of(folder, paths)
        overlay = Overlay(folder, environments[name][1] if name is not None else Environment())
        if folder in broken_folders:
            layout.not_checkable.append((overlay, broken_folders[folder]))
        elif name is None and environments and (users := graph.users[folder]):
            layout.through[folder] = graph.overlay_using(folder) or min(user.directory for user in users)
        elif graph.by_folder[folder].is_component and (user := graph.overlay_using(folder)):
            # A part of its user: alone, if it builds at all, its references would point nowhere.
            layout.through[folder] = user
        else:
            layout.overlays.append(overlay)
    return layout


def is_excluded(folder: str, exclude: Sequence[str]) -> bool:
    """Whether a configured glob leaves the folder out."""
    return matches_any(folder, exclude)


def is_excluded_file(file: str, exclude: Sequence[str]) -> bool:
    """Whether a configured glob excludes the file's folder."""
    return is_excluded(posixpath.dirname(file) or ".", exclude)


def guess_environment(folder: str) -> str | None:
    """The environment named by a folder such as `overlays/<name>` or `envs/<name>`."""
    parts = folder.split("/")
    for parent, name in pairwise(parts):
        if parent in ("overlays", "environments", "envs", "env", "clusters"):
            return name
    return None


def _within(folder: str, below: str) -> bool:
    return below in (".", folder) or folder.startswith(below + "/")
