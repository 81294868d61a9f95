"""A whole site: control plane, nodes, Argo CD, metrics, and what stands in for the rest."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.acceptance.argocd import ArgoCD, application_names
from tests.acceptance.cluster import Cluster
from tests.acceptance.crds import group_kind, install
from tests.acceptance.nodes import POOLS, add_node, add_volumes
from tests.acceptance.repositories import Repository, generate, git
from tests.acceptance.stand_ins import Metrics, StandIns


@dataclass
class Deployed:
    """A repository that Argo CD was told of; `missing` are kinds that nobody defines here."""

    repository: Repository
    applications: list[str]
    missing: set[str] = field(default_factory=set)

    @property
    def head(self) -> str:
        """The newest commit."""
        return self.repository.git("rev-parse", "HEAD").strip()

    def push(self, message: str) -> str:
        """Commit and push all changes; the commit."""
        commit = self.repository.commit(message)
        self.repository.git("push", "--quiet", "origin", "HEAD:main")
        return commit

    def environment(self, application: str) -> str:
        """The environment of an application."""
        return next(name for name in self.repository.environments if application.endswith(f"-{name}"))


@dataclass
class Site:
    """Everything that runs."""

    cluster: Cluster
    argocd: ArgoCD
    metrics: Metrics
    stand_ins: StandIns

    def deploy(self, source: str, model_name: str, folder: Path, *settings: str) -> Deployed:
        """Generate a repository, push it to a bare one and tell Argo CD. `model_name` keeps namespaces apart."""
        deployed = self.prepare(source, model_name, folder, *settings)
        self.connect(deployed)
        return deployed

    def prepare(self, source: str, model_name: str, folder: Path, *settings: str) -> Deployed:
        """The same without pushing and telling Argo CD, so that a test can break it first."""
        remote = folder / f"{model_name}.git"
        repository = generate(
            source, folder / model_name, f"model_name={model_name}", f"repo_url=file://{remote}", *settings
        )
        git(folder, "init", "--quiet", "--bare", "--initial-branch=main", str(remote))
        repository.git("remote", "add", "origin", str(remote))
        return Deployed(repository, application_names(repository))

    def connect(self, deployed: Deployed) -> None:
        """Push, make what a cluster's administrator provides, and apply argocd/."""
        deployed.repository.git("push", "--quiet", "origin", "HEAD:main")
        for environment in deployed.repository.environments:
            objects = deployed.repository.rendered(f"overlays/{environment}")
            deployed.missing |= install(self.cluster, {group_kind(item) for item in objects})
            add_volumes(self.cluster, objects)
        self.argocd.connect(deployed.repository)


@contextmanager
def running_site() -> Iterator[Site]:
    """Start a site with two plain nodes and two of each platform's GPU pool; stop it at the end."""
    with Cluster(controllers=True) as cluster:
        for number, zone in enumerate(("zone-a", "zone-b")):
            add_node(cluster, f"cpu-{number}", zone=zone)
            for platform in POOLS:
                add_node(cluster, f"{platform}-{number}", gpus=32, platform=platform, zone=zone)
        metrics = Metrics(cluster)
        stand_ins = StandIns(cluster)
        try:
            yield Site(cluster, ArgoCD(cluster), metrics, stand_ins)
        finally:
            stand_ins.close()
            metrics.close()
