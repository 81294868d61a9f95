"""Image references, read as container runtimes and as kustomize read them."""

from __future__ import annotations

import pytest

from kustodian.kubernetes.syntax.image_reference import ImageReference, parse_image, split_as_kustomize

SHA = "sha256:" + "1" * 64


@pytest.mark.parametrize(("text", "expected"), [
    ("nginx", ("docker.io", "library/nginx", "", "")),
    ("nginx:1.27", ("docker.io", "library/nginx", "1.27", "")),
    ("team/iris:1.0", ("docker.io", "team/iris", "1.0", "")),
    ("docker.io/nginx", ("docker.io", "library/nginx", "", "")),
    ("index.docker.io/nginx:1", ("docker.io", "library/nginx", "1", "")),
    ("ghcr.io/team/iris", ("ghcr.io", "team/iris", "", "")),
    ("localhost/iris:1", ("localhost", "iris", "1", "")),
    ("localhost:5000/iris", ("localhost:5000", "iris", "", "")),
    ("registry:5000/team/iris:1.0", ("registry:5000", "team/iris", "1.0", "")),
    ("registry/team/iris", ("docker.io", "registry/team/iris", "", "")),
    (f"ghcr.io/team/iris@{SHA}", ("ghcr.io", "team/iris", "", SHA)),
    (f"ghcr.io/team/iris:1.0@{SHA}", ("ghcr.io", "team/iris", "1.0", SHA)),
    ("ghcr.io/team/iris@", ("ghcr.io", "team/iris", "", "")),
    ("ghcr.io/team/iris:", ("ghcr.io", "team/iris", "", "")),
    ("", ("docker.io", "library/", "", "")),
    ("/", ("docker.io", "/", "", "")),
    ("$(IMAGE)", ("docker.io", "library/$(IMAGE)", "", "")),
])  # fmt: skip
def test_parse_image(text: str, expected: tuple[str, str, str, str]) -> None:
    assert parse_image(text) == expected


@pytest.mark.parametrize(("digest", "valid", "placeholder"), [
    (SHA, True, False),
    ("sha384:" + "a" * 96, True, False),
    ("sha512:" + "f" * 128, True, False),
    ("sha256:" + "0" * 64, True, True),
    ("sha256:" + "1" * 63, False, False),
    ("sha256:" + "1" * 65, False, False),
    ("sha256:" + "A" * 64, False, False),
    ("sha1:" + "1" * 40, False, False),
    ("sha256:" + "1" * 64 + "\n", False, False),
    ("", False, False),
])  # fmt: skip
def test_digests(digest: str, valid: bool, placeholder: bool) -> None:
    image = ImageReference("docker.io", "library/nginx", "", digest)
    assert image.has_valid_digest is valid
    assert image.is_placeholder is placeholder


@pytest.mark.parametrize(("image", "expected"), [
    ("nginx", ("nginx", "", "")),
    ("nginx:1.27", ("nginx", "1.27", "")),
    ("registry:5000/iris", ("registry:5000/iris", "", "")),
    ("registry:5000/iris:1.0", ("registry:5000/iris", "1.0", "")),
    (f"team/iris@{SHA}", ("team/iris", "", SHA)),
    (f"team/iris:1.0@{SHA}", ("team/iris", "1.0", SHA)),
    (f"iris@{SHA}", ("iris", "", SHA)),
    ("registry:5000", ("registry", "5000", "")),
    ("a/b:1:2", ("a/b", "1:2", "")),
    ("", ("", "", "")),
])  # fmt: skip
def test_split_as_kustomize(image: str, expected: tuple[str, str, str]) -> None:
    assert split_as_kustomize(image) == expected
