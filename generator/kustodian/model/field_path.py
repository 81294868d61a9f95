"""Paths into a manifest: a tuple of mapping keys and list indexes."""

from __future__ import annotations

import re
from functools import cache

FieldPath = tuple[str | int, ...]

_PLAIN_KEY = re.compile(r"[A-Za-z_$][A-Za-z0-9_$-]*\Z")


@cache  # overlays of the same base have findings at the same paths
def format_path(path: FieldPath) -> str:
    """`spec.containers[0].image`; keys with dots or slashes are quoted: `labels["app.io/name"]`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif _PLAIN_KEY.match(part):
            text += f".{part}" if text else part
        else:
            escaped = part.replace("\\", "\\\\").replace('"', '\\"')
            text += f'["{escaped}"]'
    return text
