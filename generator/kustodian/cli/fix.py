"""`kustodian check --fix` and `--diff`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from kustodian.cli.text_diff import text_diff
from kustodian.model.errors import ExitCode, UserError

if TYPE_CHECKING:
    from kustodian.review.check.options import CheckOptions
    from kustodian.review.fix.trial import Fixes


def fix_or_show(paths: list[Path], options: CheckOptions, *, write: bool, show: bool) -> int | None:
    """Write the safe fixes, or show them as a diff. Returns the exit code, None if a check is to follow."""
    from kustodian.cli.engine import the_engine
    from kustodian.review.fix.trial import plan_fixes

    if write and show:
        raise UserError("--fix and --diff exclude each other", hint="use --diff first, then --fix")
    if Path("-") in paths:
        raise UserError("standard input cannot be fixed", hint="name the file or the repository")
    with the_engine() as engine:
        fixes, root = plan_fixes(paths, options, engine)
    if show:
        diffs = (text_diff(name, fixes.before[name], after) for name, after in sorted(fixes.after.items()))
        sys.stdout.write("".join(diffs))
    else:
        fixes.write(root)
    # Standard output is the diff, which may be piped to `git apply`.
    print(_summary(fixes, write), file=sys.stderr if show else sys.stdout)
    if not show:
        return None
    if fixes.not_checked:
        return ExitCode.NOT_CHECKED
    return ExitCode.FINDINGS if fixes.after else ExitCode.CLEAN


def _summary(fixes: Fixes, written: bool) -> str:
    from kustodian.report.counts import plural
    from kustodian.report.escape import plain

    verb = "fixed" if written else "--fix would fix"
    lines = [f"{verb} {plural(len(fixes.fixed), 'finding')} in {plural(len(fixes.after), 'file')}"]
    places = dict.fromkeys((f.source.file, f.source.line, f.rule) for f in fixes.fixed)
    lines += [f"  {file}:{line}  {rule}" for file, line, rule in places]
    left = dict.fromkeys((f.source.file, f.source.line, f.rule, why) for f, why in fixes.left)
    if left:
        lines.append(f"left for you: {len(left)}")
        lines += [f"  {file}:{line}  {rule}: {why}" for file, line, rule, why in left]
    if fixes.not_checked and not written:
        lines.append(f"not checked: {fixes.not_checked} (`kustodian check` shows what and why)")
    return "\n".join(map(plain, [*lines, ""]))
