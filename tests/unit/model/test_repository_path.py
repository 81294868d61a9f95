"""Paths that files of a repository write."""

from __future__ import annotations

import posixpath

from hypothesis import given
from hypothesis import strategies as st

from kustodian.model.repository.path import beside

FOLDERS = st.sampled_from(["", ".", "base", "apps/a/overlays/dev", ".hidden/x", ".."])
WRITTEN = st.text(alphabet="./ab-", max_size=12)


@given(FOLDERS, WRITTEN)
def test_it_is_the_normal_path_of_what_is_written(folder: str, written: str) -> None:
    assert beside(folder, written) == posixpath.normpath(posixpath.join(folder, written))
