"""`kustodian check --fix` and `--diff`."""

from __future__ import annotations

import difflib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from kustodian.model.errors import ExitCode, UserError

if TYPE_CHECKING:
    from kustodian.review.check.options import CheckOptions
    from kustodian.review.fix.trial import Fixes


def fix_or_show(paths: list[Path], options: CheckOptions, *, write: bool, show: bool) -> int | None:
    """Write the safe fixes, or show them as a diff; the exit code of that, None where a check follows."""
    from kustodian.cli.engine import the_engine
    from kustodian.review.fix.trial import plan_fixes

    if write and show:
        raise UserError("--fix and --diff exclude each other", hint="look with --diff, then write with --fix")
    if Path("-") in paths:
        raise UserError("standard input cannot be fixed", hint="name the file or the repository")
    with the_engine() as engine:
        fixes, root = plan_fixes(paths, options, engine)
    if show:
        sys.stdout.write(_diff(fixes))
    else:
        fixes.write(root)
    # With a diff on stdout, what is said about it goes elsewhere.
    print(_summary(fixes, write), file=sys.stderr if show else sys.stdout)
    if not show:
        return None
    if fixes.not_checked:
        return ExitCode.NOT_CHECKED
    return ExitCode.FINDINGS if fixes.after else ExitCode.CLEAN


def _diff(fixes: Fixes) -> str:
    lines: list[str] = []
    for name, after in sorted(fixes.after.items()):
        before = fixes.before[name].splitlines(keepends=True)
        for line in difflib.unified_diff(before, after.splitlines(keepends=True), f"a/{name}", f"b/{name}"):
            lines += [line] if line.endswith("\n") else [line, "\n\\ No newline at end of file\n"]
    return "".join(lines)


def _summary(fixes: Fixes, written: bool) -> str:
    count, files = len(fixes.fixed), len(fixes.after)
    verb = "fixed" if written else "--fix would fix"
    lines = [f"{verb} {count} finding{'s' * (count != 1)} in {files} file{'s' * (files != 1)}"]
    places = dict.fromkeys((f.source.file, f.source.line, f.rule) for f in fixes.fixed)
    lines += [f"  {file}:{line}  {rule}" for file, line, rule in places]
    left = dict.fromkeys((f.source.file, f.source.line, f.rule, why) for f, why in fixes.left)
    if left:
        lines.append(f"left for you: {len(left)}")
        lines += [f"  {file}:{line}  {rule}: {why}" for file, line, rule, why in left]
    if fixes.not_checked and not written:
        lines.append(f"not checked: {fixes.not_checked} (`kustodian check` says what and why)")
    return "\n".join([*lines, ""])
