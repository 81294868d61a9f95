"""Paths as they are written in a file, and relative to the repository root."""

from __future__ import annotations

import posixpath
from functools import cache


@cache  # many rules follow the same references
def beside(folder: str, written: str) -> str:
    """The path relative to the repository root of a path written in a file of `folder`.

    `../base` in `overlays/dev` is `overlays/base`. `folder` is relative to the root and normalised; "" and
    "." are the root.
    """
    # normpath is slow, and nearly every path is a plain name below the folder or one of its parents.
    base, rest = ("" if folder == "." else folder), written
    while base and rest.startswith("../") and base[0] != ".":
        base, rest = base.rpartition("/")[0], rest[3:]
    is_plain = rest and rest[0] not in "./" and rest[-1] != "/"
    if is_plain and "/." not in rest and "//" not in rest:
        return f"{base}/{rest}" if base else rest
    return posixpath.normpath(posixpath.join(folder, written))


def is_utf8(path: str) -> bool:
    """Whether the bytes of a path are UTF-8; Python has lone surrogates for others."""
    return path.isascii() or path.encode("utf-8", "replace").decode() == path
