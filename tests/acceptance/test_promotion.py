"""Promotion, rollback, self-healing and pruning, as the generated documents describe them, with a real Argo CD.

`promoted` is the default repository, `neglected` one whose ApplicationSet keeps none of the promises: each check that the
first passes has to see the second. The tests are one story and run in this order.
"""

from __future__ import annotations

import datetime
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.acceptance.argocd import API, NAMESPACE
from tests.acceptance.compare import differences, versions
from tests.acceptance.site import Deployed, Site

pytestmark = pytest.mark.xdist_group("site")

FIRST, SECOND, THIRD = "1" * 64, "2" * 64, "3" * 64
ENVIRONMENTS = ("dev", "staging", "prod")


@pytest.fixture(scope="module")
def made(site: Site, promoted: Deployed) -> Deployed:
    site.follow(promoted)
    return promoted


@pytest.fixture(scope="module")
def bad(site: Site, neglected: Deployed) -> Deployed:
    site.follow(neglected)
    return neglected


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


def revert(site: Site, made: Deployed, commit: str = "HEAD") -> None:
    """What docs/runbooks/roll-back.md says, as far as git goes."""
    made.repository.git("revert", "--no-edit", commit)
    site.push(made)


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
    run = kustodian(made, "check", "overlays/prod", "overlays/staging")
    made.repository.git("checkout", "--quiet", ".")
    assert "image-skips-environment" in run.stdout
    assert run.returncode == 1, run.stdout


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


@dataclass
class Edit:
    """A change by hand of one field, and how to see whether it is still there."""

    what: str
    data: dict[str, Any]
    change: dict[str, Any]
    value: Callable[[dict[str, Any]], Any]

    def remains(self, site: Site, edited: Any) -> bool:
        """Whether nobody has undone it."""
        return bool(self.value(site.cluster.get(site.cluster.path_of(self.data)).body) == edited)


def edits_that_stay(site: Site, made: Deployed, environment: str, seconds: float) -> list[str]:
    """Edit fields and delete an object by hand; what nobody has undone after some seconds."""
    edits = [
        Edit(
            "the grace period", live(site, made, environment, "apps/v1", "Deployment"),
            {"spec": {"template": {"spec": {"terminationGracePeriodSeconds": 120}}}},
            lambda data: data["spec"]["template"]["spec"]["terminationGracePeriodSeconds"],
        ),
        Edit(
            "the quota", live(site, made, environment, "v1", "ResourceQuota"),
            {"spec": {"hard": {"pods": "999"}}}, lambda data: data["spec"]["hard"]["pods"],
        ),
    ]  # fmt: skip
    edited = []
    for edit in edits:
        answer = site.cluster.merge(edit.data, edit.change)
        assert answer.ok and edit.value(answer.body) != edit.value(edit.data)
        edited.append(edit.value(answer.body))
    service = live(site, made, environment, "v1", "Service")
    assert site.cluster.delete(service).ok

    def left() -> list[str]:
        found = [edit.what for edit, value in zip(edits, edited, strict=True) if edit.remains(site, value)]
        gone = site.cluster.read("v1", "Service", model(made), name_in(made, environment)) is None
        return [*found, "no Service"] if gone else found

    deadline = time.monotonic() + seconds
    while left() and time.monotonic() < deadline:
        time.sleep(0.2)
    return left()


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_an_edit_by_hand_is_undone(site: Site, made: Deployed, environment: str) -> None:
    assert edits_that_stay(site, made, environment, seconds=60) == []
    application = made.named(name_in(made, environment))
    site.argocd.wait_for_commit(application.name, made.head)
    site.cluster.wait("nothing differs", lambda: differences(site.cluster, made.kept(application)) == [], 60)


def test_an_edit_by_hand_stays_where_nothing_heals(site: Site, bad: Deployed) -> None:
    assert edits_that_stay(site, bad, "dev", seconds=4) == ["the grace period", "the quota", "no Service"]
    site.argocd.wait(name_in(bad, "dev"), "OutOfSync", lambda now: now.sync == "OutOfSync")
    # `argocd app sync` is what is left to do.
    site.argocd.sync(name_in(bad, "dev"), syncOptions=["ServerSideApply=true"])
    site.argocd.wait_for_commit(name_in(bad, "dev"), bad.head)


def remaining_limits(site: Site, made: Deployed) -> list[str]:
    """Take the limit range out of git; the environments that still have it when Argo CD has looked and acted."""
    made.repository.replace("base/kustomization.yaml", "  - limit-range.yaml\n", "")
    (made.repository.folder / "base/limit-range.yaml").unlink()
    commit = site.push(made, "No limit range")
    key = f"LimitRange/{model(made)}"
    for name in made.names:
        prunes = site.argocd.state(name).application["spec"]["syncPolicy"]["automated"].get("prune", False)
        site.argocd.wait(
            name, "to have looked at what left git",
            lambda now, prunes=prunes: now.revision == commit and now.resources.get(key) == (None if prunes else "OutOfSync"),
        )  # fmt: skip
    return [
        environment
        for environment in ENVIRONMENTS
        if site.cluster.read("v1", "LimitRange", model(made), name_in(made, environment))
    ]


def test_what_leaves_git_is_pruned_outside_of_prod_only(site: Site, made: Deployed) -> None:
    assert remaining_limits(site, made) == ["prod"]
    for environment in ("dev", "staging"):
        site.argocd.wait_for_commit(name_in(made, environment), made.head)
    # prod shows it, and nothing else, for as long as nobody does something.
    prod, key = name_in(made, "prod"), f"LimitRange/{model(made)}"
    with pytest.raises(AssertionError, match="OutOfSync"):
        site.argocd.wait_for_commit(prod, made.head, seconds=4)
    state = site.argocd.state(prod)
    assert state.sync == "OutOfSync"
    assert [name for name, status in state.resources.items() if status != "Synced"] == [key]
    # A sync without --prune does not do it either.
    options = state.application["spec"]["syncPolicy"]["syncOptions"]
    site.argocd.sync(prod, syncOptions=options)
    site.argocd.wait(
        prod, "a sync", lambda now: now.finished != state.finished and now.operation == "Succeeded"
    )
    assert live(site, made, "prod", "v1", "LimitRange")
    # `argocd app sync … --prune`, as argocd/README.md says.
    site.argocd.sync(prod, prune=True, syncOptions=options)
    site.argocd.wait_for_commit(prod, made.head)
    assert site.cluster.read("v1", "LimitRange", model(made), prod) is None
    revert(site, made)
    site.follow(made)
    assert live(site, made, "prod", "v1", "LimitRange")


def test_a_prod_that_prunes_by_itself_is_seen(site: Site, bad: Deployed) -> None:
    assert remaining_limits(site, bad) == []


def drop_claim(made: Deployed, environment: str) -> None:
    """Take the model's volume out of an overlay."""
    patch = {
        "target": {"kind": "PersistentVolumeClaim"},
        "patch": "$patch: delete\napiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: any}\n",
    }
    made.repository.edit(
        f"overlays/{environment}/kustomization.yaml", lambda data: data["patches"].append(patch)
    )


def test_a_model_volume_is_only_pruned_after_a_person_has_confirmed(site: Site, made: Deployed) -> None:
    name = name_in(made, "staging")
    claim = {
        "apiVersion": "v1", "kind": "PersistentVolumeClaim",
        "metadata": {"name": f"{model(made)}-models", "namespace": name},
    }  # fmt: skip

    def is_leaving() -> bool:
        answer = site.cluster.get(site.cluster.path_of(claim))
        return answer.status == 404 or "deletionTimestamp" in answer.body["metadata"]

    drop_claim(made, "staging")
    site.push(made, "No model volume")
    site.argocd.wait(name, "to ask", lambda now: "waiting for pruning confirmation" in now.explain())
    with pytest.raises(AssertionError, match="the volume"):
        site.cluster.wait("the volume is deleted", is_leaving, 4)
    # What "Confirm Pruning" of the user interface does.
    approved = {"argocd.argoproj.io/deletion-approved": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")}  # fmt: skip
    application = {
        "apiVersion": API,
        "kind": "Application",
        "metadata": {"name": name, "namespace": NAMESPACE},
    }
    assert site.cluster.merge(application, {"metadata": {"annotations": approved}}).ok
    site.cluster.wait("the volume is deleted", is_leaving, 60)
    # It stays until the last server that mounts it is gone: the servers run on.
    assert running(site, made, "staging") == ("2", "1.1.0")


def gone_with_its_environment(site: Site, made: Deployed, environment: str, seconds: float) -> list[str]:
    """Take the whole folder of an environment out of git; what of it is gone or changed some seconds later."""
    application = made.named(name_in(made, environment))
    kept = made.kept(application)
    before = versions(site.cluster, kept)
    made.repository.drop(f"overlays/{environment}")
    site.push(made, f"No {environment}")

    def gone() -> list[str]:
        found = [key for key, version in versions(site.cluster, kept).items() if version != before[key]]
        exists = site.cluster.read(API, "Application", application.name, NAMESPACE)
        return found if exists else [*found, f"Application/{application.name}"]

    deadline = time.monotonic() + seconds
    while len(gone()) <= len(kept) and time.monotonic() < deadline:
        time.sleep(0.5)
    return gone()


def test_an_environment_that_leaves_git_keeps_running(site: Site, made: Deployed) -> None:
    before = running(site, made, "dev")
    assert gone_with_its_environment(site, made, "dev", seconds=8) == []
    assert running(site, made, "dev") == before
    # Argo CD says what is the matter; the others go on.
    state = site.argocd.wait(name_in(made, "dev"), "Unknown", lambda now: now.sync == "Unknown", 60)
    assert "overlays/dev" in state.conditions["ComparisonError"]
    site.argocd.wait_for_commit(name_in(made, "prod"), made.head)
    revert(site, made)
    site.argocd.wait_for_commit(name_in(made, "dev"), made.head)


def test_an_environment_that_goes_with_its_folder_is_seen(site: Site, bad: Deployed) -> None:
    namespace = name_in(bad, "dev")
    found = gone_with_its_environment(site, bad, "dev", seconds=45)
    assert f"Application/{namespace}" in found
    assert f"Deployment/{model(bad)}" in found


def test_an_application_set_that_is_removed_leaves_the_servers(site: Site, made: Deployed) -> None:
    application = made.named(name_in(made, "prod"))
    before, pods = versions(site.cluster, made.kept(application)), running(site, made, "prod")
    data = {
        "apiVersion": API,
        "kind": "ApplicationSet",
        "metadata": {"name": model(made), "namespace": NAMESPACE},
    }
    assert site.cluster.delete(data).ok
    site.cluster.wait(
        "the Applications are gone", lambda: not set(made.names) & set(site.argocd.states()), 60
    )
    assert versions(site.cluster, made.kept(application)) == before
    assert running(site, made, "prod") == pods
    # Applying argocd/ again takes everything over as it is.
    site.argocd.connect(made.rendered("argocd"))
    site.argocd.wait_for_commit(application.name, made.head)
    assert versions(site.cluster, made.kept(application)) == before
