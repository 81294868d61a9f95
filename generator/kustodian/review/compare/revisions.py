"""The two sides of a comparison: the repository now, and at the commit that a change started from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Set
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from kustodian.model.errors import ExitCode, UserError
from kustodian.model.repository.view import RepositoryView
from kustodian.policy.catalogue import all_rules
from kustodian.policy.config import CONFIG_NAME
from kustodian.render.engine import Engine, Scan
from kustodian.repository.background import Background
from kustodian.repository.changes import Changes, changes, symbolic_links, work_tree_files
from kustodian.repository.layout import find_root
from kustodian.repository.revision import (
    Checkout,
    WorkTree,
    checkout,
    empty_tree,
    merge_base,
    work_tree,
)
from kustodian.repository.source_map import SourceMaps
from kustodian.review.check.options import CheckOptions
from kustodian.review.check.rulebook import Rulebook
from kustodian.review.check.run import Run, refuse_empty, start
from kustodian.review.check.targets import load_plan, plan_beside, resolve_targets
from kustodian.review.check.view import view_of, view_of_revision
from kustodian.review.compare.reads import Reads, References, always_rendered, reads_of
from kustodian.review.compare.trust import (
    Base,
    inputs_of_rules,
    judge,
    options_in,
    refuse_other_root,
    rules_touched,
)


class Side(NamedTuple):
    """One of the two revisions: its run, the files that overlays may read, and a view without overlays.

    `always` are the overlays that are rendered even if nothing in them changed. `lay_out` writes files of
    the revision to disk and must be called before they are read; unchanged files are read from the head.
    """

    run: Run
    reads: Reads
    view: RepositoryView
    always: frozenset[str]
    lay_out: Callable[[Iterable[str]], None] = lambda _: None


@dataclass(frozen=True)
class Revisions:
    """Head and base of a comparison, nothing rendered yet. There is no base before the first commit.

    `rulebook` judges both if the rules differ; None if they do not, or if each revision has its own.
    """

    root: Path
    tree: WorkTree
    commit: str
    head: Run
    staged: bool
    rulebook: Rulebook | None
    _targets: list[Path]
    _options: CheckOptions
    _base: Checkout | None
    _changes: Background[Changes]

    @cached_property
    def changes(self) -> Changes:
        """The files that differ. Raises UserError if git fails."""
        return self._changes.result()

    def whole_base(self) -> Run | None:
        """A run over the whole base; None if it has nothing to check. Raises UserError as `check` does."""
        if self._base is None or not self._base.files:
            return None
        self._base.lay_out_all()
        base_root, engine = self._base.root, self.head.engine
        targets = [target for target in _moved(self._targets, self.root, base_root) if target.exists()]
        try:
            options, inspect = self._base_options(base_root), self._base.refuse_pointers
            if not targets:
                return None
            return start(targets, options, engine, inspect=inspect, rulebook=self.rulebook)
        except UserError as error:
            if error.exit_code == ExitCode.NOTHING_TO_CHECK:
                return None
            raise UserError(
                f"the base revision {self.commit[:12]} cannot be checked: {error.message}",
                error.file, error.line, hint="compare with a revision that can: --base REV",
                exit_code=error.exit_code,
            ) from error  # fmt: skip

    def _base_options(self, root: Path) -> CheckOptions:
        """The command line's options for the base's checkout; no fixes are proposed there."""
        return replace(options_in(self._options, self.root, root), proposals=False)

    def sides(self) -> tuple[Side, Side] | None:
        """Base and head, with only the changed files of the base on disk; None if that is not enough."""
        plan, base = self.head.plan, self._base
        whole = plan.whole_repository and all(overlay.is_kustomization for overlay in plan.overlays)
        if base is None or not base.files or not whole:
            return None
        if self.rulebook is not None or plan.scan is None or rules_touched(plan, self.changes):
            return None
        references: dict[int, References] = {}
        words = self._words(base)
        head = self._head_side(base, references, words)
        before = self._base_side(base, head, references, words)
        return (before, head) if before is not None else None

    def _head_side(self, base: Checkout, references: dict[int, References], words: Set[str] | None) -> Side:
        """The head; the overlays known to be affected start to render in the background."""
        plan, engine = self.head.plan, self.head.engine
        links = symbolic_links(plan.root, self.changes.links | self.changes.files)
        reads = reads_of(plan, engine, links, known=references, words=words)
        run = Run(plan, self.head.options, engine)
        run.trust = self.head.trust
        always = always_rendered(plan, reads)
        reached = reads.touched(self.changes, reads.touched_folders(self.changes), plan.overlays)
        run.begin(always | reached)
        files = work_tree_files(plan.root, self.changes, base.files)
        return Side(run, reads, view_of(plan, [], engine, files), always)

    def _base_side(
        self, base: Checkout, head: Side, references: dict[int, References], words: Set[str] | None
    ) -> Side | None:
        """The base, with only the changed files on disk; None if that is not enough."""
        plan, engine = head.run.plan, head.run.engine
        assert plan.scan is not None
        base.lay_out([*self.changes.files, *self.changes.folders, *inputs_of_rules(plan), plan.config_file])
        scan = _mixed(plan.scan, engine.scan(base.root), self.changes)
        if not scan.kustomizations:
            return None
        options = self._base_options(base.root)
        try:
            other = plan_beside(plan, base.root, options.config or base.root / CONFIG_NAME, scan, options)
        except UserError:
            return None  # checking the whole base gives a better message
        if rules_touched(other, self.changes):
            return None
        view = view_of_revision(other, head.view, self.changes, base.files, engine)
        base.lay_out(base.links)
        reads = reads_of(
            other, engine, symbolic_links(base.root, base.links), base.lay_out, references, words
        )
        maps = SourceMaps(base.root, head.run.maps, self.changes.touch)
        run = Run(other, options, engine, maps, inspect=base.refuse_pointers)
        return Side(run, reads, view, always_rendered(other, reads), base.lay_out)

    def _words(self, base: Checkout) -> Set[str] | None:
        """The segments of all paths in either revision; None if git does not know all files.

        Most strings in kustomizations are not paths, and are skipped by their last segment.
        """
        if self.changes.folders:
            return None
        paths = {*self.changes.tracked, *self.changes.files, *base.files}
        return {"", ".", ".."}.union(*(path.split("/") for path in paths))


@contextmanager
def open_revisions(
    targets: Iterable[Path],
    options: CheckOptions,
    engine: Engine,
    revision: str,
    *,
    staged: bool,
    trust_head: bool = False,
) -> Iterator[Revisions]:
    """Both sides: the merge base of HEAD and a revision, and the work tree (or the index).

    Both are judged by the rules of the base, or with `trust_head` each by its own. Raises UserError as
    `check` does, and if git does not know the revision.
    """
    paths = [target.resolve() for target in targets] or [Path.cwd()]
    root = find_root(paths[0])
    with ExitStack() as stack:
        git_state = Background(lambda: _read_git(stack, root, revision, staged))
        all_rules()  # imported while git and the engine work
        try:
            head_root = git_state.result().head_root if staged else root
            head_options = options_in(options, root, head_root)
            resolved = resolve_targets(_moved(paths, root, head_root), options.stdin)
            plan = load_plan(resolved, head_options, engine)
        finally:
            git_state.wait()  # so that the stack removes its checkouts, too
        git = git_state.result()
        rulebook, trust = None, None
        if git.base is not None and not trust_head:
            refuse_other_root(git.base, git.tree, paths)
            base = Base(git.base, git.commit, git.changes.result(), options_in(options, root, git.base.root))
            plan, rulebook, trust = judge(plan, resolved, head_options, base, engine)
        refuse_empty(plan, resolved)
        head = Run(plan, head_options, engine)
        head.trust = trust
        yield Revisions(
            root, git.tree, git.commit, head, staged, rulebook, paths, options, git.base, git.changes
        )


class _GitState(NamedTuple):
    """Both revisions in git; `commit` is the empty tree if there is no commit yet."""

    tree: WorkTree
    commit: str
    head_root: Path
    base: Checkout | None
    changes: Background[Changes]


def _read_git(stack: ExitStack, root: Path, revision: str, staged: bool) -> _GitState:
    """Find both revisions, and check out the base and the index. Raises UserError if git fails."""
    tree = work_tree(root)
    stack.enter_context(tree.repository.session())
    commit = merge_base(tree, revision)
    head_root = root
    if staged:
        index = stack.enter_context(checkout(tree, None, index=True))
        index.lay_out_all()
        head_root = index.root
    base_tree = commit or empty_tree(tree)
    differing = Background(lambda: changes(tree, base_tree, staged=staged))
    try:
        base = stack.enter_context(checkout(tree, commit)) if commit else None
    finally:
        differing.wait()
    if base is not None:  # here, while the engine scans the head
        base.lay_out([*differing.result().files, *differing.result().folders])
    return _GitState(tree, base_tree, head_root, base, differing)


def _mixed(head: Scan, base: Scan, changes: Changes) -> Scan:
    """The scan of the base: changed files from its own scan, the others from that of the head."""
    kustomizations = [entry for entry in head.kustomizations if not changes.touch(entry[0])]
    kustomizations += [entry for entry in base.kustomizations if changes.touch(entry[0])]
    files = [entry for entry in head.yaml_files if not changes.touch(entry[0])]
    files += [entry for entry in base.yaml_files if changes.touch(entry[0])]
    return Scan(sorted(kustomizations, key=lambda e: e[0]), sorted(files, key=lambda e: e[0]))


class Touched(NamedTuple):
    """The overlays and kustomizations that a change may affect, in either revision.

    `overlays` are paths, including those of overlays that only one revision has. `folders` are the folders of
    the affected kustomizations, and of all that they are built from.
    """

    overlays: frozenset[str]
    folders: frozenset[str]


def touched(changes: Changes, base: Side, head: Side) -> Touched:
    """The overlays and kustomizations that a change may affect."""
    sides = (base, head)
    reached = [side.reads.touched_folders(changes) for side in sides]
    overlays = set[str]()
    for side, folders in zip(sides, reached, strict=True):
        overlays |= side.reads.touched(changes, folders, side.run.plan.overlays)
    before, after = (
        {(o.path, o.environment.name, o.files) for o in side.run.plan.overlays} for side in sides
    )
    everywhere = set[str]().union(*reached)
    return Touched(
        frozenset(overlays | {path for path, _, _ in before ^ after}),
        frozenset(part for side in sides for part in side.reads.with_parts(everywhere)),
    )


def _moved(paths: list[Path], root: Path, other: Path) -> list[Path]:
    """The targets in another checkout of the repository. Raises UserError for one outside of it."""
    outside = [path for path in paths if not path.is_relative_to(root)]
    if outside:
        raise UserError(
            f"{outside[0]} is not in the repository {root}", hint="compare one repository at a time"
        )
    return [other / path.relative_to(root) for path in paths]
