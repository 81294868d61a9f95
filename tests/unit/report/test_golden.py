"""One golden file a format. After a change that is meant: KUSTODIAN_UPDATE_GOLDEN=1 pytest, then read the diff."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kustodian import __version__
from kustodian.model.environment import Severity
from kustodian.model.results.check_report import CheckReport
from kustodian.report.formats import FORMATS, Style, reporter
from tests.unit.report.sample import STYLE, sample

GOLDEN = Path(__file__).parents[2] / "golden"
FILES = {
    "text": "report.txt",
    "json": "report.json",
    "sarif": "report.sarif",
    "junit": "report.junit.xml",
    "github": "report.github.txt",
    "gitlab": "report.gitlab.json",
    "markdown": "report.md",
    "html": "report.html",
}


@pytest.mark.parametrize("name", FORMATS)
def test_the_report_is_the_golden_one(name: str) -> None:
    everything = Style(Severity.ERROR, show_waived=True, graph=True)
    made = reporter(name)(sample(), everything).replace(__version__, "VERSION")
    file = GOLDEN / FILES[name]
    if os.environ.get("KUSTODIAN_UPDATE_GOLDEN"):
        file.write_text(made, encoding="utf-8", newline="\n")
    assert made == file.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", FORMATS)
def test_an_empty_report_can_be_written(name: str) -> None:
    assert reporter(name)(CheckReport(), STYLE)


@pytest.mark.parametrize("name", FORMATS)
def test_only_the_requested_format_is_imported(name: str) -> None:
    program = (
        "import sys; from kustodian.report.formats import FORMATS, reporter; reporter(sys.argv[1]);"
        "print(*(name for name in FORMATS if FORMATS[name].reporter.partition(':')[0] in sys.modules),"
        "'jinja2' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, name], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split() == [name, str(name == "html")]
