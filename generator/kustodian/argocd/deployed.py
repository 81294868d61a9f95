"""What the Applications of a repository deploy from it: folders, charts, and changes on the way.

Source: Argo CD 3.1, `util/app/discovery` and `reposerver/repository` (how the tool of a folder is chosen,
which files a directory source reads), user guide (Kustomize, Directory, Parameter overrides).
"""

from __future__ import annotations

import fnmatch
import posixpath
import re
from itertools import product
from typing import NamedTuple

from kustodian.argocd.applications import Application, Source, applications, label_of, normal_url
from kustodian.argocd.generators import UNKNOWN
from kustodian.model.json_value import FieldPath, JsonObject, mapping, text
from kustodian.model.repository.kustomization import KUSTOMIZATION_NAMES
from kustodian.model.repository.view import RepositoryView

_CHARTS = ("Chart.yaml", "Chart.yml")
_MANIFESTS = (".yaml", ".yml", ".json")
_BRACES = re.compile(r"\{([^{}]*)\}")
_MOST_PATTERNS = 100


class DeployedFolder(NamedTuple):
    """A folder that Argo CD renders with kustomize; with `files`, it applies these as they are."""

    folder: str
    files: tuple[str, ...] = ()


class NotLookedAt(NamedTuple):
    """A field of an Application because of which something is deployed that nothing here checks."""

    application: Application
    path: FieldPath
    folder: str
    code: str
    message: str


class Deployments(NamedTuple):
    """The folders that Applications deploy from this repository, and what is not looked at."""

    folders: tuple[DeployedFolder, ...]
    not_looked_at: tuple[NotLookedAt, ...]


def deployments(view: RepositoryView) -> Deployments:
    """What the Applications deploy from this repository; folders with an unknown part are left out."""
    return view.memoized(_find)


def _find(view: RepositoryView) -> Deployments:
    folders: dict[DeployedFolder, None] = {}
    missing: dict[tuple[str, FieldPath, str], NotLookedAt] = {}
    own = _own_urls(view)

    def add(application: Application, path: FieldPath, folder: str, code: str, what: str) -> None:
        message = f"{label_of(application)} {what}"
        entry = NotLookedAt(application, path, folder, code, message)
        missing[str(application.placed[1:]), path, message] = entry

    for application in applications(view):
        written = dict(application.written_sources)
        for source in application.sources:
            if source.is_chart or source.is_ref or UNKNOWN in source.folder or not _is_own(view, source, own):
                continue
            for found in _look(view, source, written[source.path]):
                if isinstance(found, DeployedFolder):
                    folders[found] = None
                else:
                    add(application, (*source.path, *found.field), source.folder, found.code, found.message)
        patch = text(application.placed.manifest.spec.get("templatePatch"))
        if application.is_set and re.search(r"\bsources?\b|\bsourceHydrator\b", patch):
            what = "changes the source by `templatePatch`; the result is not checked"
            add(application, ("spec", "templatePatch"), ".", "argocd-override", what)
    return Deployments(tuple(folders), tuple(missing.values()))


class _Missing(NamedTuple):
    field: FieldPath
    code: str
    message: str


def _look(view: RepositoryView, source: Source, data: JsonObject) -> list[DeployedFolder | _Missing]:
    """What a source deploys: the folder, its files, or why it cannot be said."""
    folder = source.folder
    names = _files_by_folder(view).get(folder, set())
    if data.get("plugin") is not None:
        return [
            _Missing(("plugin",), "argocd-plugin", f"renders {folder} with a plugin, so it is not checked")
        ]
    if names.isdisjoint(KUSTOMIZATION_NAMES):
        if not names.isdisjoint(_CHARTS) or (data.get("helm") and "directory" not in data):
            return [
                _Missing(("path",), "argocd-chart", f"deploys the Helm chart {folder}, which is not checked")
            ]
        return _plain(view, folder, mapping(data.get("directory")))
    found: list[DeployedFolder | _Missing] = [DeployedFolder(folder)]
    for tool in ("directory", "helm"):
        if data.get(tool):
            found.append(_override((tool,), f"deploys {folder} as `{tool}`, not as the kustomization in it"))
    for field, value in mapping(data.get("kustomize")).items():
        if value:
            found.append(_override(("kustomize", field), f"changes {folder} by `kustomize.{field}`"))
    for name in sorted(names):
        if name.startswith(".argocd-source"):
            found.append(_override(("path",), f"changes {folder} by {posixpath.join(folder, name)}"))
    return found


def _override(field: FieldPath, what: str) -> _Missing:
    return _Missing(field, "argocd-override", f"{what}; the result is not checked")


def _plain(view: RepositoryView, folder: str, directory: JsonObject) -> list[DeployedFolder | _Missing]:
    """The manifests of a folder without a kustomization; with `recurse`, those below it, too."""
    below = "" if folder == "." else f"{folder}/"
    recurse = directory.get("recurse") is True
    names = [name for name in view.sorted_files if name.startswith(below)]
    wanted = [
        name
        for name in names
        if (recurse or "/" not in name[len(below) :]) and _is_included(name[len(below) :], directory)
    ]
    files = [
        name
        for name in wanted
        if name.endswith(_MANIFESTS)
        and posixpath.basename(name) not in (*KUSTOMIZATION_NAMES, "kustodian.yaml")
    ]
    found: list[DeployedFolder | _Missing] = [DeployedFolder(folder, tuple(files))] if files else []
    jsonnet = next((name for name in wanted if name.endswith(".jsonnet")), None)
    if jsonnet is not None:
        found.append(_Missing(("path",), "argocd-jsonnet", f"deploys {jsonnet}; Jsonnet is not checked"))
    return found


def _is_included(name: str, directory: JsonObject) -> bool:
    include, exclude = text(directory.get("include")), text(directory.get("exclude"))
    return not (exclude and _matches(name, exclude)) and (not include or _matches(name, include))


def _matches(name: str, glob: str) -> bool:
    """Whether a glob of a directory source matches: `*` also matches `/`, `{a,b}` are alternatives."""
    parts = _BRACES.split(glob)
    choices = [part.split(",") if index % 2 else [part] for index, part in enumerate(parts)]
    patterns = zip(range(_MOST_PATTERNS), product(*choices), strict=False)
    return any(fnmatch.fnmatchcase(name, "".join(pattern)) for _, pattern in patterns)


def _own_urls(view: RepositoryView) -> frozenset[str]:
    """The repositories that may be this one, without host: those of a source whose kustomization is here.

    If there is none, those of a source whose folder is here.
    """
    sources = [
        source
        for application in applications(view)
        for source in application.sources
        if not source.is_chart and source.folder != "."
    ]
    here = view.graph.by_folder.keys()
    found = {_name(source.repo_url) for source in sources if source.folder in here}
    return frozenset(found or {_name(s.repo_url) for s in sources if s.folder in view.folders})


def _name(url: str) -> str:
    """The last two segments of a URL: owner and name. The same repository may have several hosts."""
    return "/".join(normal_url(url).split("/")[-2:])


def _is_own(view: RepositoryView, source: Source, own: frozenset[str]) -> bool:
    return _name(source.repo_url) in own and source.folder in view.folders


def _files_by_folder(view: RepositoryView) -> dict[str, set[str]]:
    return view.memoized(_index)


def _index(view: RepositoryView) -> dict[str, set[str]]:
    index: dict[str, set[str]] = {}
    for path in view.file_set:
        folder, _, name = path.rpartition("/")
        index.setdefault(folder or ".", set()).add(name)
    return index
