"""A whole site: control planes, nodes, Argo CD, Argo Rollouts, metrics, and what stands in for the rest."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.acceptance.applications import CLUSTERS, Application, State, applications
from tests.acceptance.argocd import IN_CLUSTER, ArgoCD
from tests.acceptance.cluster import Cluster
from tests.acceptance.compare import is_hook
from tests.acceptance.crds import group_kind, install
from tests.acceptance.metrics import Metrics
from tests.acceptance.nodes import add_node, add_pools, add_volumes
from tests.acceptance.repositories import Repository, generate, git
from tests.acceptance.rollouts import Prometheus, start_rollouts
from tests.acceptance.stand_ins import StandIns

#: The GPU pools that the default repository and the presets name.
GPU_POOLS = ("nvidia-generic", "nvidia-mig-generic")
ZONES = ("zone-a", "zone-b")
#: Custom resources of the default repository and the presets, beside those of Argo's own projects. They are installed
#: before Argo CD starts, which looks at the whole API again after each new one.
KINDS = (
    "argoproj.io/CronWorkflow", "argoproj.io/WorkflowTemplate", "autoscaling.k8s.io/VerticalPodAutoscaler",
    "elasticsearch.k8s.elastic.co/Elasticsearch", "external-secrets.io/ExternalSecret",
    "gateway.networking.k8s.io/HTTPRoute", "keda.sh/ScaledObject", "kibana.k8s.elastic.co/Kibana",
    "kueue.x-k8s.io/LocalQueue", "monitoring.coreos.com/PrometheusRule", "monitoring.coreos.com/ServiceMonitor",
    "networking.istio.io/DestinationRule", "networking.istio.io/VirtualService", "opentelemetry.io/Instrumentation",
    "opentelemetry.io/OpenTelemetryCollector", "security.istio.io/AuthorizationPolicy",
    "security.istio.io/PeerAuthentication", "security.istio.io/RequestAuthentication",
    "serving.kserve.io/InferenceService", "velero.io/Schedule",
)  # fmt: skip
#: Of these, what goes to the second cluster.
SECOND_KINDS = tuple(kind for kind in KINDS if kind.startswith(("external-secrets", "gateway", "monitoring")))
#: Namespaces that the generated documents say the platform team has.
NAMESPACES = ("velero",)
#: The model of the preset `multi-cluster`: its ApplicationSet looks for a label on the clusters.
MULTI_CLUSTER = "m-multi-cluster"


@dataclass
class Deployed:
    """A repository that Argo CD was told of; `missing` are kinds that nobody defines here, `charts` what was left out."""

    repository: Repository
    applications: list[Application]
    missing: set[str] = field(default_factory=set)
    charts: list[str] = field(default_factory=list)
    _rendered: dict[str, dict[str, list[dict[str, Any]]]] = field(default_factory=dict)

    @property
    def head(self) -> str:
        """The newest commit."""
        return self.repository.git("rev-parse", "HEAD").strip()

    @property
    def names(self) -> list[str]:
        """The applications' names."""
        return [application.name for application in self.applications]

    def named(self, name: str) -> Application:
        """One of the applications."""
        return next(application for application in self.applications if application.name == name)

    def rendered(self, folder: str) -> list[dict[str, Any]]:
        """What the newest commit says in a folder."""
        if self.head not in self._rendered:
            folders = {application.folder for application in self.applications}
            self._rendered[self.head] = self.repository.rendered_all(["argocd", *sorted(folders)])
        return self._rendered[self.head][folder]

    def objects(self, application: Application) -> list[dict[str, Any]]:
        """What the newest commit says of an application."""
        return self.rendered(application.folder)

    def kept(self, application: Application) -> list[dict[str, Any]]:
        """The same without what Argo CD only runs in a sync."""
        return [item for item in self.objects(application) if not is_hook(item)]


@dataclass
class Place:
    """A control plane and what runs beside it."""

    cluster: Cluster
    metrics: Metrics
    stand_ins: StandIns


@dataclass
class Site:
    """Everything that runs. `places` is by the name under which Argo CD knows the cluster."""

    places: dict[str, Place]
    argocd: ArgoCD
    prometheus: Prometheus

    @property
    def cluster(self) -> Cluster:
        """The cluster of Argo CD, to which nearly everything goes."""
        return self.places[CLUSTERS[0]].cluster

    def cluster_of(self, application: Application) -> Cluster:
        """Where an application's objects are."""
        return self.places[application.cluster].cluster

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
        return adopt(repository, remote)

    def connect(self, deployed: Deployed) -> None:
        """Push, make what a cluster's administrator provides, and apply argocd/."""
        deployed.repository.git("push", "--quiet", "origin", "HEAD:main")
        for application in deployed.applications:
            objects = deployed.objects(application)
            cluster = self.cluster_of(application)
            deployed.missing |= install(cluster, {group_kind(item) for item in objects})
            add_volumes(cluster, objects)
        deployed.charts += self.argocd.connect(deployed.rendered("argocd"))

    def connect_unprovided(self, deployed: Deployed) -> None:
        """The same for a repository that cannot be rendered, or that nobody provides anything for."""
        deployed.repository.git("push", "--quiet", "origin", "HEAD:main")
        self.argocd.connect(deployed.repository.rendered("argocd"))

    def push(self, deployed: Deployed, message: str = "") -> str:
        """Commit all changes if there is a message, push, and tell Argo CD as a webhook does; the commit."""
        if message:
            deployed.repository.commit(message)
        deployed.repository.git("push", "--quiet", "origin", "HEAD:main")
        self.argocd.refresh("ApplicationSet", deployed.repository.folder.name)
        for name in deployed.names:
            self.argocd.refresh("Application", name)
        return deployed.head

    def follow(self, deployed: Deployed) -> None:
        """Wait until every application has the newest commit and is done."""
        for name in deployed.names:
            self.argocd.wait_for_commit(name, deployed.head)

    def state(self, application: Application) -> State:
        """What Argo CD says of an application now."""
        return self.argocd.state(application.name)


def adopt(repository: Repository, remote: Path) -> Deployed:
    """Give a repository a bare one to be pushed to."""
    git(remote.parent, "init", "--quiet", "--bare", "--initial-branch=main", str(remote))
    repository.git("remote", "add", "origin", str(remote))
    return Deployed(repository, applications(repository))


@contextmanager
def _place(nodes: int, kinds: tuple[str, ...]) -> Iterator[Place]:
    with Cluster(controllers=True) as cluster, ExitStack() as stack:
        install(cluster, kinds)
        for number in range(nodes):
            add_node(cluster, f"cpu-{number}", zone=ZONES[number % len(ZONES)])
        metrics = Metrics(cluster)
        stack.callback(metrics.close)
        stand_ins = StandIns(cluster)
        stack.callback(stand_ins.close)
        yield Place(cluster, metrics, stand_ins)


@contextmanager
def running_site() -> Iterator[Site]:
    """Start a site with plain nodes and the GPU pools, and a second cluster beside it; stop them at the end."""
    with ExitStack() as stack:
        # Each takes seconds in which it mostly waits.
        with ThreadPoolExecutor() as pool:
            started = list(pool.map(stack.enter_context, [_place(4, KINDS), _place(2, SECOND_KINDS)]))
        places = dict(zip(CLUSTERS, started, strict=True))
        cluster = places[CLUSTERS[0]].cluster
        add_pools(cluster, ZONES, 64, GPU_POOLS)
        for name in NAMESPACES:
            assert cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}).ok
        prometheus = Prometheus()
        stack.callback(prometheus.close)
        start_rollouts(cluster, prometheus)
        argocd = ArgoCD(cluster)
        serves = {f"serves-{MULTI_CLUSTER}": "true"}
        second = places[CLUSTERS[1]].cluster
        argocd.register(CLUSTERS[0], IN_CLUSTER, labels=serves)
        argocd.register(CLUSTERS[1], second.url, second.token, serves)
        yield Site(places, argocd, prometheus)
