"""Promotion, rollback, self-healing and pruning, as the generated documents describe them, with a real Argo CD."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from tests.acceptance.argocd import API, NAMESPACE
from tests.acceptance.compare import differences, is_hook
from tests.acceptance.site import Deployed, Site

NAME = "promoted"
FIRST, SECOND = "1" * 64, "2" * 64


@pytest.fixture(scope="module")
def made(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Deployed:
    deployed = site.deploy("default", NAME, tmp_path_factory.mktemp("promotion"))
    for application in deployed.applications:
        site.argocd.wait_for_commit(application, deployed.head)
    return deployed


def live(site: Site, environment: str, version: str, kind: str, name: str = NAME) -> dict[str, Any]:
    found = site.cluster.read(version, kind, name, f"{NAME}-{environment}")
    assert found is not None, f"{kind}/{name} in {environment}"
    return found


def running(site: Site, environment: str) -> tuple[str, str]:
    """The digest's first digit of every server that runs, and the version label."""
    pods = [
        pod
        for pod in site.cluster.items(
            "v1", "Pod", f"{NAME}-{environment}", "app.kubernetes.io/component=server"
        )
        if "deletionTimestamp" not in pod["metadata"]
    ]
    images = {pod["spec"]["containers"][0]["image"].split("@sha256:")[1][0] for pod in pods}
    versions = {pod["metadata"]["labels"]["app.kubernetes.io/version"] for pod in pods}
    return ("".join(sorted(images)), " ".join(sorted(versions)))


def bump(made: Deployed, version: str, digest: str) -> None:
    """What the build's pull request does to dev."""
    path = made.repository.folder / "overlays/dev/version.yaml"
    lines = []
    for line in path.read_text().splitlines():
        key = line.split(":")[0]
        changed = {
            "  version": f'  version: "{version}"',
            "  image": line.split("sha256:")[0] + f"sha256:{digest}",
        }
        lines.append(changed.get(key, line))
    path.write_text("\n".join(lines) + "\n")


def promote(made: Deployed, source: str, target: str) -> None:
    """`kustodian promote`, then `kustodian check`, as docs/promotion.md says."""
    for words in (["promote", source, target], ["check", f"overlays/{target}"]):
        run = subprocess.run(
            [sys.executable, "-m", "kustodian", *words], cwd=made.repository.folder, capture_output=True, text=True, check=False
        )  # fmt: skip
        assert run.returncode == 0, run.stdout + run.stderr


def follow(site: Site, made: Deployed, commit: str) -> None:
    """Wait until every application has looked at the commit and is done."""
    for application in made.applications:
        site.argocd.wait_for_commit(application, commit)


def wait_running(site: Site, environment: str, wanted: tuple[str, str], seconds: float = 60) -> None:
    site.cluster.wait(f"{environment} runs {wanted}", lambda: running(site, environment) == wanted, seconds)


def test_a_version_goes_from_dev_to_prod_and_back(site: Site, made: Deployed) -> None:
    order = ["dev", "staging", "prod"]
    now = {environment: running(site, environment) for environment in order}
    bump(made, "1.0.0", FIRST)
    commit = made.push("dev: 1.0.0")
    follow(site, made, commit)
    wait_running(site, "dev", ("1", "1.0.0"))
    assert {name: running(site, name) for name in ("staging", "prod")} == {
        name: now[name] for name in ("staging", "prod")
    }
    for source, target in (("dev", "staging"), ("staging", "prod")):
        promote(made, source, target)
        follow(site, made, made.push(f"{target}: 1.0.0"))
        wait_running(site, target, ("1", "1.0.0"))
    assert live(site, "prod", "v1", "ConfigMap", f"{NAME}-version")["data"]["version"] == "1.0.0"
    # The next version reaches prod as well, turns out bad, and is taken back as docs/runbooks/roll-back.md says.
    bump(made, "1.1.0", SECOND)
    made.push("dev: 1.1.0")
    promote(made, "dev", "staging")
    made.push("staging: 1.1.0")
    promote(made, "staging", "prod")
    bad = made.push("prod: 1.1.0")
    follow(site, made, bad)
    wait_running(site, "prod", ("2", "1.1.0"))
    made.repository.git("revert", "--no-edit", bad)
    made.repository.git("push", "--quiet", "origin", "HEAD:main")
    follow(site, made, made.head)
    wait_running(site, "prod", ("1", "1.0.0"))
    assert running(site, "staging") == ("2", "1.1.0")
    with pytest.raises(AssertionError, match="prod runs"):
        wait_running(site, "prod", ("2", "1.1.0"), seconds=2)


def test_a_version_file_without_an_image_changes_nothing(site: Site, made: Deployed) -> None:
    before = site.argocd.state(f"{NAME}-dev").application["spec"]
    path = made.repository.folder / "overlays/dev/version.yaml"
    text = path.read_text()
    path.write_text("\n".join(line for line in text.splitlines() if not line.startswith("  image:")) + "\n")
    made.push("A mistake")

    def failed() -> str:
        found = site.cluster.read(API, "ApplicationSet", NAME, NAMESPACE) or {}
        return " ".join(
            condition["message"]
            for condition in found.get("status", {}).get("conditions", [])
            if condition["type"] == "ErrorOccurred" and condition["status"] == "True"
        )

    site.cluster.wait("the ApplicationSet's error", failed, 60)
    assert "image" in failed()
    assert site.argocd.state(f"{NAME}-dev").application["spec"] == before
    path.write_text(text)
    made.push("Mended")
    bump(made, "1.2.0", SECOND)
    follow(site, made, made.push("dev: 1.2.0"))
    # After an error the ApplicationSet controller waits three minutes; a webhook, or this, makes it look now.
    site.argocd.refresh_set(NAME)
    site.argocd.wait(
        f"{NAME}-dev", "to show the version",
        lambda now: {"name": "version", "value": "1.2.0"} in now.application["spec"].get("info", []),
    )  # fmt: skip


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_an_edit_by_hand_is_undone(site: Site, made: Deployed, environment: str) -> None:
    namespace = f"{NAME}-{environment}"
    edits: list[tuple[dict[str, Any], dict[str, Any], Callable[[dict[str, Any]], Any], Any]] = [
        (
            live(site, environment, "apps/v1", "Deployment"),
            {"spec": {"template": {"spec": {"terminationGracePeriodSeconds": 120}}}},
            lambda data: data["spec"]["template"]["spec"]["terminationGracePeriodSeconds"], 120,
        ),
        (
            live(site, environment, "v1", "ResourceQuota"),
            {"spec": {"hard": {"pods": "999"}}}, lambda data: data["spec"]["hard"]["pods"], "999",
        ),
    ]  # fmt: skip
    for data, change, value, edited in edits:
        before = value(data)
        assert before != edited
        answer = site.cluster.merge(data, change)
        assert answer.ok and value(answer.body) == edited
        site.cluster.wait(
            f"{data['kind']} in {environment} as it was",
            lambda data=data, value=value, before=before: value(site.cluster.get(site.cluster.path_of(data)).body) == before,
            60,
        )  # fmt: skip
    service = live(site, environment, "v1", "Service")
    assert site.cluster.delete(service).ok
    site.cluster.wait("the Service again", lambda: site.cluster.read("v1", "Service", NAME, namespace), 60)
    kept = [item for item in made.repository.rendered(f"overlays/{environment}") if not is_hook(item)]
    site.cluster.wait("nothing differs", lambda: differences(site.cluster, kept) == [], 60)


def test_what_leaves_git_is_pruned_outside_of_prod_only(site: Site, made: Deployed) -> None:
    made.repository.replace("base/kustomization.yaml", "  - limit-range.yaml\n", "")
    (made.repository.folder / "base/limit-range.yaml").unlink()
    commit = made.push("No limit range")
    for environment in ("dev", "staging"):
        site.argocd.wait_for_commit(f"{NAME}-{environment}", commit)
        assert site.cluster.read("v1", "LimitRange", NAME, f"{NAME}-{environment}") is None
    prod = f"{NAME}-prod"
    state = site.argocd.wait(
        prod, "to show what left git",
        lambda now: now.revision == commit and now.resources.get(f"LimitRange/{NAME}") == "OutOfSync",
    )  # fmt: skip
    assert state.sync == "OutOfSync"
    assert [name for name, status in state.resources.items() if status == "OutOfSync"] == [
        f"LimitRange/{NAME}"
    ]
    with pytest.raises(AssertionError, match="OutOfSync"):
        site.argocd.wait_for_commit(prod, commit, seconds=10)
    assert live(site, "prod", "v1", "LimitRange")
    made.repository.git("revert", "--no-edit", commit)
    made.repository.git("push", "--quiet", "origin", "HEAD:main")
    follow(site, made, made.head)
