"""Repositories that are broken on purpose: one for each way in which a step can go wrong.

Each is a generated repository under another name, with one environment and the mistake. `test_argocd_mistakes.py` brings
them to Argo CD beside the good ones and shows that the step's own check reports it.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import yaml

from tests.acceptance.repositories import Repository, generate, git
from tests.acceptance.site import Deployed, adopt

ENVIRONMENT = "staging"
OVERLAY = f"overlays/{ENVIRONMENT}"
#: The model's name in the repositories that the others are copies of.
MODEL = "renamed-model"


class Step(Enum):
    """The check that has to see a mistake."""

    SYNCED = "never Synced"
    HEALTHY = "never Healthy"
    RUNNING = "Argo CD says Healthy, what runs is not what was asked for"
    DIFFERENCES = "Argo CD says Synced, the cluster holds something else"
    AGAIN = "another sync changes something"
    DRIFT = "does not stay Synced"


@dataclass(frozen=True)
class Mistake:
    """What a person did, the step that sees it, and words of what is said then."""

    change: Callable[[Repository], object]
    step: Step
    expected: str
    source: str = "default"
    #: Whether there are definitions and volumes; not where the overlay cannot be read, or is what nobody provides for.
    is_provided: bool = True

    @property
    def name(self) -> str:
        """The model's name."""
        return self.change.__name__.replace("_", "-")

    @property
    def application(self) -> str:
        """The application's name."""
        return f"{self.name}-{ENVIRONMENT}"


def add(repository: Repository, file: str, data: dict[str, Any]) -> None:
    """Add an object to the overlay."""
    (repository.folder / OVERLAY / file).write_text(yaml.safe_dump(data))
    repository.edit(f"{OVERLAY}/kustomization.yaml", lambda overlay: overlay["resources"].append(file))


def of_pods(repository: Repository, file: str, **fields: Any) -> None:
    """Change fields of a pod template."""
    repository.edit(file, lambda data: data["spec"]["template"]["spec"].update(fields))


def unknown_field(repository: Repository) -> None:
    repository.replace("base/deployment.yaml", "enableServiceLinks:", "enableServiceLink:")


def kind_that_nobody_serves(repository: Repository) -> None:
    metadata = {"name": "some"}
    add(repository, "widget.yaml", {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": metadata})
    repository.edit(
        "argocd/project.yaml",
        lambda data: data["spec"]["namespaceResourceWhitelist"].append({"group": "example.com", "kind": "Widget"}),
    )  # fmt: skip


def kind_outside_of_the_project(repository: Repository) -> None:
    add(repository, "secret.yaml", {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "some"}})


def namespace_outside_of_the_project(repository: Repository) -> None:
    repository.edit(f"{OVERLAY}/kustomization.yaml", lambda data: data.update(namespace="kube-public"))


def missing_file(repository: Repository) -> None:
    (repository.folder / "base/service.yaml").unlink()


def branch_that_nobody_has(repository: Repository) -> None:
    repository.edit(
        "argocd/applicationset.yaml",
        lambda data: data["spec"]["template"]["spec"]["source"].update(targetRevision="mian"),
    )


def training_that_fails(repository: Repository) -> None:
    def change(job: dict[str, Any]) -> None:
        job["spec"]["activeDeadlineSeconds"] = 3
        job["spec"]["template"]["spec"]["nodeSelector"] = {"example.com/pool": "nobody"}

    repository.edit("components/train-job/job.yaml", change)


def storage_that_nobody_has(repository: Repository) -> None:
    """The claim waits in the first wave for a volume, so that the training never starts."""
    repository.edit(
        "components/model-store-pvc/claim.yaml", lambda data: data["spec"].update(storageClassName="none")
    )


def pool_that_nobody_has(repository: Repository) -> None:
    of_pods(repository, "components/gpu-nvidia/server.yaml", nodeSelector={"nvidia.com/gpu.present": "yes"})


def quota_that_is_too_small(repository: Repository) -> None:
    repository.edit(
        f"{OVERLAY}/patches/quota.yaml", lambda data: data["spec"]["hard"].update({"requests.cpu": "300m"})
    )


def pod_that_is_privileged(repository: Repository) -> None:
    repository.replace(
        "base/deployment.yaml", "allowPrivilegeEscalation: false", "allowPrivilegeEscalation: true"
    )


def gateway_that_nobody_has(repository: Repository) -> None:
    repository.replace("components/gateway-api/route.yaml", "name: shared", "name: shard")


def analysis_that_nobody_has(repository: Repository) -> None:
    repository.replace(
        "components/canary/rollout.yaml", f"templateName: {repository.folder.name}", "templateName: none"
    )


def mesh_route_that_nobody_has(repository: Repository) -> None:
    repository.replace("components/canary/rollout.yaml", "- primary", "- secondary")


def canary_without_its_deployment(repository: Repository) -> None:
    """The Rollout of a Deployment that does not exist has no pods, and the Deployment that does asks for none."""

    def change(rollout: dict[str, Any]) -> None:
        rollout["spec"]["workloadRef"]["name"] = "none"

    repository.edit("components/canary/rollout.yaml", change)


def autoscaler_without_its_metric(repository: Repository) -> None:
    metric = {"type": "Object", "object": {
        "describedObject": {"apiVersion": "v1", "kind": "Service", "name": "none"},
        "metric": {"name": "none"}, "target": {"type": "Value", "value": "1"},
    }}  # fmt: skip
    repository.edit("components/hpa/autoscaler.yaml", lambda data: data["spec"].update(metrics=[metric]))


def differences_that_are_ignored(repository: Repository) -> None:
    """What git says of the quota no longer gets to the cluster, and Argo CD keeps quiet about it."""
    ignored = {"kind": "ResourceQuota", "jsonPointers": ["/spec/hard"]}
    repository.edit(
        "argocd/applicationset.yaml",
        lambda data: data["spec"]["template"]["spec"]["ignoreDifferences"].append(ignored),
    )


def object_that_is_made_anew(repository: Repository) -> None:
    options = {"argocd.argoproj.io/sync-options": "Replace=true,Force=true"}
    repository.edit("base/service-account.yaml", lambda data: data["metadata"].update(annotations=options))


def replicas_in_git(repository: Repository) -> None:
    """And nothing tells Argo CD to leave them to the autoscaler, so that the two fight."""
    repository.edit(
        "argocd/applicationset.yaml", lambda data: data["spec"]["template"]["spec"].pop("ignoreDifferences")
    )
    repository.edit("base/deployment.yaml", lambda data: data["spec"].update(replicas=1))


MISTAKES = (
    Mistake(unknown_field, Step.SYNCED, "enableServiceLink"),
    Mistake(kind_that_nobody_serves, Step.SYNCED, "Widget"),
    Mistake(kind_outside_of_the_project, Step.SYNCED, "Secret is not permitted in project"),
    Mistake(namespace_outside_of_the_project, Step.SYNCED, "namespace kube-public is not permitted"),
    Mistake(missing_file, Step.SYNCED, "service.yaml", is_provided=False),
    Mistake(branch_that_nobody_has, Step.SYNCED, "mian"),
    Mistake(training_that_fails, Step.SYNCED, "training-that-fails-train"),
    Mistake(storage_that_nobody_has, Step.SYNCED, "PersistentVolumeClaim", is_provided=False),
    Mistake(pool_that_nobody_has, Step.HEALTHY, "Deployment/pool-that-nobody-has: Progressing"),
    Mistake(quota_that_is_too_small, Step.HEALTHY, "Deployment/quota-that-is-too-small"),
    Mistake(pod_that_is_privileged, Step.HEALTHY, "Deployment/pod-that-is-privileged"),
    Mistake(gateway_that_nobody_has, Step.HEALTHY, "HTTPRoute/gateway-that-nobody-has: Degraded"),
    Mistake(autoscaler_without_its_metric, Step.RUNNING, "HorizontalPodAutoscaler/autoscaler-without-its-metric"),
    # Argo CD 3.2.11 under load keeps a Rollout as it was made, Progressing, and misses that it is Degraded at once.
    Mistake(analysis_that_nobody_has, Step.HEALTHY, "Rollout/analysis-that-nobody-has", "istio-canary"),
    Mistake(mesh_route_that_nobody_has, Step.HEALTHY, "Rollout/mesh-route-that-nobody-has", "istio-canary"),
    Mistake(canary_without_its_deployment, Step.HEALTHY, "Rollout/canary-without-its-deployment", "istio-canary"),
    Mistake(differences_that_are_ignored, Step.DIFFERENCES, "ResourceQuota/differences-that-are-ignored.spec.hard"),
    Mistake(object_that_is_made_anew, Step.AGAIN, "ServiceAccount/object-that-is-made-anew"),
    Mistake(replicas_in_git, Step.DRIFT, "Deployment/replicas-in-git: OutOfSync"),
)  # fmt: skip


def careless(repository: Repository) -> None:
    """An ApplicationSet that prunes everywhere, heals nothing, and takes the servers with it that leave git.

    Not even the namespaces and the volumes wait for somebody who confirms.
    """
    for old, new in (
        ('prune: {{ has .path.basename (list "dev" "staging") }}', "prune: true"),
        ("selfHeal: true", "selfHeal: false"),
        ("applicationsSync: create-update", "applicationsSync: sync"),
        ("preserveResourcesOnDeletion: true", "preserveResourcesOnDeletion: false"),
    ):
        repository.replace("argocd/applicationset.yaml", old, new)
    for file in (
        "components/model-store-pvc/claim.yaml",
        *(f"overlays/{name}/namespace.yaml" for name in repository.environments),
    ):
        repository.edit(
            file, lambda data: data["metadata"]["annotations"].pop("argocd.argoproj.io/sync-options")
        )


def prepare(mistakes: Iterable[Mistake], folder: Path) -> dict[str, Deployed]:
    """Make the repositories, each with its own bare one; nothing is pushed yet."""
    mistakes = list(mistakes)
    sources = sorted({mistake.source for mistake in mistakes})

    def original(source: str) -> Repository:
        return generate(
            source,
            folder / f"{source}-{MODEL}",
            f"model_name={MODEL}",
            f"repo_url=file://{folder}/{MODEL}.git",
        )

    with ThreadPoolExecutor(2) as pool:
        originals = dict(zip(sources, pool.map(original, sources), strict=True))
    made = {}
    for mistake in mistakes:
        repository = renamed(originals[mistake.source], folder / mistake.name)
        mistake.change(repository)
        repository.commit("A mistake")
        made[mistake.name] = adopt(repository, folder / f"{mistake.name}.git")
    return made


def renamed(original: Repository, folder: Path) -> Repository:
    """A copy whose model has the folder's name, and only one environment; a twentieth of the time that generating takes."""
    shutil.copytree(original.folder, folder, ignore=shutil.ignore_patterns(".git", "app"))
    repository = Repository(original.source, folder)
    others = [path.name for path in folder.glob("overlays/*") if path.name != ENVIRONMENT]
    for name in others:
        repository.drop(f"overlays/{name}")
    repository.edit("kustodian.yaml", lambda data: [data["environments"].pop(name) for name in others])
    for path in folder.rglob("*.yaml"):
        path.write_text(path.read_text().replace(MODEL, folder.name))
    git(folder, "init", "--quiet", "--initial-branch=main")
    for key, value in {"user.name": "A. Tester", "user.email": "tester@example.com"}.items():
        git(folder, "config", key, value)
    return repository
