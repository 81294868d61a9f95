"""Container image references, parsed as the container runtimes parse them.

Source: distribution/reference grammar (github.com/distribution/reference): the first component is a host
when it has a dot or a colon or is `localhost`; otherwise the image is on docker.io, under `library/` if it
has one component.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

#: The digests that container runtimes accept (opencontainers/go-digest, registered algorithms).
DIGEST_PATTERN = r"(sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})"
_DIGEST = re.compile(DIGEST_PATTERN)
PLACEHOLDER_DIGEST = "sha256:" + "0" * 64


class ImageReference(NamedTuple):
    """The parts of `host/repository:tag@digest`; tag and digest are empty if absent."""

    host: str
    repository: str
    tag: str
    digest: str

    @property
    def has_valid_digest(self) -> bool:
        """Whether the digest has a registered algorithm and its number of hexadecimal digits."""
        return _DIGEST.fullmatch(self.digest) is not None

    @property
    def is_placeholder(self) -> bool:
        """Whether the digest is the placeholder of an image that does not exist yet: all zeros."""
        return self.digest == PLACEHOLDER_DIGEST


@lru_cache(maxsize=1024)
def parse_image(text: str) -> ImageReference:
    """The parts of a reference; text that is not a reference ends up in `repository`."""
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


def split_as_kustomize(image: str) -> tuple[str, str, str]:
    """The (name, tag, digest) of an image as kustomize splits it.

    It splits at the first `@` and `:` after the first slash. Source: sigs.k8s.io/kustomize/api v0.21,
    internal/image `Split`.
    """
    head, slash, rest = image.partition("/")
    rest, _, digest = (rest if slash else image).partition("@")
    rest, _, tag = rest.partition(":")
    return (f"{head}/{rest}" if slash else rest), tag, digest
