"""Judges a change by the rules of its base, so that it cannot choose the rules that it is judged by."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from kustodian.model.errors import ExitCode, UserError
from kustodian.policy.config import CONFIG_NAME
from kustodian.render.engine import Engine
from kustodian.repository.changes import Changes
from kustodian.repository.files import read_regular
from kustodian.repository.revision import Checkout, WorkTree
from kustodian.repository.source_map import SourceMaps
from kustodian.review.check.options import CheckOptions
from kustodian.review.check.plan import Plan
from kustodian.review.check.rulebook import Rulebook, Trust, read_rulebook
from kustodian.review.check.targets import MANIFEST_SUFFIXES, Targets, is_definition, load_plan
from kustodian.review.gate.change import GateChange
from kustodian.review.gate.findings import gate_findings, overlay_changes, rule_changes
from kustodian.review.gate.waivers import KnownComments

_DEFINITION = b"CustomResourceDefinition"


class Base(NamedTuple):
    """The revision whose rules count, what differs from it, and the options for its checkout."""

    checkout: Checkout
    commit: str
    changes: Changes
    options: CheckOptions


def judge(
    own: Plan, targets: Targets, options: CheckOptions, base: Base, engine: Engine
) -> tuple[Plan, Rulebook | None, Trust]:
    """The plan of a change by the rules of the base, and what it does to them; the rules if they differ.

    The changed files of the base are on disk. `own` is its plan by its own rules. Raises UserError if the
    rules of either do not load.
    """
    checkout, changes = base.checkout, base.changes
    judged, rulebook = own, None
    found: list[GateChange] = []
    if _rules_differ(own, options, base):
        checkout.lay_out_all()
        _refuse_broken_policies(own, engine)
        rulebook = _rulebook(own, base, engine)
        judged = load_plan(targets, options, engine, rulebook)
        before = _plan_of_base(targets, rulebook, base, engine)
        found += rule_changes(own, judged, before)
    found += overlay_changes(judged, changes, frozenset(checkout.files), checkout.root)
    maps = SourceMaps(own.root)
    comments = KnownComments(
        maps,
        _differs(own.root, changes),
        checkout.root,
        lambda file: checkout.lay_out([file, *checkout.links]),
    )
    trust = Trust(gate_findings(found, judged, maps), own.config, comments.lines)
    return judged, rulebook, trust


def rules_touched(plan: Plan, changes: Changes) -> bool:
    """Whether the configuration, a policy or a schema changed, so that any finding may differ."""
    files = plan.scan.yaml_files if plan.scan else ()
    if any(changes.touch(path) and any(map(is_definition, heads)) for path, heads, _ in files):
        return True
    return any(map(changes.touch, (plan.config_file, *inputs_of_rules(plan))))


def inputs_of_rules(plan: Plan) -> list[str]:
    """The policies, data and schemas that the configuration names."""
    config = plan.config
    named = (*config.rego.policy, *config.rego.data, *config.schemas)
    return [posixpath.normpath(path) for path in named]


def options_in(options: CheckOptions, root: Path, other: Path) -> CheckOptions:
    """The options for another checkout of the repository, with the configuration of that revision.

    A configuration outside of the repository stays the same. Links are not followed: they are part of a
    revision.
    """
    inside = _inside(options.config, root)
    return replace(options, config=other / inside) if inside is not None and other != root else options


def refuse_other_root(base: Checkout, tree: WorkTree, targets: Iterable[Path]) -> None:
    """Raise UserError if the base has another configuration for a target than the one at its root."""
    for target in (target for target in targets if target.is_relative_to(tree.top)):
        folders = [*target.relative_to(tree.top).parents, target.relative_to(tree.top)]
        names = ((folder / CONFIG_NAME).as_posix() for folder in sorted(folders, key=lambda f: len(f.parts)))
        first = next(filter(base.has, names), None)
        if first is not None and first != posixpath.join(tree.prefix, CONFIG_NAME):
            raise UserError(
                f"the configuration of {target.name} is {first} at the base, and this change moves it",
                hint="move the configuration in a change of its own and check that with --trust-head",
            )


def _inside(config: Path | None, root: Path) -> Path | None:
    """The path of a configuration relative to the root; None if it is not in the repository."""
    if config is None:
        return None
    lexical = Path(os.path.abspath(config))
    for path in (lexical, lexical.parent.resolve() / lexical.name):
        if path.is_relative_to(root):
            return path.relative_to(root)
    return None


def _rules_differ(own: Plan, options: CheckOptions, base: Base) -> bool:
    changes, checkout = base.changes, base.checkout
    if rules_touched(own, changes) or _is_elsewhere(options, own.root):
        return True
    inputs = {posixpath.normpath(own.config_file), *inputs_of_rules(own)}
    if any(_related(link, name) for link in changes.links | checkout.links for name in inputs):
        return True  # what a link leads to may have changed
    return any(_defines(checkout.root / file) for file in changes.files if file.endswith(MANIFEST_SUFFIXES))


def _is_elsewhere(options: CheckOptions, root: Path) -> bool:
    """Whether the command line names a configuration in another part of the same work tree."""
    config = options.config
    return config is not None and _inside(config, root) is None and _same_work_tree(config, root)


def _same_work_tree(config: Path, root: Path) -> bool:
    top = next((folder for folder in (root, *root.parents) if (folder / ".git").exists()), root)
    return _inside(config, top) is not None


def _related(one: str, other: str) -> bool:
    return one == other or one.startswith(f"{other}/") or other.startswith(f"{one}/")


def _defines(file: Path) -> bool:
    try:
        return _DEFINITION in read_regular(file)
    except OSError:
        return False


def _refuse_broken_policies(own: Plan, engine: Engine) -> None:
    """Raise UserError if the change's own policies do not load: they would judge the next change."""
    if own.rego is not None:
        engine.evaluate(own.root, own.rego, [])


def _rulebook(own: Plan, base: Base, engine: Engine) -> Rulebook:
    root, config = base.checkout.root, base.options.config
    if config is not None and not config.is_relative_to(base.checkout.top):
        return Rulebook(own.config, root)
    try:
        rulebook = read_rulebook(root, config, engine, required=False)
    except UserError as error:
        raise _unusable(base, error) from error
    _refuse_pointers(rulebook, base)
    return rulebook


def _refuse_pointers(rulebook: Rulebook, base: Base) -> None:
    """Raise UserError if a policy or schema of the base is in Git LFS, without its content in the clone."""
    config = rulebook.config
    named = map(posixpath.normpath, (*config.rego.policy, *config.rego.data, *config.schemas))
    lost = [file for name in named for file in base.checkout.pointers if _related(file, name)]
    if lost:
        raise UserError(
            f"a Git LFS pointer at {base.commit[:12]}, whose content is not in this clone",
            file=min(lost),
            hint="run `git lfs fetch --all`, or keep policies and schemas out of Git LFS",
            exit_code=ExitCode.NOT_CHECKED,
        )


def _plan_of_base(targets: Targets, rulebook: Rulebook, base: Base, engine: Engine) -> Plan:
    options = replace(base.options, environments=())
    there = Targets(base.checkout.root, targets.shown, targets.folders)
    try:
        return load_plan(there, options, engine, rulebook)
    except UserError as error:
        raise _unusable(base, error) from error


def _unusable(base: Base, error: UserError) -> UserError:
    return UserError(
        f"the base revision {base.commit[:12]} cannot be checked: {error.message}",
        error.file, error.line, hint="compare with a revision that can, or use --trust-head",
        exit_code=error.exit_code,
    )  # fmt: skip


def _differs(root: Path, changes: Changes) -> Callable[[str], bool]:
    """Whether a file, or what it leads to through links, differs from the base."""
    real_root = os.path.realpath(root)

    def differs(file: str) -> bool:
        real = Path(os.path.relpath(os.path.realpath(root / file), real_root)).as_posix()
        return changes.touch(file) or changes.touch(real)

    return differs
