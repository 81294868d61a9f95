"""Safe fixes: changes that rules propose, tried on a copy of the repository before they are made.

The copy is checked: the finding must be gone, there must be no new finding, and a change of form only must
render to the same objects. Changes that fail are not made, and the reason is reported.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from kustodian.model.edit import Action
from kustodian.model.errors import UserError
from kustodian.model.finding import Finding
from kustodian.model.overlay import RenderedOverlay
from kustodian.model.results.check_report import CheckReport
from kustodian.render.engine import Engine
from kustodian.repository.edit import CannotEdit
from kustodian.repository.files import replace_files
from kustodian.repository.temporary import temporary_folder
from kustodian.review.check.options import CheckOptions
from kustodian.review.check.run import Run, start
from kustodian.review.fix.changes import Change, changes_of, read_text

#: Changes that are made together, and the findings that they fix.
Group = tuple[tuple[Change, ...], list[Finding]]


@dataclass(slots=True)
class Fixes:
    """The outcome: old and new text by file, the fixed findings, and the others with the reason.

    `not_checked` is the number of overlays and rules that could not be checked.
    """

    before: dict[str, str] = field(default_factory=dict)
    after: dict[str, str] = field(default_factory=dict)
    fixed: list[Finding] = field(default_factory=list)
    left: list[tuple[Finding, str]] = field(default_factory=list)
    not_checked: int = 0

    def write(self, root: Path) -> None:
        """Write the new texts, all of them or none, with the modes of the files unchanged.

        Raises UserError if a file was changed in the meantime (then none is written) or cannot be written.
        """
        for name in self.after:
            if read_text(root, name) != self.before[name]:
                raise UserError("the file was changed in the meantime; nothing was fixed", file=name)
        try:
            replace_files({root / name: text.encode() for name, text in self.after.items()}, root)
        except OSError as error:
            what = f"the fixes cannot be written: {error.strerror}; every file is as it was"
            raise UserError(what, file=str(error.filename or root)) from error


def plan_fixes(targets: Iterable[Path], options: CheckOptions, engine: Engine) -> tuple[Fixes, Path]:
    """The fixes that are safe, and the repository's root. No file of the repository is written."""
    targets = list(targets) or [Path()]
    run = start(targets, options, engine, keeps_schemas=True)
    report = run.report()
    fixes = Fixes()
    fixes.not_checked = len(report.not_checked) + sum(one.error is not None for one in report.overlays)
    groups: dict[tuple[Change, ...], list[Finding]] = {}
    for fixable in run.fixable:
        if fixable.finding.waiver is not None:
            continue
        try:
            changes = tuple(changes_of(run, fixable))
        except CannotEdit as error:
            fixes.left.append((fixable.finding, str(error)))
        else:
            groups.setdefault(changes, []).append(fixable.finding)
    inside = [target.resolve().relative_to(run.plan.root) for target in targets]
    trial = _Trial(run, report, fixes, inside)
    # Changes of form come first, because they must render to the objects of the first check.
    form: list[Group] = []
    content: list[Group] = []
    for group in groups.items():
        (form if all(change.action is Action.MODERNIZE for change in group[0]) else content).append(group)
    _settle(trial, form)
    _settle(trial, content)
    fixes.fixed.sort(key=lambda finding: (finding.source, finding.rule))
    return fixes, run.plan.root


def _settle(trial: _Trial, groups: list[Group]) -> None:
    """Make all changes at once if they pass the trial, else find those that pass by bisection."""
    if not groups or trial.passes(groups):
        return
    if len(groups) == 1:
        trial.fixes.left += [(finding, trial.why) for finding in groups[0][1]]
        return
    middle = len(groups) // 2
    _settle(trial, groups[:middle])
    _settle(trial, groups[middle:])


class _Trial:
    """Tries changes on a copy of the repository, on top of those that passed before."""

    def __init__(self, run: Run, report: CheckReport, fixes: Fixes, targets: list[Path]) -> None:
        self.run, self.fixes, self.targets = run, fixes, targets
        self.why = ""
        self._findings_before = Counter(finding.fingerprint for finding in report.findings)
        self._not_checked = {outcome.path for outcome in report.overlays if outcome.error is not None}
        self._objects = {rendered.overlay.path: _data(rendered) for rendered in run.rendered}

    def passes(self, groups: list[Group]) -> bool:
        """Whether the changes pass; if so they are added to the fixes, else `why` is the reason."""
        try:
            texts = self._apply(groups)
        except CannotEdit as error:
            self.why = str(error)
            return False
        findings = [finding for _, fixed in groups for finding in fixed]
        only_form = all(change.action is Action.MODERNIZE for changes, _ in groups for change in changes)
        with _copy_of_repository(self.run.plan.root, texts) as copy:
            self.why = self._objection(copy, findings, only_form)
        if self.why:
            return False
        self.fixes.after = texts
        self.fixes.fixed += findings
        return True

    def _apply(self, groups: list[Group]) -> dict[str, str]:
        texts = dict(self.fixes.after)
        changes = list(dict.fromkeys(change for changes, _ in groups for change in changes))
        # Edits that shift list indexes come last, from the end of each list.
        shifting = (Action.REMOVE, Action.MOVE_TO_END)
        last = sorted((c for c in changes if c.action in shifting), key=lambda c: str(c.path), reverse=True)
        for change in (*(c for c in changes if c.action not in shifting), *last):
            if change.file not in self.fixes.before:
                self.fixes.before[change.file] = read_text(self.run.plan.root, change.file)
            text = texts.get(change.file, self.fixes.before[change.file])
            texts[change.file] = change.apply(text)
        return texts

    def _objection(self, copy: Path, findings: list[Finding], only_form: bool) -> str:
        """The reason why the changes are not safe; empty if they are."""
        try:
            targets = [copy / target for target in self.targets]
            run = start(targets, self.run.options, self.run.engine, keeps_schemas=True)
            report = run.report()
        except UserError as error:
            return f"the result could not be checked: {error.message}"
        for outcome in report.overlays:
            if outcome.error is not None and outcome.path not in self._not_checked:
                return f"{outcome.path} would no longer render: {outcome.error.message}"
        now = Counter(finding.fingerprint for finding in report.findings)
        for finding in report.findings:
            if (
                now[finding.fingerprint] > self._findings_before[finding.fingerprint]
                and finding.rule not in _ABOUT_GIT
            ):
                return f"it would cause {finding.rule}: {finding.message}"
        if any(now[finding.fingerprint] for finding in findings):
            return "the finding would still be there"
        if only_form:
            for rendered in run.rendered:
                if self._objects.get(rendered.overlay.path, _data(rendered)) != _data(rendered):
                    return f"{rendered.overlay.path} would render to other objects"
        return ""


#: Rules that depend on the history, which the copy does not have.
_ABOUT_GIT = frozenset({"image-skips-environment", "waiver-unused"})


def _data(rendered: RenderedOverlay) -> list[object]:
    return [manifest.data for manifest in rendered.objects]


@contextmanager
def _copy_of_repository(root: Path, texts: dict[str, str]) -> Iterator[Path]:
    """A temporary copy of the repository with some files changed; the others are hard links if possible.

    Raises UserError if a file cannot be copied.
    """
    with temporary_folder("kustodian-fix-") as folder:
        copy = folder / "repository"
        ignored = shutil.ignore_patterns(".git", ".venv", "node_modules", "__pycache__")
        try:
            shutil.copytree(root, copy, symlinks=True, copy_function=_link, ignore=ignored)
        except OSError as error:
            reason = error.args[0][0][2] if isinstance(error, shutil.Error) else error
            message = f"cannot copy the repository to try the changes: {reason}"
            raise UserError(message, hint="make the file readable, or set TMPDIR") from error
        (copy / ".git").mkdir(exist_ok=True)  # marks the root
        for name, text in texts.items():
            (copy / name).unlink()  # a hard link to the user's file, which must not change
            (copy / name).write_bytes(text.encode())
        yield copy


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system
        if not Path(source).is_fifo():
            shutil.copyfile(source, target)
