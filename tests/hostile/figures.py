"""The figures of docs/security.md: `make hostile-figures` runs the tests of hostile input and counts.

As a plugin of pytest this module counts runs of the command and inputs of fuzz targets.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.fuzz import target

ROOT = Path(__file__).parents[2]
REPORT = ROOT / "build" / "hostile.xml"
COUNTS = ROOT / "build" / "hostile-figures.json"
SUITES = ("tests/hostile", "tests/hostile/traced", "tests/fuzz")
_started: Counter[str] = Counter()


def _count(event: str, arguments: tuple[object, ...]) -> None:
    if event == "subprocess.Popen" and "kustodian" in str(arguments[1]):
        _started["commands"] += 1


def pytest_configure(config: pytest.Config) -> None:
    """Count from now on."""
    sys.addaudithook(_count)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the counts."""
    COUNTS.parent.mkdir(exist_ok=True)
    COUNTS.write_text(json.dumps({"commands": _started["commands"], "inputs": target.tried()}))


def main() -> int:
    """Run the tests and print a line with the figures."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "tests.hostile.figures",
        f"--junitxml={REPORT}",
        *SUITES,
    ]
    code = subprocess.run(command, cwd=ROOT, check=False).returncode
    from tests.fuzz.targets import TARGETS

    cases = list(ElementTree.parse(REPORT).iter("testcase"))
    failed = sum(case.find("failure") is not None or case.find("error") is not None for case in cases)
    seconds = sum(float(case.get("time", "0")) for case in cases)
    counts = json.loads(COUNTS.read_text())
    print(
        f"{len(cases)} tests of hostile input, {failed} failed; {counts['commands']:,} runs of the command and "
        f"{counts['inputs']:,} inputs of {len(TARGETS)} fuzz targets; {seconds:.0f} s"
    )
    return code


if __name__ == "__main__":
    sys.exit(main())
