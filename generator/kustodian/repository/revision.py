"""Check out another revision of a repository without touching its work tree and index.

The revision is laid out in a temporary repository that shares git's objects. Unlike an archive, it has the
history that some rules read, ignores `export-ignore`, and leaves nothing behind in `.git`. Its configuration
defines no filter, so no program sees the files: what Git LFS or git-crypt would decode stays as it is stored.
"""

from __future__ import annotations

import shutil
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from kustodian.model.errors import ExitCode, UserError
from kustodian.model.overlay import RenderedOverlay
from kustodian.repository.git import GitError, Repository, git_program, new_git_folder, repository_around
from kustodian.repository.git_folder import GitFolder, read_small
from kustodian.repository.lfs import ATTRIBUTE, is_resolved
from kustodian.repository.temporary import temporary_folder

SUBMODULE_MODE, LINK_MODE = "160000", "120000"
_CHECKOUT = ("checkout-index", "--force", "--quiet")


class WorkTree(NamedTuple):
    """The git work tree around a repository; `prefix` is the repository's folder in it, "" at the top.

    `repository` runs git at the top.
    """

    repository: Repository
    prefix: str

    @property
    def top(self) -> Path:
        """The top folder."""
        return self.repository.top

    def inside(self, clone: Path) -> Path:
        """The repository in a clone of the work tree."""
        return clone / self.prefix


def work_tree(root: Path) -> WorkTree:
    """The work tree that contains a folder. Raises UserError if there is none, or no git."""
    if git_program() is None:
        raise UserError("--base needs git, which is not on PATH", hint="install git")
    found = repository_around(root)
    if found is None:
        raise UserError(
            f"{root} is not in a git work tree", hint="--base compares with a revision: run it in a clone"
        )
    return WorkTree(found.at_top, found.prefix)


def merge_base(tree: WorkTree, revision: str) -> str | None:
    """The merge base of HEAD and a revision; None for `HEAD` before the first commit.

    Raises UserError if there is none.
    """
    git, commit = tree.repository.text_or_none, f"{revision}^{{commit}}"
    found = git("merge-base", "--end-of-options", "HEAD", commit)
    if found is not None:
        return found.strip()
    head = git("rev-parse", "--verify", "--quiet", "HEAD")
    if revision == "HEAD" and head is None:
        return None
    if git("rev-parse", "--verify", "--quiet", "--end-of-options", commit) is None:
        raise UserError(f"--base {revision}: git does not find this commit", hint=_fetch_hint(tree, revision))
    if head is None:
        raise UserError("there is no commit to compare with yet", hint="commit first, or use --base HEAD")
    raise UserError(
        f"--base {revision}: it has no commit in common with HEAD in this clone",
        hint=_fetch_hint(tree, revision),
    )


def empty_tree(tree: WorkTree) -> str:
    """The id of the tree without files. Raises UserError if git fails."""
    return tree.repository.text("hash-object", "-t", "tree", "--stdin").strip()


class Checkout:
    """A revision of the repository in a temporary folder; `root` is the repository in it.

    Files are checked out on demand: comparing a change to one overlay needs few files of its base.
    """

    def __init__(self, tree: WorkTree, clone: Repository, commit: str) -> None:
        """`clone` has an index and no files yet; `commit` is what it was made from."""
        self.root = tree.inside(clone.top)
        self._tree, self._clone, self._commit = tree, clone, commit
        self._laid_out: set[str] = set()
        #: Files on disk, relative to `root`, that are Git LFS pointers without their content.
        self.pointers: set[str] = set()
        self.root.mkdir(parents=True, exist_ok=True)

    @cached_property
    def files(self) -> tuple[str, ...]:
        """Every tracked file, relative to `root`."""
        return tuple(map(path_of, self._entries))

    @cached_property
    def links(self) -> frozenset[str]:
        """The tracked symbolic links, relative to `root`."""
        return frozenset(path_of(entry) for entry in self._entries if entry.startswith(LINK_MODE))

    @property
    def top(self) -> Path:
        """The top of the work tree that the repository may be a part of."""
        return self._clone.top

    def has(self, path: str) -> bool:
        """Whether a file is tracked; `path` is relative to the top of the work tree."""
        return path in self._all_paths

    @cached_property
    def _all_paths(self) -> frozenset[str]:
        return frozenset(map(path_of, self._index_of_all))

    @cached_property
    def _index_of_all(self) -> list[str]:
        """The index entries of the whole work tree, of which the repository may be a part."""
        return self._entries if not self._tree.prefix else _index(self._clone, "")

    @cached_property
    def _entries(self) -> list[str]:
        return _index(self._clone, self._tree.prefix)

    def lay_out(self, names: Iterable[str]) -> None:
        """Check out files of these names, and folders with all their files. Raises UserError if git fails."""
        if not self._laid_out:
            self._lay_out_submodules()
        wanted = {file for name in set(names) for file in self._meant_by(name)} - self._laid_out
        if wanted:
            below = f"{self._tree.prefix}/" if self._tree.prefix else ""
            # A name that is not UTF-8 cannot be written in a kustomization, so no overlay reads such a file.
            known = [name for name in sorted(wanted) if "\ufffd" not in name]
            paths = [*(below + name for name in known), *self._attributes]
            self._clone.text(*_CHECKOUT, "-z", "--stdin", given="".join(f"{path}\0" for path in paths))
            self._laid_out |= wanted
            self._resolve_pointers(wanted)

    def _meant_by(self, name: str) -> tuple[str, ...]:
        """The file of this name, or all files below the folder of this name."""
        if name == ".":
            return self.files
        first = bisect_left(self._sorted, name)
        if first < len(self._sorted) and self._sorted[first] == name:
            return (name,)
        first = bisect_left(self._sorted, f"{name}/", first)
        # "0" is the character after "/": this is where paths that begin with the folder end.
        return tuple(self._sorted[first : bisect_left(self._sorted, f"{name}0", first)])

    @cached_property
    def _sorted(self) -> list[str]:
        return sorted(self.files)  # git sorts by bytes

    def lay_out_all(self) -> None:
        """Check out all files. Raises UserError if git fails."""
        self._clone.text(*_CHECKOUT, "--all")
        self._lay_out_submodules()
        self._laid_out = set(self.files)
        self._resolve_pointers(self.files)

    def refuse_pointers(self, rendered: RenderedOverlay) -> None:
        """Raise UserError if an overlay of this revision was built from a Git LFS pointer."""
        read = self.pointers.intersection(rendered.files)
        if not read and rendered.error is not None:  # then it is not known what was read
            read = {name for name in self.pointers if name.endswith((".yaml", ".yml", ".json"))}
        if read:
            raise UserError(
                f"a Git LFS pointer at {self._commit[:12]}, whose content is not in this clone",
                file=min(read),
                hint="run `git lfs fetch --all`, or keep what overlays read out of Git LFS",
                exit_code=ExitCode.NOT_CHECKED,
            )

    def _resolve_pointers(self, files: Iterable[str]) -> None:
        """Replace Git LFS pointers by contents that are in the clone, and note the others."""
        if not self._uses_lfs:
            return
        store = self._tree.repository.lfs_objects
        self.pointers |= {name for name in files if not is_resolved(self.root / name, store)}

    @cached_property
    def _uses_lfs(self) -> bool:
        """Whether a `.gitattributes` file, all of which are on disk by now, names Git LFS."""
        files = (read_small(str(self._clone.top / name)) for name in self._attributes)
        return any(ATTRIBUTE in content for content in files if content is not None)

    @cached_property
    def _attributes(self) -> list[str]:
        """The `.gitattributes` files, relative to the top."""
        paths = map(path_of, self._index_of_all)
        return [path for path in paths if path == ".gitattributes" or path.endswith("/.gitattributes")]

    def _lay_out_submodules(self) -> None:
        """Check out the submodules.

        One whose commit is missing here stays empty: overlays that read it then do not render.
        """
        for path, commit in _submodules(self._index_of_all):
            source = _submodule(self._tree.top / path)
            if source is None or source.text_or_none("cat-file", "-e", f"{commit}^{{commit}}") is None:
                continue
            folder = self._clone.top / path
            shutil.rmtree(folder, ignore_errors=True)
            clone = _clone(source, folder, commit, commit)
            inner = Checkout(WorkTree(source, ""), clone, commit)
            inner.lay_out_all()
            below = f"{self._tree.prefix}/" if self._tree.prefix else ""
            self.pointers |= {f"{path}/{name}".removeprefix(below) for name in inner.pointers}


@contextmanager
def checkout(tree: WorkTree, commit: str | None, *, index: bool = False) -> Iterator[Checkout]:
    """The repository at a commit, or with `index` as it is staged.

    Raises UserError if git cannot check it out.
    """
    source = tree.repository
    parent = source.text_or_none("rev-parse", "--verify", "--quiet", "HEAD") if index else commit
    with temporary_folder("kustodian-base-") as folder:
        clone = _clone(
            source, folder / "clone", parent.strip() if parent else None, None if index else commit
        )
        yield Checkout(tree, clone, commit or "the index")


def _clone(source: Repository, folder: Path, parent: str | None, content: str | None) -> Repository:
    """A repository without files; `parent` becomes HEAD and `content`, or what is staged, the index."""
    own = folder / ".git"
    new_git_folder(own, source, parent)
    clone = Repository(GitFolder(str(folder), str(own), str(own)), folder, source)
    if content is None:
        content = _staged_tree(source, clone.objects)
    clone.text("read-tree", "--reset", content)
    return clone


def _staged_tree(source: Repository, objects: Path) -> str:
    """The tree of what is staged, written to a folder of objects; the repository itself is not touched."""
    if source.text("ls-files", "-z", "--unmerged"):
        raise UserError("the index has conflicts", hint="resolve them, `git add`, and try again")
    return source.text("write-tree", own_index=True, objects=objects).strip()


def _submodule(folder: Path) -> Repository | None:
    """The repository of a submodule; None if it has none here, or one that is not its own."""
    if not folder.joinpath(".git").exists() or folder.resolve() != folder:
        return None
    try:
        found = repository_around(folder)
    except GitError:
        raise
    except UserError:
        return None
    return found if found is not None and not found.prefix else None


def _submodules(entries: list[str]) -> Iterator[tuple[str, str]]:
    """The path and commit of each submodule."""
    for entry in entries:
        if entry.startswith(SUBMODULE_MODE):
            yield path_of(entry), entry.split(" ")[1]


def _index(clone: Repository, prefix: str) -> list[str]:
    """The entries of the index below a folder, as `git ls-files --stage` writes them, with paths below it."""
    entries = clone.text("ls-files", "-z", "--stage", "--", *([f":(literal){prefix}/"] if prefix else []))
    listed = [entry for entry in entries.split("\0") if entry]
    return [entry.replace(f"\t{prefix}/", "\t", 1) for entry in listed] if prefix else listed


def path_of(entry: str) -> str:
    """The path of an entry of `git ls-files --stage`."""
    return entry[entry.index("\t") + 1 :]


def _fetch_hint(tree: WorkTree, revision: str) -> str:
    if tree.repository.is_shallow:
        return tree.repository.missing_hint()
    branch = revision.rpartition("/")[2]
    return f"run `git fetch origin {branch}`, then use --base origin/{branch}"
