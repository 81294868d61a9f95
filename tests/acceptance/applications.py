"""The Applications that a repository has Argo CD make, and what Argo CD says of one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import yaml

from tests.acceptance.repositories import Repository

#: The clusters that a repository with `clusters: multi` asks for by name; the first is the one Argo CD runs in.
CLUSTERS = ("primary", "secondary")


@dataclass(frozen=True)
class Application:
    """An Application that a repository has Argo CD make: the folder that it deploys, and where to."""

    name: str
    folder: str
    cluster: str

    @property
    def environment(self) -> str:
        """The folder's name: an environment, or an add-on."""
        return self.folder.split("/")[1]


def applications(repository: Repository) -> list[Application]:
    """One for each environment in each cluster, and one for each add-on of platform/."""
    answers = yaml.safe_load((repository.folder / ".kustodian-answers.yaml").read_text())
    model = answers["model_name"]
    found = []
    for environment in repository.environments:
        for cluster in CLUSTERS if answers["clusters"] == "multi" else [""]:
            name = f"{model}-{environment}" + (f"-{cluster}" if cluster else "")
            found.append(Application(name, f"overlays/{environment}", cluster or CLUSTERS[0]))
    found += [
        Application(f"{model}-platform-{name}", f"platform/{name}", CLUSTERS[0])
        for name in repository.add_ons
    ]
    return found


@dataclass(frozen=True)
class State:
    """What Argo CD says of an application, read once."""

    application: dict[str, Any]

    @property
    def _status(self) -> dict[str, Any]:
        status: dict[str, Any] = self.application.get("status", {})
        return status

    @property
    def name(self) -> str:
        """The application's name."""
        return str(self.application["metadata"]["name"])

    @property
    def sync(self) -> str:
        """Synced, OutOfSync or Unknown."""
        return str(self._status.get("sync", {}).get("status", "Unknown"))

    @property
    def health(self) -> str:
        """Healthy, Progressing, Degraded, …"""
        return str(self._status.get("health", {}).get("status", "Unknown"))

    @property
    def revision(self) -> str:
        """The commit that was compared; of the first source where there are several."""
        sync = self._status.get("sync", {})
        return str(sync.get("revision") or [*sync.get("revisions", []), ""][0])

    @property
    def operation(self) -> str:
        """Running, Succeeded, Failed or Error; empty where nothing was ever synced."""
        return str(self._status.get("operationState", {}).get("phase", ""))

    @property
    def finished(self) -> str:
        """When the last sync ended."""
        return str(self._status.get("operationState", {}).get("finishedAt", ""))

    @property
    def compared(self) -> str:
        """When it was last compared with git."""
        return str(self._status.get("reconciledAt", ""))

    @property
    def _kept(self) -> list[dict[str, Any]]:
        """The resources without the hooks, which Argo CD only runs in a sync."""
        return [item for item in self._status.get("resources", []) if not item.get("hook")]

    @property
    def resources(self) -> dict[str, str]:
        """`kind/name` -> Synced, OutOfSync or Unknown."""
        return {f"{item['kind']}/{item['name']}": item.get("status", "Unknown") for item in self._kept}

    @property
    def healths(self) -> dict[str, str]:
        """`kind/name` -> Healthy, Progressing, …; "" where Argo CD has no idea what health of that kind is."""
        return {
            f"{item['kind']}/{item['name']}": item.get("health", {}).get("status", "") for item in self._kept
        }

    @property
    def conditions(self) -> dict[str, str]:
        """Type -> message of what Argo CD complains of."""
        return {item["type"]: item["message"] for item in self._status.get("conditions", [])}

    def is_done(self, commit: str) -> bool:
        """Whether it is Synced to the commit and Healthy, and no sync is running.

        An Application that finds everything in the cluster as git says never syncs at all.
        """
        settled = self.operation in ("", "Succeeded") and self.revision == commit
        return settled and (self.sync, self.health) == ("Synced", "Healthy")

    def explain(self) -> str:
        """All that helps to see why it is not what a test waits for."""
        operation = self._status.get("operationState", {})
        lines = [
            f"{self.name}: {self.sync}, {self.health}, sync {self.operation}: {operation.get('message', '')}",
            *(f"  {item['type']}: {item['message']}" for item in self._status.get("conditions", [])),
        ]
        for item in operation.get("syncResult", {}).get("resources", []):
            if item.get("status") not in ("Synced", "Pruned") or item.get("hookPhase") in ("Failed", "Error"):
                lines.append(f"  {item['kind']}/{item['name']}: {item.get('status')} {item.get('message')}")
        lines += [f"  {name}: {status}" for name, status in self.resources.items() if status != "Synced"]
        lines += [
            f"  {name}: {health}" for name, health in self.healths.items() if health not in ("", "Healthy")
        ]
        return "\n".join(lines)
