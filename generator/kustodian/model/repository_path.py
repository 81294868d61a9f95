"""Paths as files of a repository write them, and as everything else names them."""

from __future__ import annotations

import posixpath


def beside(folder: str, written: str) -> str:
    """A path written in a file of `folder`, relative to the repository root: `../base` in `overlays/dev`.

    `folder` is relative to the root, too, and normal (no `.` or `..` inside); "" and "." are the root.
    """
    # Nearly all are plain names, or such above the folder, and a large repository has a hundred thousand.
    base, rest = ("" if folder == "." else folder), written
    while base and rest.startswith("../") and base[0] != ".":
        base, rest = base.rpartition("/")[0], rest[3:]
    is_plain = rest and rest[0] not in "./" and rest[-1] != "/"
    if is_plain and "/." not in rest and "//" not in rest:
        return f"{base}/{rest}" if base else rest
    return posixpath.normpath(posixpath.join(folder, written))
