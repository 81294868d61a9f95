"""Control planes for the whole run, and the repositories that are brought to them."""

from __future__ import annotations

import signal
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import PurePosixPath

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from tests.acceptance.cluster import Cluster
from tests.acceptance.mistakes import MISTAKES, careless, prepare
from tests.acceptance.processes import RUNNING
from tests.acceptance.repositories import SOURCES, Repository, generate
from tests.acceptance.served import GpuCluster, gpu_cluster
from tests.acceptance.site import Deployed, Site, running_site

#: Files that share what is expensive to start, as each is taken by one worker; the longest group first.
GROUPS: dict[str, tuple[str, ...]] = {
    "site": ("test_argocd", "test_argocd_mistakes", "test_promotion", "test_self_heal_and_prune"),
    "gpu": ("test_gpu_placement", "test_gpu_budget"),
    "rollouts": ("test_rollouts",),
    "harness": ("test_harness",),
    "apply": ("test_server_side_apply",),
    "admission": ("test_admission_parity", "test_admission_bundle", "test_against_cluster"),
}
GROUP_OF = {file: group for group, files in GROUPS.items() for file in files}


class GroupScheduling(LoadScopeScheduling):
    """Hands out groups. `--dist loadgroup` of xdist 3.8 writes them into node ids, where pytest 9.2 ignores them."""

    def _split_scope(self, nodeid: str) -> str:
        file = PurePosixPath(nodeid.partition("::")[0]).stem
        return GROUP_OF.get(file, nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> GroupScheduling:
    """For whatever `--dist` is given."""
    return GroupScheduling(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest group first."""
    order = {file: place for place, file in enumerate(GROUP_OF)}
    items.sort(key=lambda item: order.get(item.path.stem, len(order)))


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
    """Control planes with Argo CD and nodes; each test brings repositories with model names of their own."""
    with running_site() as running:
        yield running


@pytest.fixture(scope="session")
def sources(site: Site, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Deployed | AssertionError]:
    """Every generated repository, brought to Argo CD; a broken one fails its own tests only."""
    folder = tmp_path_factory.mktemp("argocd")

    def deploy(source: str) -> Deployed | AssertionError:
        try:
            return site.deploy(source, f"m-{source}", folder)
        except AssertionError as error:
            return error

    with ThreadPoolExecutor(2) as pool:
        return dict(zip(SOURCES, pool.map(deploy, SOURCES), strict=True))


@pytest.fixture(scope="session")
def mistaken(site: Site, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Deployed]:
    """Every repository of mistakes.py, brought to Argo CD at once; they settle while others are looked at."""
    made = prepare(MISTAKES, tmp_path_factory.mktemp("mistakes"))
    for mistake in MISTAKES:
        (site.connect if mistake.is_provided else site.connect_unprovided)(made[mistake.name])
    return made


@pytest.fixture(scope="session")
def promoted(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Deployed:
    """The default repository, for versions that go through it."""
    return site.deploy("default", "promoted", tmp_path_factory.mktemp("promotion"))


@pytest.fixture(scope="session")
def neglected(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Deployed:
    """The same with an ApplicationSet that keeps none of the promises of the generated documents."""
    made = site.prepare("default", "neglected", tmp_path_factory.mktemp("neglected"))
    careless(made.repository)
    made.repository.commit("A mistake")
    site.connect(made)
    return made


@pytest.fixture(scope="session")
def gpu_pools(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GpuCluster]:
    """A control plane with every GPU pool, for the tests of the group "gpu"."""
    with gpu_cluster(tmp_path_factory.mktemp("pools")) as running:
        yield running
