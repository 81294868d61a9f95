"""The formats of each kind of report: one signature a kind, and a table of the functions that write them.

A function is named as "module:function" and imported when it is looked up: start-up time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from kustodian.model.environment import Severity
    from kustodian.model.results.check_report import CheckReport
    from kustodian.model.results.difference import Difference
    from kustodian.model.results.environment_matrix import EnvironmentMatrix
    from kustodian.model.results.value_origins import ValueOrigins


class Style(NamedTuple):
    """Options of the report of `check`; a format ignores those that do not concern it.

    `fail_on` is the mildest severity that fails a run (junit), `show_waived` lists waived findings (text),
    `graph` adds the graph of each overlay's objects (json), `colour` adds ANSI codes (text).
    """

    fail_on: Severity
    show_waived: bool = False
    graph: bool = False
    colour: bool = False


class MatrixStyle(NamedTuple):
    """Options of a matrix: only rows that drift; the width of text in characters."""

    only_drift: bool = False
    width: int = 120


Reporter: TypeAlias = "Callable[[CheckReport, Style], str]"
DiffReporter: TypeAlias = "Callable[[Difference], str]"
MatrixReporter: TypeAlias = "Callable[[Sequence[EnvironmentMatrix], MatrixStyle], str]"
WhereReporter: TypeAlias = "Callable[[ValueOrigins], str]"


class Format(NamedTuple):
    """A format of `check`: its reporter, and whether it shows graphs and proposed changes."""

    reporter: str
    graphs: bool = False
    proposals: bool = False


FORMATS: Mapping[str, Format] = {
    "text": Format("kustodian.report.text:as_text"),
    "json": Format("kustodian.report.json.check:as_json", proposals=True),
    "sarif": Format("kustodian.report.sarif:as_sarif", proposals=True),
    "junit": Format("kustodian.report.junit:as_junit"),
    "github": Format("kustodian.report.github:as_github"),
    "gitlab": Format("kustodian.report.gitlab:as_gitlab"),
    "markdown": Format("kustodian.report.markdown:as_markdown"),
    "html": Format("kustodian.report.html.page:as_html", graphs=True),
}
DIFF_FORMATS: Mapping[str, str] = {
    "text": "kustodian.report.diff.text:as_text",
    "markdown": "kustodian.report.diff.markdown:as_markdown",
    "json": "kustodian.report.json.diff:as_json",
}
MATRIX_FORMATS: Mapping[str, str] = {
    "text": "kustodian.report.matrix:as_text",
    "markdown": "kustodian.report.matrix:as_markdown",
    "json": "kustodian.report.json.matrix:as_json",
}
WHERE_FORMATS: Mapping[str, str] = {
    "text": "kustodian.report.where:as_text",
    "json": "kustodian.report.json.where:as_json",
}


def reporter(name: str) -> Reporter:
    """The function that writes a format of `check`."""
    found: Reporter = _imported(FORMATS[name].reporter)
    return found


def diff_reporter(name: str) -> DiffReporter:
    """The function that writes a format of `diff`."""
    found: DiffReporter = _imported(DIFF_FORMATS[name])
    return found


def matrix_reporter(name: str) -> MatrixReporter:
    """The function that writes a format of `matrix`."""
    found: MatrixReporter = _imported(MATRIX_FORMATS[name])
    return found


def where_reporter(name: str) -> WhereReporter:
    """The function that writes a format of `where`."""
    found: WhereReporter = _imported(WHERE_FORMATS[name])
    return found


def _imported(reference: str) -> Any:
    module, _, function = reference.partition(":")
    return getattr(import_module(module), function)
