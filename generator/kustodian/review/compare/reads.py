"""The files that rendering an overlay may read, found without rendering it.

kustomize reads only files that are named in a kustomization or in the configuration of a generator or
transformer. Every string in those counts as a path, whatever its field. The result may contain too many files
(the value of a label may be the name of a file), but never too few. All files of a chart count as read.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from kustodian.model.json_value import JsonObject, texts_in
from kustodian.model.overlay import Overlay
from kustodian.model.repository.kustomization import (
    BASE_FIELDS,
    KUSTOMIZATION_NAMES,
    Kustomization,
    reachable,
)
from kustodian.model.repository.path import beside
from kustodian.render.engine import Engine
from kustodian.repository.changes import Changes
from kustodian.repository.layout import is_kustomization_folder
from kustodian.review.check.plan import Plan
from kustodian.review.check.targets import kustomizations_of

#: The fields whose entries configure a plugin; that configuration may name further files.
_PLUGINS = ("generators", "transformers", "validators")
_WORD = re.compile(r"""[^\s"'`,\[\]{}]+""")
_LONGEST_PATH = 4096
_ARGO_KINDS = ("Application", "ApplicationSet", "AppProject")


@dataclass(slots=True)
class Reads:
    """The paths that kustomizations may read, by their folder.

    `named` are the paths that a folder's kustomization names, `users` the folders that name a folder.
    `opaque` are the folders whose objects may come from outside of the repository: charts and remote bases.
    """

    named: dict[str, set[str]] = field(default_factory=dict)
    users: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    opaque: set[str] = field(default_factory=set)

    def touched_folders(self, changes: Changes) -> set[str]:
        """The folders of kustomizations whose result a change may affect.

        A named folder stands for everything in it, unless it has a kustomization, which names its own files.
        """
        above = changes.above
        return self.with_users(
            {
                folder
                for folder, names in self.named.items()
                if not names.isdisjoint(changes.files)
                or not (names & above <= self.named.keys())
                or (changes.folders and any(_lies_in(changes.folders, name) for name in names - above))
                or (folder in self.opaque and folder in above)
            }
        )

    def with_parts(self, folders: Iterable[str]) -> set[str]:
        """The folders with kustomizations among these, and all folders that they are built from."""
        with_kustomization = self.named.keys()
        return set(
            reachable(
                with_kustomization & set(folders), lambda folder: self.named[folder] & with_kustomization
            )
        )

    def touched(self, changes: Changes, reached: set[str], overlays: Iterable[Overlay]) -> set[str]:
        """The paths of the overlays that a change may affect; `reached` are the affected folders."""
        return {
            overlay.path
            for overlay in overlays
            if (overlay.path in reached if overlay.is_kustomization else _any(changes, overlay.files))
        }

    def with_users(self, folders: Iterable[str]) -> set[str]:
        """The folders, and all folders that are built from them."""
        return set(reachable(folders, lambda folder: self.users.get(folder, ())))

    def of(self, overlay: str) -> set[str]:
        """The paths that rendering an overlay may read."""
        parts = self.with_parts([overlay])
        return (parts & self.opaque).union(*(self.named[folder] for folder in parts))

    def readers(self, files: Iterable[str]) -> set[str]:
        """The folders whose rendering may read one of these files, or something from outside."""
        paths = set(files)
        return self.with_users(
            {folder for folder, names in self.named.items() if not names.isdisjoint(paths)} | self.opaque
        )


class References(NamedTuple):
    """The `paths` that a kustomization names, its `plugins`, and `folders` that may have kustomizations.

    It holds the `document`, so that the document's id is not reused.
    """

    document: JsonObject
    paths: frozenset[str]
    plugins: frozenset[str]
    folders: frozenset[str]
    is_opaque: bool


def references_in(kustomization: Kustomization, words: Set[str] | None = None) -> References:
    """The references in one kustomization; `words` as for `reads_of`."""
    data = kustomization.data
    texts = texts_in(data)
    bases = kustomization.references(*BASE_FIELDS, *_PLUGINS)
    return References(
        data,
        paths=frozenset(_paths(kustomization.resolve, texts, words)),
        plugins=frozenset(kustomization.resolve(t) for _, _, t in kustomization.references(*_PLUGINS)),
        folders=frozenset(kustomization.resolve(t) for _, _, t in bases if "\n" not in t),
        is_opaque=_is_opaque(data, texts),
    )


def reads_of(
    plan: Plan,
    engine: Engine,
    links: Mapping[str, str],
    lay_out: Callable[[Iterable[str]], None] = lambda _: None,
    known: dict[int, References] | None = None,
    words: Set[str] | None = None,
) -> Reads:
    """The files that each kustomization of the plan may read.

    `links` are the symbolic links and their targets. `lay_out` is called with files before they are read.
    `known` caches the references by the id of a document, for revisions that share documents. `words` are the
    possible last segments of a path, None for any; a string with another last segment is not a path.
    """
    reads = Reads()
    known = {} if known is None else known
    files = {path for path, _, _ in plan.scan.yaml_files} if plan.scan else set()
    plugins: dict[str, frozenset[str]] = {}
    queue = list(kustomizations_of(plan.scan).values()) if plan.scan else []
    while queue:
        unknown: set[str] = set()
        for kustomization in queue:
            folder = kustomization.directory
            document = id(kustomization.data)
            if document not in known:
                known[document] = references_in(kustomization, words)
            references = known[document]
            reads.named.setdefault(folder, _own_files(folder)).update(references.paths)
            if references.is_opaque:
                reads.opaque.add(folder)
            plugins[folder] = references.plugins
            unknown |= references.folders
        unknown -= files
        unknown -= reads.named.keys()
        lay_out(file for folder in unknown for file in _own_files(folder))
        queue = _hidden(reads, plan.root, engine, unknown)
    lay_out(file for named in plugins.values() for file in named)
    _add_plugins(reads, plan.root, engine, plugins)
    for folder, names in reads.named.items():
        _follow_links(names, links)
        for name in names & reads.named.keys():
            if name != folder:
                reads.users[name].add(folder)
    return reads


def _lies_in(folders: Iterable[str], name: str) -> bool:
    return any(name == folder or name.startswith(f"{folder}/") or folder == "." for folder in folders)


def always_rendered(plan: Plan, reads: Reads) -> frozenset[str]:
    """The overlays with objects of Argo CD, which many rules need to know what is deployed."""
    argo = [
        path
        for path, documents, _ in (plan.scan.yaml_files if plan.scan else ())
        if any(_is_argo(document) for document in documents)
    ]
    return frozenset(reads.readers(argo).intersection(overlay.path for overlay in plan.overlays))


def _is_argo(head: JsonObject) -> bool:
    if head.get("mayCarryArgo"):
        return True
    return head.get("kind") in _ARGO_KINDS and str(head.get("apiVersion")).startswith("argoproj.io/")


def _own_files(folder: str) -> set[str]:
    return {beside(folder, name) for name in KUSTOMIZATION_NAMES}


def _hidden(reads: Reads, root: Path, engine: Engine, folders: Iterable[str]) -> list[Kustomization]:
    """Kustomizations in these folders that the scan skipped: hidden, excluded, or reached through a link."""
    unscanned: dict[str, None] = {}
    for folder in sorted(folders):
        if folder.startswith("..") or not is_kustomization_folder(root / folder):
            continue
        real = Path(os.path.relpath(os.path.realpath(root / folder), os.path.realpath(root))).as_posix()
        if real != folder:
            reads.named[folder] = {*_own_files(folder), real}
        if real not in reads.named and not real.startswith(".."):
            unscanned[real] = None
    files = [name for folder in unscanned for name in sorted(_own_files(folder)) if (root / name).is_file()]
    parsed = engine.parse(root, files) if files else []
    for folder in unscanned:
        reads.named[folder] = _own_files(folder)
    return [
        Kustomization(file.path, document.data)
        for file in parsed
        for document in file.documents
        if isinstance(document.data, dict)
    ]


def _add_plugins(reads: Reads, root: Path, engine: Engine, plugins: Mapping[str, frozenset[str]]) -> None:
    """Add the paths in the configuration of plugins, relative to it and to the kustomization."""
    files = sorted({file for named in plugins.values() for file in named if (root / file).is_file()})
    parsed = {file.path: file.documents for file in engine.parse(root, files)} if files else {}
    for folder, named in plugins.items():
        for file in named & parsed.keys():
            for document in parsed[file]:
                texts = texts_in(document.data)
                for base in {folder, posixpath.dirname(file) or "."}:
                    reads.named[folder].update(_paths(partial(beside, base), texts))
                if _is_opaque(document.data, texts):
                    reads.opaque.add(folder)


def _paths(resolve: Callable[[str], str], texts: list[str], ends: Set[str] | None = None) -> set[str]:
    """The paths in these strings: the whole string, both sides of `key=path`, each word of inline YAML."""
    paths = set()
    for text in texts:
        words = _WORD.findall(text) if "\n" in text or "{" in text else (text,)
        for word in words:
            for written in (word, word.partition("=")[2]) if "=" in word else (word,):
                if ends is not None and written.rpartition("/")[2] not in ends:
                    continue
                if written and len(written) < _LONGEST_PATH and not written.startswith("/"):
                    path = resolve(written)
                    if not path.startswith(".."):
                        paths.add(path)
    return paths


def _is_opaque(data: Any, texts: list[str]) -> bool:
    """Whether a document with these strings uses a chart or a remote base."""
    if not isinstance(data, dict):
        return False
    if any(key.startswith("helm") for key in data) or data.get("kind") == "HelmChartInflationGenerator":
        return True
    return any("://" in text or "HelmChartInflationGenerator" in text for text in texts)


def _follow_links(names: set[str], links: Mapping[str, str]) -> None:
    """Add the links in paths that lead through symbolic links, and the paths that they lead to."""
    if not links:
        return
    queue = list(names)
    while queue:
        path = queue.pop()
        head, rest = path, ""
        while head:
            if head in links:
                target = posixpath.normpath(posixpath.join(posixpath.dirname(head), links[head], rest))
                for new in {head, target} - names:
                    names.add(new)
                    queue.append(new)
            head, _, tail = head.rpartition("/")
            rest = posixpath.join(tail, rest) if rest else tail


def _any(changes: Changes, files: Iterable[str]) -> bool:
    return any(changes.touch(file) for file in files)
