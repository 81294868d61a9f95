"""Control planes for the whole run, and the repositories that are brought to them."""

from __future__ import annotations

import signal
from collections.abc import Callable, Generator, Iterator
from functools import cache

import pytest

from tests.acceptance.cluster import Cluster
from tests.acceptance.processes import RUNNING
from tests.acceptance.repositories import Repository, generate
from tests.acceptance.served import GpuCluster, gpu_cluster
from tests.acceptance.site import Site, running_site


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failed test shows the end of the log of each program that runs."""
    report = yield
    if report.failed:
        for processes in RUNNING:
            report.sections.append((f"programs in {processes.folder}", processes.logs()))
    return report


@pytest.fixture(scope="session", autouse=True)
def _stop_like_ctrl_c() -> None:
    """A terminated run tears its fixtures down, as an interrupted one does."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """An API server without controllers, for admission alone."""
    with Cluster() as running:
        yield running


@pytest.fixture(scope="session")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Repository]:
    """`repository(source)`: generated once; a test that changes it takes a copy."""
    folder = tmp_path_factory.mktemp("repositories")

    @cache
    def made(source: str) -> Repository:
        return generate(source, folder / source)

    return made


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    """A control plane with Argo CD and nodes; each test brings repositories with model names of their own."""
    with running_site() as running:
        yield running


@pytest.fixture(scope="session")
def gpu_pools(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GpuCluster]:
    """A control plane with every GPU pool, for the tests of the group "gpu"."""
    with gpu_cluster(tmp_path_factory.mktemp("pools")) as running:
        yield running
