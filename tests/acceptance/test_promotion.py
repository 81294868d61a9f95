"""The story of a version: promoted from dev to prod and taken back, as the generated documents describe it, with a real Argo CD.

Each step has a counterpart that goes wrong and is seen. The tests run in this order.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.acceptance.applications import State
from tests.acceptance.argocd import API, NAMESPACE
from tests.acceptance.promotion import model, name_in, revert, running, wait_running
from tests.acceptance.site import Deployed, Site

FIRST, SECOND, THIRD = "1" * 64, "2" * 64, "3" * 64
ENVIRONMENTS = ("dev", "staging", "prod")


@pytest.fixture(scope="module")
def made(site: Site, promoted: Deployed) -> Deployed:
    site.follow(promoted)
    return promoted


def bump(made: Deployed, version: str, digest: str, environment: str = "dev") -> None:
    """What the build's pull request does to dev."""
    path = made.repository.folder / f"overlays/{environment}/version.yaml"
    lines = []
    for line in path.read_text().splitlines():
        key = line.split(":")[0]
        changed = {
            "  version": f'  version: "{version}"',
            "  image": line.split("sha256:")[0] + f"sha256:{digest}",
        }
        lines.append(changed.get(key, line))
    path.write_text("\n".join(lines) + "\n")


def kustodian(made: Deployed, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "kustodian", *words], cwd=made.repository.folder, capture_output=True, text=True, check=False
    )  # fmt: skip


def promote(made: Deployed, source: str, target: str) -> None:
    """`kustodian promote`, then `kustodian check`, as docs/promotion.md says."""
    for words in (["promote", source, target], ["check", f"overlays/{target}"]):
        run = kustodian(made, *words)
        assert run.returncode == 0, run.stdout + run.stderr


def test_a_version_goes_from_dev_to_prod_and_back(site: Site, made: Deployed) -> None:
    before = {environment: running(site, made, environment) for environment in ENVIRONMENTS}
    bump(made, "1.0.0", FIRST)
    site.push(made, "dev: 1.0.0")
    site.follow(made)
    wait_running(site, made, "dev", ("1", "1.0.0"))
    for environment in ("staging", "prod"):
        assert running(site, made, environment) == before[environment]
    for source, target in (("dev", "staging"), ("staging", "prod")):
        promote(made, source, target)
        site.push(made, f"{target}: 1.0.0")
        site.follow(made)
        wait_running(site, made, target, ("1", "1.0.0"))
    version = site.cluster.read("v1", "ConfigMap", f"{model(made)}-version", name_in(made, "prod"))
    assert version is not None and version["data"]["version"] == "1.0.0"
    # The next version reaches prod as well, turns out bad, and is taken back as docs/runbooks/roll-back.md says.
    bump(made, "1.1.0", SECOND)
    site.push(made, "dev: 1.1.0")
    for source, target in (("dev", "staging"), ("staging", "prod")):
        promote(made, source, target)
        site.push(made, f"{target}: 1.1.0")
    site.follow(made)
    wait_running(site, made, "prod", ("2", "1.1.0"))
    revert(site, made)
    site.follow(made)
    wait_running(site, made, "prod", ("1", "1.0.0"))
    assert running(site, made, "staging") == ("2", "1.1.0")
    with pytest.raises(AssertionError, match="prod runs"):
        wait_running(site, made, "prod", ("2", "1.1.0"), seconds=2)


def test_a_version_that_was_not_pushed_goes_nowhere(site: Site, made: Deployed) -> None:
    promote(made, "staging", "prod")
    made.repository.commit("prod: 1.1.0, again")
    site.argocd.refresh("Application", name_in(made, "prod"))
    with pytest.raises(AssertionError, match="Synced to"):
        site.argocd.wait_for_commit(name_in(made, "prod"), made.head, seconds=4)
    with pytest.raises(AssertionError, match="prod runs"):
        wait_running(site, made, "prod", ("2", "1.1.0"), seconds=1)
    made.repository.git("reset", "--hard", "--quiet", "HEAD~1")


def test_a_version_that_staging_never_ran_is_reported(made: Deployed) -> None:
    bump(made, "1.2.0", THIRD, "prod")
    run = kustodian(made, "check")
    made.repository.git("checkout", "--quiet", ".")
    assert "[image-skips-environment]: prod runs" in run.stdout, run.stdout


def test_a_version_without_a_digest_does_not_get_to_prod(made: Deployed) -> None:
    path = made.repository.folder / "overlays/staging/version.yaml"
    path.write_text(path.read_text().replace(f"@sha256:{SECOND}", ":1.1.0"))
    with pytest.raises(AssertionError, match="image-without-digest"):
        promote(made, "staging", "prod")
    made.repository.git("checkout", "--quiet", ".")


def test_a_version_file_without_an_image_changes_nothing(site: Site, made: Deployed) -> None:
    before = site.argocd.state(name_in(made, "dev")).application["spec"]
    path = made.repository.folder / "overlays/dev/version.yaml"
    text = path.read_text()
    path.write_text("\n".join(line for line in text.splitlines() if not line.startswith("  image:")) + "\n")
    site.push(made, "A mistake")

    def failed() -> str:
        found = site.cluster.read(API, "ApplicationSet", model(made), NAMESPACE) or {}
        return " ".join(
            condition["message"]
            for condition in found.get("status", {}).get("conditions", [])
            if condition["type"] == "ErrorOccurred" and condition["status"] == "True"
        )

    site.cluster.wait("the ApplicationSet's error", failed, 60)
    assert "image" in failed()
    assert site.argocd.state(name_in(made, "dev")).application["spec"] == before
    path.write_text(text)
    bump(made, "1.2.0", THIRD)
    site.push(made, "dev: 1.2.0")
    site.follow(made)
    site.argocd.wait(
        name_in(made, "dev"), "to show the version",
        lambda now: {"name": "version", "value": "1.2.0"} in now.application["spec"].get("info", []),
    )  # fmt: skip


@contextmanager
def git_away(made: Deployed) -> Iterator[None]:
    """While this lasts nobody reaches the repository that Argo CD reads."""
    remote = made.repository.folder.parent / f"{model(made)}.git"
    away = remote.rename(remote.with_suffix(".away"))
    try:
        yield
    finally:
        away.rename(remote)


def stays_off(site: Site, made: Deployed, environment: str) -> bool:
    """`argocd app set … --sync-policy none`; whether automated sync is still off some seconds later."""
    name = name_in(made, environment)
    application = {
        "apiVersion": API,
        "kind": "Application",
        "metadata": {"name": name, "namespace": NAMESPACE},
    }
    assert site.cluster.merge(application, {"spec": {"syncPolicy": {"automated": None}}}).ok
    return site.argocd.settle({name: is_automated}, seconds=4) == [name]


def roll_back(site: Site, made: Deployed, environment: str) -> None:
    """`argocd app rollback` to what was applied before; Argo CD renders it from what it has."""
    name = name_in(made, environment)
    application = site.argocd.state(name).application
    history, now = application["status"]["history"], application["status"]["operationState"]
    # What runs now is not always in the history: after a commit that did not render, Argo CD heals instead of syncing.
    deployed = now["syncResult"]["revision"]
    previous = next(item for item in reversed(history) if item["revision"] != deployed)
    options = application["spec"]["syncPolicy"]["syncOptions"]
    site.argocd.sync(name, revision=previous["revision"], source=previous["source"], syncOptions=options)


def application_set(made: Deployed) -> dict[str, Any]:
    metadata = {"name": model(made), "namespace": NAMESPACE}
    return {"apiVersion": API, "kind": "ApplicationSet", "metadata": metadata}


def is_automated(state: State) -> bool:
    return "automated" in state.application["spec"]["syncPolicy"]


def test_a_rollback_while_git_is_away(site: Site, made: Deployed) -> None:
    """As docs/runbooks/roll-back.md says."""
    wait_running(site, made, "dev", ("3", "1.2.0"))
    with git_away(made):
        # What one would try first does not work.
        assert not stays_off(site, made, "dev")
        ignored = [{"jsonPointers": ["/spec/syncPolicy/automated"]}]
        answer = site.cluster.merge(
            application_set(made), {"spec": {"ignoreApplicationDifferences": ignored}}
        )
        assert answer.ok, answer.message
        assert stays_off(site, made, "dev")
        roll_back(site, made, "dev")
        wait_running(site, made, "dev", ("2", "1.1.0"))
    # With git back, the ApplicationSet turns automated sync on again, and dev runs what git says.
    removal = [{"op": "remove", "path": "/spec/ignoreApplicationDifferences"}]
    path = site.cluster.path_of(application_set(made))
    assert site.cluster.request("PATCH", path, removal, "application/json-patch+json").ok
    wait_running(site, made, "dev", ("3", "1.2.0"))
    site.follow(made)
