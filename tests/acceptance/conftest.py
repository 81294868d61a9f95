"""One control plane for the whole run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.acceptance.cluster import Cluster


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    with Cluster() as running:
        yield running
