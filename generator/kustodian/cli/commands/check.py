"""`kustodian check`: check a repository, overlays, manifests or standard input."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from kustodian.cli.cache import store
from kustodian.cli.early import peek
from kustodian.cli.options import Environments
from kustodian.cli.output import (
    FORMAT_HELP,
    GRAPH_HELP,
    OUTPUT_HELP,
    parse_outputs,
    wants_graph,
    wants_proposals,
    write_reports,
)
from kustodian.model.errors import ExitCode, UserError
from kustodian.report.formats import Style

if TYPE_CHECKING:
    from kustodian.model.results.check_report import CheckReport
    from kustodian.model.results.shard import Shard
    from kustodian.review.check.options import CheckOptions


_MOST_STDIN_BYTES = 64 * 1024 * 1024


class FailOn(StrEnum):
    """The lowest severity that fails the run; with --base also whether only new and worse findings count."""

    NEW = "new"
    ALL = "all"
    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


def check(
    targets: Annotated[
        list[str] | None,
        typer.Argument(help="A repository, an overlay, a manifest file or folder, or - for standard input."),
    ] = None,
    formats: Annotated[
        list[str] | None, typer.Option("--format", "-f", metavar="FORMAT[=FILE]", help=FORMAT_HELP)
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help=OUTPUT_HELP)] = None,
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", help="Configuration file; default: kustodian.yaml at the root."),
    ] = None,
    fail_on: Annotated[
        FailOn | None,
        typer.Option(
            "--fail-on",
            help="Lowest severity that exits with 1 (default: as configured); with --base also new or all.",
        ),
    ] = None,
    rule: Annotated[
        list[str] | None, typer.Option("--rule", "-r", help="Only this rule; may be repeated.")
    ] = None,
    environment: Environments = None,
    no_waivers: Annotated[
        bool, typer.Option("--no-waivers", help="Report waived findings like all others.")
    ] = False,
    show_waived: Annotated[
        bool, typer.Option("--show-waived", help="List waived findings with their waiver.")
    ] = False,
    base: Annotated[
        str | None,
        typer.Option(
            "--base", metavar="REV", help="Compare with this revision; fail on new or worse findings only."
        ),
    ] = None,
    staged: Annotated[
        bool, typer.Option("--staged", help="With --base or --trust: check the index, not the work tree.")
    ] = False,
    trust: Annotated[
        str | None,
        typer.Option(
            "--trust", metavar="REV", help="Check by the rules of this revision (--base does so by itself)."
        ),
    ] = None,
    trust_head: Annotated[
        bool,
        typer.Option("--trust-head", help="With --base: let the change be judged by its own rules."),
    ] = False,
    shard: Annotated[
        str | None,
        typer.Option(
            "--shard", metavar="INDEX/TOTAL", help="Check only this part; `report merge` joins the parts."
        ),
    ] = None,
    graph: Annotated[bool, typer.Option("--graph", help=GRAPH_HELP)] = False,
    fix: Annotated[
        bool, typer.Option("--fix", help="Apply the safe fixes to the sources, then check.")
    ] = False,
    diff: Annotated[
        bool, typer.Option("--diff", help="Show what --fix would change without changing it.")
    ] = False,
    allow_remote: Annotated[
        bool, typer.Option("--allow-remote", help="Let kustomize fetch remote bases.")
    ] = False,
    enable_helm: Annotated[
        bool, typer.Option("--enable-helm", help="Let kustomize inflate helmCharts with the helm binary.")
    ] = False,
    kustomize: Annotated[
        Path | None, typer.Option("--kustomize", help="Render with this kustomize binary instead.")
    ] = None,
    conftest: Annotated[
        Path | None, typer.Option("--conftest", help="Evaluate Rego with this conftest binary instead.")
    ] = None,
    no_cache: Annotated[
        bool, typer.Option("--no-cache", help="Check again even if nothing has changed since the last run.")
    ] = False,
    against_cluster: Annotated[
        str | None,
        typer.Option(
            "--against-cluster",
            metavar="CONTEXT",
            help="Also apply to this context's API server, as a dry run; . for the current context.",
        ),
    ] = None,
) -> int:
    """Check overlays against every rule; each finding points to the source line to edit.

    Example: kustodian check    (the repository of the working directory)

    Example: kustodian check overlays/prod --format json

    Example: kustodian check --format text --format sarif=report.sarif --format html=report.html

    Example: helm template chart | kustodian check -

    Example: kustodian check --base origin/main    (only new and worse findings fail)

    Example: kustodian check --trust origin/main    (every finding, by the rules of main)

    Example: kustodian check overlays/prod --against-cluster .    (also the current context of the kubeconfig)

    Example: kustodian check --diff    (what --fix would change; exits with 1 if there is something)

    Exit codes: 0 clean, 1 findings, 2 usage or configuration error, 3 something could not be checked,
    4 nothing to check.
    """
    outputs = parse_outputs(formats, output)
    part = _shard(shard, base, fix or diff)
    from kustodian.model.environment import Severity
    from kustodian.render.engine import RenderOptions
    from kustodian.review.check.options import CheckOptions

    paths = [Path(target) for target in targets or ["."]]
    options = CheckOptions(
        config=config,
        rules=tuple(rule or ()),
        environments=tuple(environment or ()),
        render=RenderOptions(allow_remote=allow_remote, enable_helm=enable_helm),
        waivers=not no_waivers,
        stdin=_stdin() if Path("-") in paths else None,
        kustomize=kustomize,
        conftest=conftest,
        graphs=graph or wants_graph(outputs),
        shard=part,
        against_cluster=_context(against_cluster, base, fix or diff),
        proposals=wants_proposals(outputs),
    )
    if fix or diff:
        from kustodian.cli.fix import fix_or_show

        if (code := fix_or_show(paths, options, write=fix, show=diff)) is not None:
            return code
    rules = Judge(base, trust, trust_head)
    report, failing = run_check(paths, options, rules, staged=staged, whole=fail_on is FailOn.ALL)
    if part is not None and not report.overlays:
        print(f"note: part {part} has no overlay: there are more parts than overlays", file=sys.stderr)
    chosen = fail_on or FailOn.NEW
    threshold = failing if chosen in (FailOn.NEW, FailOn.ALL) else chosen
    written = write_reports(report, outputs, Style(Severity.parse(threshold), show_waived, graph))
    code = exit_code(report, chosen, FailOn(failing))
    line = peek()
    if line.may_use_cache and not no_cache and code in (ExitCode.CLEAN, ExitCode.FINDINGS):
        store(line.words, report, outputs, written, code)
    return code


class Judge(NamedTuple):
    """The revisions on the command line, and whether the change is judged by its own rules."""

    base: str | None = None
    trust: str | None = None
    trust_head: bool = False


def run_check(
    paths: list[Path],
    options: CheckOptions,
    rules: Judge | None = None,
    *,
    staged: bool = False,
    whole: bool = False,
) -> tuple[CheckReport, str]:
    """Run a check; returns the report and the configured failing severity."""
    base, trust, trust_head = rules or Judge()
    if staged and base is None and trust is None:
        raise UserError("--staged needs --base", hint="for example --base HEAD --staged")
    if trust is not None and (base is not None or trust_head):
        other = "--base" if base is not None else "--trust-head"
        raise UserError(f"--trust cannot be combined with {other}", hint="--base REV trusts REV by itself")
    if trust_head and base is None:
        raise UserError("--trust-head needs --base", hint="without --base the rules are the head's anyway")
    from kustodian.cli.engine import the_engine
    from kustodian.review.entry import check as review

    with the_engine() as engine:
        if base is not None:
            from kustodian.review.compare.pull_request import check_against

            return check_against(
                paths, options, engine, base, staged=staged, whole=whole, trust_head=trust_head
            )
        if trust is not None:
            from kustodian.review.compare.pull_request import check_trusting

            return check_trusting(paths, options, engine, trust, staged=staged)
        return review(paths, options, engine)


def check_repository(root: Path) -> int:
    """Check a repository with its own configuration, print the report, return the exit code."""
    from kustodian.model.environment import Severity
    from kustodian.review.check.options import CheckOptions

    report, failing = run_check([root], CheckOptions())
    write_reports(report, parse_outputs(None, None), Style(Severity.parse(failing)))
    return exit_code(report, FailOn.NEW, FailOn(failing))


def exit_code(report: CheckReport, fail_on: FailOn, configured: FailOn) -> int:
    """The exit code of a report; NOT_CHECKED outranks FINDINGS."""
    from kustodian.model.environment import Severity
    from kustodian.model.finding import Status

    if report.incomplete:
        return ExitCode.NOT_CHECKED
    only_scope = fail_on in (FailOn.NEW, FailOn.ALL)
    threshold = Severity.parse(configured if only_scope else fail_on)
    counted = report.open_findings
    if report.comparison is not None and fail_on is not FailOn.ALL:
        counted = [*report.with_status(Status.NEW), *report.with_status(Status.WORSE)]
    failing = any(finding.severity >= threshold for finding in counted)
    return ExitCode.FINDINGS if failing else ExitCode.CLEAN


def _shard(text: str | None, base: str | None, fixing: bool) -> Shard | None:
    """The part to check, None for everything."""
    if text is None:
        return None
    if base is not None or fixing:
        other = "--base" if base is not None else "--fix and --diff"
        raise UserError(f"--shard cannot be combined with {other}", hint="run it without --shard")
    from kustodian.model.results.shard import Shard

    return Shard.parse(text)


def _context(text: str | None, base: str | None, fixing: bool) -> str | None:
    """The context of the kubeconfig: empty for the current one, None for no cluster."""
    if text is not None and (base is not None or fixing):
        other = "--base" if base is not None else "--fix and --diff"
        raise UserError(f"--against-cluster cannot be combined with {other}", hint=f"run it without {other}")
    return "" if text == "." else text


def _stdin() -> str:
    if sys.stdin is None or sys.stdin.isatty():
        raise UserError("standard input is a terminal", hint="pipe manifests into `kustodian check -`")
    content = sys.stdin.buffer.read(_MOST_STDIN_BYTES + 1)
    if len(content) > _MOST_STDIN_BYTES:
        raise UserError("standard input is too large", hint="write the manifests to files and check those")
    try:
        return content.decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError:
        raise UserError("standard input is not text in UTF-8", hint="pipe manifests into it") from None
