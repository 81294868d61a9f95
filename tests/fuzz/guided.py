"""One target under atheris, in a process of its own: `python -m tests.fuzz.guided TARGET CORPUS [OPTIONS OF LIBFUZZER]`."""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).parents[2] / "generator"))
with atheris.instrument_imports(include=["kustodian"]):
    from tests.fuzz.targets import BY_NAME

if __name__ == "__main__":
    atheris.Setup([sys.argv[0], *sys.argv[2:]], BY_NAME[sys.argv[1]].check)
    atheris.Fuzz()
