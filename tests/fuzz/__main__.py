"""Fuzz for a while: `python -m tests.fuzz --minutes 60`.

Python targets are fuzzed by atheris, guided by coverage, where it is installed (`make fuzz` installs it), and with
random changes otherwise. Inputs that fail are printed, made smaller and kept in build/fuzz/failures/TARGET/; what is
worth keeping is moved to tests/fuzz/seeds/TARGET/ (Python) or engine/**/testdata/fuzz/ (Go), where every run of the
tests tries it.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import os
import random
import re
import shutil
import subprocess
import sys
import time
import traceback
from pathlib import Path

from tests.fuzz.target import Target, random_input, smaller
from tests.fuzz.targets import BY_NAME, TARGETS
from tests.run import REPORTS, ROOT, Venv, go_environment, go_of

BUILD = ROOT / "build" / "fuzz"
_FUZZ = re.compile(r"^func (Fuzz\w+)\(", re.MULTILINE)


def failure_of(target: Target, data: bytes) -> str | None:
    """How an input fails, None if it does not."""
    try:
        target.run(data)
    except Exception:
        return traceback.format_exc(limit=-4)
    return None


def keep(target: Target, data: bytes) -> Path:
    """Write a failing input to the artefacts."""
    file = BUILD / "failures" / target.name / hashlib.sha256(data).hexdigest()[:12]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    return file


def report(target: Target, data: bytes) -> None:
    """Print a failing input and where it is kept."""
    error = failure_of(target, data) or ""
    last = error.strip().splitlines()[-1] if error else "it does not fail alone"
    shown = data if len(data) < 2000 else data[:2000] + b"..."
    print(
        f"FAIL {target.name}: {last[:500]}\n{error}input: {shown!r}\nkept in {keep(target, data)}", flush=True
    )


def at_random(target: Target, seconds: float, seed: int) -> bool:
    """Try seeds, then random changes; whether none failed."""
    source, end, tried = random.Random(f"{seed} {target.name}"), time.monotonic() + seconds, 0
    waiting = list(target.all_seeds)
    while time.monotonic() < end or waiting:
        data = waiting.pop() if waiting else random_input(target, source)
        tried += 1
        if failure_of(target, data) is not None:
            report(target, smaller(data, lambda less: failure_of(target, less) is not None))
            return False
    print(f"ok   {target.name}: {tried} inputs", flush=True)
    return True


def guided(target: Target, seconds: float) -> bool:
    """Run a target under atheris in a process of its own; whether no input failed."""
    corpus, failures = BUILD / "corpus" / target.name, BUILD / "failures" / target.name
    for folder in (corpus, failures):
        folder.mkdir(parents=True, exist_ok=True)
    words = BUILD / f"{target.name}.dict"
    words.write_text(
        "".join('"' + "".join(f"\\x{byte:02x}" for byte in part) + '"\n' for part in target.parts if part)
    )
    for number, data in enumerate(target.all_seeds):
        (corpus / f"seed-{number}").write_bytes(data)
    command = [
        sys.executable, "-m", "tests.fuzz.guided", target.name, str(corpus), f"-max_total_time={max(1, int(seconds))}",
        f"-artifact_prefix={failures}/", f"-dict={words}", "-timeout=30", "-rss_limit_mb=2048", "-max_len=4096", "-verbosity=0",
    ]  # fmt: skip
    before = set(failures.iterdir())
    done = subprocess.run(command, cwd=ROOT, check=False)
    for file in sorted(set(failures.iterdir()) - before):
        report(target, smaller(file.read_bytes(), lambda less: failure_of(target, less) is not None))
    print(f"{'ok  ' if done.returncode == 0 else 'FAIL'} {target.name}", flush=True)
    return done.returncode == 0


def go_targets() -> list[tuple[str, str]]:
    """The package and the name of each fuzz function of the engine."""
    found = sorted((ROOT / "engine").rglob("*_test.go"))
    return [
        (f"./{file.parent.relative_to(ROOT / 'engine').as_posix()}", name)
        for file in found
        for name in _FUZZ.findall(file.read_text(encoding="utf-8"))
    ]


def go(package: str, name: str, seconds: float) -> bool:
    """Run a fuzz function of the engine; whether no input failed."""
    program = go_of(Venv(ROOT / ".venv"))
    kept = ROOT / "engine" / package / "testdata" / "fuzz" / name
    before = set(kept.glob("*"))
    command = [
        program.command,
        "test",
        "-run=^$",
        f"-fuzz=^{name}$",
        f"-fuzztime={max(1, int(seconds))}s",
        "-fuzzminimizetime=1s",
        "-parallel=2",
        package,
    ]
    done = subprocess.run(
        command, cwd=ROOT / "engine", env=go_environment(program, ROOT / "engine"), capture_output=True, text=True, check=False
    )  # fmt: skip
    failed = done.returncode != 0
    counts = [line for line in done.stdout.splitlines() if "execs:" in line]
    print(done.stdout + done.stderr if failed else f"ok   {name}: {counts[-1] if counts else ''}", flush=True)
    for file in sorted(set(kept.glob("*")) - before):
        place = BUILD / "failures" / name / file.name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(file, place)
        print(
            f"FAIL {name}: {file.read_text(errors='replace')[:2000]}\nkept in {place} and {file}", flush=True
        )
    return not failed


def main() -> int:
    """Fuzz every target, or those named, one after the other."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, help="for all targets together")
    parser.add_argument("--seconds", type=float, help="for each target")
    parser.add_argument(
        "--seed",
        type=int,
        default=int.from_bytes(os.urandom(4)),
        help="of random changes (default: a new one)",
    )
    parser.add_argument("--only", nargs="*", metavar="TARGET", help="these targets")
    parser.add_argument(
        "--no-atheris", action="store_true", help="random changes even where atheris is installed"
    )
    parser.add_argument(
        "--replay", type=Path, metavar="FILE", help="try this input with the target that --only names"
    )
    arguments = parser.parse_args()
    if arguments.replay:
        (target,) = (BY_NAME[name] for name in arguments.only)
        error = failure_of(target, arguments.replay.read_bytes())
        print(error or "ok")
        return 1 if error else 0
    python = [target for target in TARGETS if not arguments.only or target.name in arguments.only]
    engine = [one for one in go_targets() if not arguments.only or one[1] in arguments.only]
    if not python and not engine:
        parser.error(f"no such target; they are {', '.join([*BY_NAME, *(name for _, name in go_targets())])}")
    seconds = arguments.seconds or (arguments.minutes or 10) * 60 / (len(python) + len(engine))
    with_atheris = not arguments.no_atheris and importlib.util.find_spec("atheris") is not None
    print(
        f"{seconds:.0f} s for each of {len(python) + len(engine)} targets; "
        + ("atheris" if with_atheris else f"--seed {arguments.seed}")
    )
    results = [
        guided(one, seconds) if with_atheris else at_random(one, seconds, arguments.seed) for one in python
    ]
    results += [go(package, name, seconds) for package, name in engine]
    failed = results.count(False)
    REPORTS.mkdir(parents=True, exist_ok=True)
    print(f"{len(results) - failed} passed, {failed} failed", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
