"""Container image references, read as the container runtimes read them.

Source: distribution/reference grammar (github.com/distribution/reference): the first component is a host
when it has a dot or a colon or is `localhost`; otherwise the image is on docker.io, under `library/` where
it has one component.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

_DIGEST = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[+._-][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}\Z")
_SHA256 = re.compile(r"sha256:[0-9a-f]{64}\Z")
PLACEHOLDER_DIGEST = "sha256:" + "0" * 64


class ImageReference(NamedTuple):
    """`host/repository:tag@digest`; tag and digest are empty where absent."""

    host: str
    repository: str
    tag: str
    digest: str

    @property
    def has_valid_digest(self) -> bool:
        """Whether the digest is sha256 and 64 lower-case hex digits (or another registered algorithm)."""
        if self.digest.startswith("sha256:"):
            return bool(_SHA256.match(self.digest))
        return bool(_DIGEST.match(self.digest))

    @property
    def is_placeholder(self) -> bool:
        """Whether the digest is all zeros: no image exists yet."""
        return self.digest == PLACEHOLDER_DIGEST


@lru_cache(maxsize=1024)
def parse_image(text: str) -> ImageReference:
    """Read a reference; never raises, odd text ends up in `repository`."""
    name, _, digest = text.partition("@")
    head, slash, rest = name.partition("/")
    if slash and ("." in head or ":" in head or head == "localhost"):
        host, path = head, rest
    else:
        host, path = "docker.io", name
    tag = ""
    last = path.rpartition("/")[2]
    if ":" in last:
        path, _, tag = path.rpartition(":")
    if host in ("docker.io", "index.docker.io"):
        host = "docker.io"
        if "/" not in path:
            path = f"library/{path}"
    return ImageReference(host, path, tag, digest)
