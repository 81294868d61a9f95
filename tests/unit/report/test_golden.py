"""One golden file a format. After a change that is meant: KUSTODIAN_UPDATE_GOLDEN=1 pytest, then read the diff."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from kustodian import __version__
from kustodian.model.results.check_report import CheckReport
from kustodian.report import github, gitlab, json, junit, markdown, sarif, text
from kustodian.report.html import page
from tests.unit.report.sample import sample

GOLDEN = Path(__file__).parents[2] / "golden"
FORMATS: dict[str, Callable[[CheckReport], str]] = {
    "report.txt": lambda report: text.as_text(report, show_waived=True),
    "report.json": lambda report: json.as_json(report, graphs=True),
    "report.sarif": sarif.as_sarif,
    "report.junit.xml": junit.as_junit,
    "report.github.txt": lambda report: github.as_github(report).commands,
    "report.gitlab.json": gitlab.as_gitlab,
    "report.md": markdown.as_markdown,
    "report.html": page.as_html,
}


@pytest.mark.parametrize("name", FORMATS)
def test_the_report_is_the_golden_one(name: str) -> None:
    made = FORMATS[name](sample()).replace(__version__, "VERSION")
    file = GOLDEN / name
    if os.environ.get("KUSTODIAN_UPDATE_GOLDEN"):
        file.write_text(made, encoding="utf-8", newline="\n")
    assert made == file.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", FORMATS)
def test_an_empty_report_can_be_written(name: str) -> None:
    assert FORMATS[name](CheckReport())
