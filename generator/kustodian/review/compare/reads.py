"""What rendering an overlay may read, told from the files alone: nothing is rendered for it.

kustomize reads only what a kustomization, or a generator's or transformer's configuration, names. So every
text in those is taken for a path, whatever field it stands in. That names too much (a label's value may be
called like a file) and never too little, except inside a chart, of which everything counts as read.
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
from kustodian.model.kustomization import BASE_FIELDS, KUSTOMIZATION_NAMES, Kustomization, reachable
from kustodian.model.overlay import Overlay
from kustodian.model.repository_path import beside
from kustodian.render.engine import Engine
from kustodian.repository.changes import Changes
from kustodian.repository.layout import is_kustomization_folder
from kustodian.review.check.plan import Plan
from kustodian.review.check.targets import kustomizations_of

#: The fields whose entries configure a plugin, which may name files of its own.
_PLUGINS = ("generators", "transformers", "validators")
_WORD = re.compile(r"""[^\s"'`,\[\]{}]+""")
_LONGEST_PATH = 4096
_ARGO_KINDS = ("Application", "ApplicationSet", "AppProject")


@dataclass(slots=True)
class Reads:
    """`named` are the paths that each kustomization's folder names, `users` who names a folder.

    `opaque` are the folders whose result may hold what no file here shows: charts and remote bases.
    """

    named: dict[str, set[str]] = field(default_factory=dict)
    users: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    opaque: set[str] = field(default_factory=set)

    def touched_folders(self, changes: Changes) -> set[str]:
        """The folders of kustomizations whose result a change may reach.

        A named folder counts for what is in it, unless it has a kustomization, which names that itself.
        """
        above = changes.above
        return self.and_users(
            {
                folder
                for folder, names in self.named.items()
                if not names.isdisjoint(changes.files)
                or not (names & above <= self.named.keys())
                or (changes.folders and any(_lies_in(changes.folders, name) for name in names - above))
                or (folder in self.opaque and folder in above)
            }
        )

    def and_parts(self, folders: Iterable[str]) -> set[str]:
        """Those of the folders that hold kustomizations, with all that they are built from."""
        known = self.named.keys()
        return set(reachable(known & set(folders), lambda folder: self.named[folder] & known))

    def touched(self, changes: Changes, reached: set[str], overlays: Iterable[Overlay]) -> set[str]:
        """The paths of the overlays that a change may reach; `reached` are the folders that it does."""
        return {
            overlay.path
            for overlay in overlays
            if (overlay.path in reached if overlay.is_kustomization else _any(changes, overlay.files))
        }

    def and_users(self, folders: Iterable[str]) -> set[str]:
        """Folders with all that are built from them."""
        return set(reachable(folders, lambda folder: self.users.get(folder, ())))

    def of(self, overlay: str) -> set[str]:
        """Every path that rendering an overlay may read."""
        parts = self.and_parts([overlay])
        return (parts & self.opaque).union(*(self.named[folder] for folder in parts))

    def readers(self, files: Iterable[str]) -> set[str]:
        """The folders whose rendering may read one of these files, or what no file shows."""
        wanted = set(files)
        return self.and_users(
            {folder for folder, names in self.named.items() if not names.isdisjoint(wanted)} | self.opaque
        )


class Named(NamedTuple):
    """What one kustomization names: any `paths`, its `plugins`, and `folders` that may hold kustomizations.

    `of` is the document, which has to live as long as this is known by it.
    """

    of: JsonObject
    paths: frozenset[str]
    plugins: frozenset[str]
    folders: frozenset[str]
    is_opaque: bool


def named_by(kustomization: Kustomization, words: Set[str] | None = None) -> Named:
    """Read one kustomization's references; `words` as for `reads_of`."""
    data = kustomization.data
    texts = texts_in(data)
    bases = kustomization.references(*BASE_FIELDS, *_PLUGINS)
    return Named(
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
    known: dict[int, Named] | None = None,
    words: Set[str] | None = None,
) -> Reads:
    """Follow every reference of every kustomization.

    `known` remembers what a document names, for revisions that share it. `links` are the symbolic links and
    where they lead; `lay_out` is told of files before they are looked at. `words` are what a path can end in
    (None: anything): a text with another end names nothing.
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
                known[document] = named_by(kustomization, words)
            named = known[document]
            reads.named.setdefault(folder, _own_files(folder)).update(named.paths)
            if named.is_opaque:
                reads.opaque.add(folder)
            plugins[folder] = named.plugins
            unknown |= named.folders
        unknown -= files
        unknown -= reads.named.keys()
        lay_out(file for folder in unknown for file in _own_files(folder))
        queue = _hidden(reads, plan.root, engine, unknown)
    lay_out(file for wanted in plugins.values() for file in wanted)
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
    """The overlays with objects of Argo CD in them, whatever changed: many rules ask what is deployed."""
    argo = [
        path
        for path, documents, _ in (plan.scan.yaml_files if plan.scan else ())
        if any(_is_argo(document) for document in documents)
    ]
    return frozenset(reads.readers(argo).intersection(overlay.path for overlay in plan.overlays))


def _is_argo(head: JsonObject) -> bool:
    return head.get("kind") in _ARGO_KINDS and str(head.get("apiVersion")).startswith("argoproj.io/")


def _own_files(folder: str) -> set[str]:
    return {beside(folder, name) for name in KUSTOMIZATION_NAMES}


def _hidden(reads: Reads, root: Path, engine: Engine, folders: Iterable[str]) -> list[Kustomization]:
    """Named kustomizations that the scan passed over: in dot-folders, excluded, behind links."""
    wanted: dict[str, None] = {}
    for folder in sorted(folders):
        if folder.startswith("..") or not is_kustomization_folder(root / folder):
            continue
        real = Path(os.path.relpath(os.path.realpath(root / folder), os.path.realpath(root))).as_posix()
        if real != folder:
            reads.named[folder] = {*_own_files(folder), real}
        if real not in reads.named and not real.startswith(".."):
            wanted[real] = None
    files = [name for folder in wanted for name in sorted(_own_files(folder)) if (root / name).is_file()]
    found = engine.parse(root, files) if files else []
    for folder in wanted:
        reads.named[folder] = _own_files(folder)
    return [
        Kustomization(file.path, document.data)
        for file in found
        for document in file.documents
        if isinstance(document.data, dict)
    ]


def _add_plugins(reads: Reads, root: Path, engine: Engine, plugins: Mapping[str, frozenset[str]]) -> None:
    """What the configuration of generators and transformers names, beside itself and beside its user."""
    files = sorted({file for wanted in plugins.values() for file in wanted if (root / file).is_file()})
    parsed = {file.path: file.documents for file in engine.parse(root, files)} if files else {}
    for folder, wanted in plugins.items():
        for file in wanted & parsed.keys():
            for document in parsed[file]:
                texts = texts_in(document.data)
                for base in {folder, posixpath.dirname(file) or "."}:
                    reads.named[folder].update(_paths(partial(beside, base), texts))
                if _is_opaque(document.data, texts):
                    reads.opaque.add(folder)


def _paths(resolve: Callable[[str], str], texts: list[str], ends: Set[str] | None = None) -> set[str]:
    """Each text as the path that it means; of `key=path` both sides, of inline YAML each word."""
    found = set()
    for text in texts:
        words = _WORD.findall(text) if "\n" in text or "{" in text else (text,)
        for word in words:
            for written in (word, word.partition("=")[2]) if "=" in word else (word,):
                if ends is not None and written.rpartition("/")[2] not in ends:
                    continue
                if written and len(written) < _LONGEST_PATH and not written.startswith("/"):
                    path = resolve(written)
                    if not path.startswith(".."):
                        found.add(path)
    return found


def _is_opaque(data: Any, texts: list[str]) -> bool:
    """Whether a chart or something remote is asked for by a document with these texts."""
    if not isinstance(data, dict):
        return False
    if any(key.startswith("helm") for key in data) or data.get("kind") == "HelmChartInflationGenerator":
        return True
    return any("://" in text or "HelmChartInflationGenerator" in text for text in texts)


def _follow_links(names: set[str], links: Mapping[str, str]) -> None:
    """Add where each path leads that goes through a symbolic link; the link itself is read, too."""
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
