"""The answers files behind `kustodian new --preset NAME`.

A preset is a `.yaml` file here; its first line is a comment that states its purpose.
"""

from __future__ import annotations

from pathlib import Path

from kustodian.model.errors import UserError, nearest


def preset_names() -> list[str]:
    """The names of all presets, sorted."""
    return sorted(path.stem for path in Path(__file__).parent.glob("*.yaml"))


def preset_file(name: str) -> Path:
    """The answers file of a preset. Raises UserError for an unknown name."""
    names = preset_names()
    if name not in names:
        near = nearest(name, names)
        hint = f"did you mean {near}?" if near else "choose one of: " + ", ".join(names)
        raise UserError(f"there is no preset {name}", hint=hint)
    return Path(__file__).parent / f"{name}.yaml"


def preset_purpose(name: str) -> str:
    """The purpose of the preset, in one line."""
    return preset_file(name).read_text(encoding="utf-8").splitlines()[0].removeprefix("#").strip()
