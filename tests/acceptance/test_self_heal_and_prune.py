"""What Argo CD undoes, deletes and leaves alone, as the generated documents say, with a real Argo CD.

`promoted` is the default repository, `neglected` one whose ApplicationSet keeps none of the promises: each check that the
first passes has to see the second. The tests are one story and run in this order.
"""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.acceptance.argocd import API, NAMESPACE
from tests.acceptance.compare import differences, versions
from tests.acceptance.promotion import live, model, name_in, revert, running
from tests.acceptance.site import Deployed, Site

ENVIRONMENTS = ("dev", "staging", "prod")


@pytest.fixture(scope="module")
def made(site: Site, promoted: Deployed) -> Deployed:
    site.follow(promoted)
    return promoted


@pytest.fixture(scope="module")
def bad(site: Site, neglected: Deployed) -> Deployed:
    site.follow(neglected)
    return neglected


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

    before = running(site, made, "staging")
    drop_claim(made, "staging")
    site.push(made, "No model volume")
    site.argocd.wait(name, "to ask", lambda now: "Waiting for pruning confirmation" in now.explain())
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
    assert before[0] and running(site, made, "staging") == before


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
