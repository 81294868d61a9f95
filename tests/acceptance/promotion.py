"""What the tests of promotion and of what Argo CD keeps ask of a deployed repository."""

from __future__ import annotations

from typing import Any

from tests.acceptance.site import Deployed, Site


def model(made: Deployed) -> str:
    return made.repository.folder.name


def name_in(made: Deployed, environment: str) -> str:
    """The application's name, which is also the namespace's."""
    return f"{model(made)}-{environment}"


def live(site: Site, made: Deployed, environment: str, version: str, kind: str) -> dict[str, Any]:
    found = site.cluster.read(version, kind, model(made), name_in(made, environment))
    assert found is not None, f"{kind} in {environment}"
    return found


def running(site: Site, made: Deployed, environment: str) -> tuple[str, str]:
    """The digest's first digit of every server that runs, and the version label."""
    pods = [
        pod
        for pod in site.cluster.items(
            "v1", "Pod", name_in(made, environment), "app.kubernetes.io/component=server"
        )
        if "deletionTimestamp" not in pod["metadata"]
    ]
    images = {pod["spec"]["containers"][0]["image"].split("@sha256:")[1][0] for pod in pods}
    labels = {pod["metadata"]["labels"]["app.kubernetes.io/version"] for pod in pods}
    return ("".join(sorted(images)), " ".join(sorted(labels)))


def wait_running(
    site: Site, made: Deployed, environment: str, wanted: tuple[str, str], seconds: float = 60
) -> None:
    site.cluster.wait(
        f"{environment} runs {wanted}", lambda: running(site, made, environment) == wanted, seconds
    )


def revert(site: Site, made: Deployed, commit: str = "HEAD") -> None:
    """What docs/runbooks/roll-back.md says, as far as git goes."""
    made.repository.git("revert", "--no-edit", commit)
    site.push(made)
