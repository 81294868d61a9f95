"""Git LFS pointers: small texts that git stores in place of files which a program would fetch."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from kustodian.repository.git_folder import read_small

#: The attribute by which a `.gitattributes` file hands files to Git LFS.
ATTRIBUTE = b"filter=lfs"
_POINTER = re.compile(
    rb"version https://git-lfs\.github\.com/spec/v1\n(?:ext-.*\n)*oid sha256:([0-9a-f]{64})\nsize (\d+)\n?"
)
_LARGEST_POINTER = 1024
_LARGEST_CONTENT = 16 * 1024 * 1024


def is_resolved(file: Path, store: Path) -> bool:
    """Whether a file is not a pointer; a pointer is replaced by its content if that is in the store.

    `store` is the folder where Git LFS keeps contents, without symbolic links. Nothing is fetched and no
    program is run.
    """
    text = read_small(str(file), _LARGEST_POINTER)
    match = _POINTER.fullmatch(text) if text is not None else None
    if match is None:
        return True
    name, size = match[1].decode(), int(match[2])
    if size > _LARGEST_CONTENT:
        return False
    kept = store / name[:2] / name[2:4] / name
    content = read_small(str(kept), size) if kept.resolve() == kept else None
    if content is None or hashlib.sha256(content).hexdigest() != name:
        return False
    file.write_bytes(content)
    return True
