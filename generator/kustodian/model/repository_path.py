"""Paths as files of a repository write them, and as everything else names them."""

from __future__ import annotations

import posixpath


def beside(folder: str, written: str) -> str:
    """A path written in a file of `folder`, relative to the repository root: `../base` in `overlays/dev`.

    `folder` is relative to the root, too, and normal (no `.` or `..` inside); "" and "." are the root.
    """
    # Nearly all are plain names, and a large repository has a hundred thousand.
    is_plain = written and written[0] not in "./" and written[-1] != "/"
    if is_plain and "/." not in written and "//" not in written:
        return f"{folder}/{written}" if folder not in ("", ".") else written
    return posixpath.normpath(posixpath.join(folder, written))
