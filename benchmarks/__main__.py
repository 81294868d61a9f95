"""`python -m benchmarks`: build the other programs, run the cases, print tables."""

from __future__ import annotations

import argparse
import compileall
import os
import platform
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.cases import TARGETS, Cases, limit
from tests.support.peers import ROOT


def main() -> int:
    """Run the cases of the command line; returns the exit code."""
    cases: dict[str, Callable[[Cases], dict[str, float]]] = {
        "default": Cases.default, "kubeflow": Cases.kubeflow, "fleet": Cases.fleet,
        "applications": Cases.applications, "large": Cases.large, "scaling": Cases.scaling,
    }  # fmt: skip
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--case", action="append", choices=sorted(cases), help="only this one; may be repeated"
    )
    parser.add_argument("--runs", type=int, default=5, help="runs of each contender (default: 5)")
    parser.add_argument("--gate", action="store_true", help="exit 1 if a ratio is beyond its limit")
    arguments = parser.parse_args()
    compileall.compile_dir(ROOT / "generator" / "kustodian", quiet=1)
    ratios: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="kustodian-bench-") as folder:
        runner = Cases(Path(folder), arguments.runs)
        print(f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores\n")
        for name in arguments.case or cases:
            ratios |= cases[name](runner)
    for name, ratio in ratios.items():
        print(f"{name}: {ratio:.3f}, target {TARGETS[name]}, limit {limit(name):.2f}")
    missed = [name for name, ratio in ratios.items() if ratio > limit(name)]
    if arguments.gate and missed:
        print(f"beyond the limit: {', '.join(missed)}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
