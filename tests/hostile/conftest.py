"""Fixtures that several tests of hostile repositories use."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.harness import write
from tests.hostile.git_cases import Case, small_repository


@pytest.fixture
def case(tmp_path: Path) -> Case:
    marker, program = tmp_path / "outside" / "marker", tmp_path / "outside" / "program"
    write(tmp_path, {"outside/program": f"#!/bin/sh\ntouch '{marker}'\ncat\n"})
    program.chmod(0o755)
    return Case(small_repository(tmp_path / "repo"), program, marker)
