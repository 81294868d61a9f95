"""The formats of the report of `check`, behind one signature."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from kustodian.model.check_report import CheckReport
    from kustodian.model.environment import Severity


class Style(NamedTuple):
    """Options of a report; a format ignores those that do not concern it.

    `fail_on` is the mildest severity that fails a run (junit), `show_waived` lists waived findings (text),
    `graph` adds the graph of each overlay's objects (json), `colour` adds ANSI codes (text).
    """

    fail_on: Severity
    show_waived: bool = False
    graph: bool = False
    colour: bool = False


Reporter: TypeAlias = "Callable[[CheckReport, Style], str]"


class Format(NamedTuple):
    """A format: its reporter as "module:function", and whether it shows graphs and proposed changes."""

    reporter: str
    graphs: bool = False
    proposals: bool = False


FORMATS: Mapping[str, Format] = {
    "text": Format("kustodian.report.text:as_text"),
    "json": Format("kustodian.report.json:as_json", proposals=True),
    "sarif": Format("kustodian.report.sarif:as_sarif", proposals=True),
    "junit": Format("kustodian.report.junit:as_junit"),
    "github": Format("kustodian.report.github:as_github"),
    "gitlab": Format("kustodian.report.gitlab:as_gitlab"),
    "markdown": Format("kustodian.report.markdown:as_markdown"),
    "html": Format("kustodian.report.html.page:as_html", graphs=True),
}


def reporter(name: str) -> Reporter:
    """The function that writes a format. Its module is imported here: start-up time."""
    module, _, function = FORMATS[name].reporter.partition(":")
    found: Reporter = getattr(import_module(module), function)
    return found
