"""Each step of test_argocd.py and its own check, asked of a repository that was broken for it."""

from __future__ import annotations

import pytest

from tests.acceptance.argocd import API
from tests.acceptance.checks import (
    changed_by_another_sync,
    drift,
    not_healthy,
    not_synced,
    workload_problems,
)
from tests.acceptance.compare import differences
from tests.acceptance.mistakes import MISTAKES, OVERLAY, Mistake, Step
from tests.acceptance.site import Deployed, Site


def of(step: Step) -> pytest.MarkDecorator:
    found = [mistake for mistake in MISTAKES if mistake.step == step]
    assert found
    return pytest.mark.parametrize("mistake", found, ids=[mistake.name for mistake in found])


def never_done(site: Site, made: Deployed, mistake: Mistake) -> None:
    """What waits for good repositories does not take this one for one, however often it looks."""
    with pytest.raises(AssertionError):
        site.argocd.wait_for_commit(mistake.application, made.head, seconds=2)


@of(Step.SYNCED)
def test_never_becomes_synced(site: Site, mistaken: dict[str, Deployed], mistake: Mistake) -> None:
    made = mistaken[mistake.name]
    (application,) = made.applications
    site.argocd.wait(
        mistake.application, f"to say {mistake.expected!r}", lambda now: mistake.expected in now.explain(), 60
    )
    never_done(site, made, mistake)
    kept = made.kept(application) if (made.repository.folder / "base/service.yaml").exists() else []
    assert not_synced(site.state(application), made.head, kept)
    # The servers come last: none of these mistakes lets a half of an environment start.
    assert site.cluster.items("apps/v1", "Deployment", mistake.application) == []
    if kept:
        assert any("Deployment" in line for line in differences(site.cluster, kept))


@of(Step.HEALTHY)
def test_never_becomes_healthy(site: Site, mistaken: dict[str, Deployed], mistake: Mistake) -> None:
    made = mistaken[mistake.name]
    (application,) = made.applications
    site.argocd.wait(
        mistake.application, f"to say {mistake.expected!r}",
        lambda now: now.operation == "Succeeded" and mistake.expected in now.explain(), 60,
    )  # fmt: skip
    never_done(site, made, mistake)
    state = site.state(application)
    assert not_synced(state, made.head, made.kept(application)) == []
    assert any(mistake.expected.split(":")[0] in line for line in not_healthy(state))
    # What Argo CD may have missed (see mistakes.py) the cluster says in any case.
    for rollout in site.cluster.items(API, "Rollout", application.name):
        assert rollout["status"]["phase"] == "Degraded"


def test_pods_that_do_not_run_are_counted(site: Site, mistaken: dict[str, Deployed]) -> None:
    for name in ("pool-that-nobody-has", "quota-that-is-too-small", "pod-that-is-privileged"):
        (application,) = mistaken[name].applications
        found = workload_problems(site.cluster, mistaken[name].objects(application))
        assert any(f"Deployment/{name}:" in line for line in found), found


@of(Step.RUNNING)
def test_is_called_healthy_and_does_not_work(
    site: Site, mistaken: dict[str, Deployed], mistake: Mistake
) -> None:
    made = mistaken[mistake.name]
    (application,) = made.applications
    state = site.argocd.wait_for_commit(mistake.application, made.head)
    assert not_healthy(state) == []

    def is_reported() -> bool:
        found = workload_problems(site.cluster, made.objects(application))
        return len(found) == 1 and found[0].startswith(mistake.expected)

    # The servers come first.
    site.cluster.wait(f"{mistake.expected} alone", is_reported, 60)


@of(Step.DIFFERENCES)
def test_is_called_synced_and_differs(site: Site, mistaken: dict[str, Deployed], mistake: Mistake) -> None:
    made = mistaken[mistake.name]
    (application,) = made.applications
    site.argocd.wait_for_commit(mistake.application, made.head)
    assert differences(site.cluster, made.kept(application)) == []
    made.repository.replace(f"{OVERLAY}/patches/quota.yaml", 'pods: "', 'pods: "1')
    site.push(made, "More pods")
    state = site.argocd.wait_for_commit(mistake.application, made.head)
    assert not_synced(state, made.head, made.kept(application)) == []
    found = differences(site.cluster, made.kept(application))
    assert any(line.startswith(mistake.expected) for line in found), found


@of(Step.AGAIN)
def test_is_changed_by_another_sync(site: Site, mistaken: dict[str, Deployed], mistake: Mistake) -> None:
    made = mistaken[mistake.name]
    (application,) = made.applications
    site.argocd.wait_for_commit(mistake.application, made.head)
    found = changed_by_another_sync(site, [(made, application)], seconds=90)[mistake.application]
    assert any(line.startswith(mistake.expected) for line in found), found


@of(Step.DRIFT)
def test_does_not_stay_synced(site: Site, mistaken: dict[str, Deployed], mistake: Mistake) -> None:
    made = mistaken[mistake.name]
    site.argocd.wait(
        mistake.application, "synced once", lambda now: now.operation != "" and now.revision == made.head
    )
    found = drift(site, [mistake.application], 15)
    assert mistake.expected in found[mistake.application]
