"""`python generator/build_support`: update `_build/` without pip, as `make engine` does."""

from __future__ import annotations

import sys
from pathlib import Path

_GENERATOR = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(_GENERATOR))

from build_support.build import Build  # noqa: E402
from build_support.errors import BuildError  # noqa: E402

if __name__ == "__main__":
    try:
        Build(_GENERATOR.parent, keep_caches=True).run()
    except BuildError as error:
        sys.exit(f"kustodian: {error}")
