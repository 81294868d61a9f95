"""The committed bundle, as a cluster would get it: what it refuses, what it warns of, what it leaves alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from kustodian.model.installed_files import engine_binary
from kustodian.policy.catalogue import by_id
from kustodian.render.engine import Engine, RenderOptions
from kustodian.review.check.options import CheckOptions
from kustodian.review.check.run import start
from tests.acceptance.cluster import Answer, Cluster

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "policies" / "admission"
FINALIZER = "kustodian.dev/test"
#: Kinds of the default repository whose CRDs this API server lacks.
NOT_SERVED = {"ExternalSecret", "HTTPRoute", "PrometheusRule", "ServiceMonitor"}


def role(name: str, kind: str = "Role", **metadata: Any) -> dict[str, Any]:
    """A role that may do everything."""
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": kind,
        "metadata": {"name": name, **metadata},
        "rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}],
    }


def pod(namespace: str, **security: Any) -> dict[str, Any]:
    """A pod that no rule finds fault with, but for what is given of its container's securityContext."""
    context = {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "runAsNonRoot": True,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    amounts = {"cpu": "1", "memory": "1Gi", "ephemeral-storage": "1Gi"}
    container = {
        "name": "server",
        "image": "registry.example.com/iris@sha256:" + "1" * 64,
        "resources": {"requests": amounts, "limits": amounts},
        "securityContext": {**context, **security},
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "iris", "namespace": namespace},
        "spec": {"containers": [container]},
    }


@pytest.fixture(scope="module")
def guarded() -> Iterator[Cluster]:
    """A control plane of its own, where the bundle denies; one role was there before it."""
    with Cluster() as cluster:
        for name in ("iris-dev", "iris-staging", "iris-prod", "elsewhere"):
            made = cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
            assert made.status == 201, made.message
        older = role("older", namespace="iris-prod", finalizers=[FINALIZER])
        assert cluster.apply(older).status == 201
        for name in ("policies.yaml", "bindings.yaml"):
            for item in yaml.safe_load_all((FOLDER / name).read_text()):
                made = cluster.create(item)
                assert made.status == 201, f"{item['metadata']['name']}: {made.message}"
        # The API server reads all policies and bindings at once, so the last one stands for all.
        probe = role("probe", "ClusterRole")
        probe["rules"][0] |= {
            "apiGroups": ["admissionregistration.k8s.io"],
            "resources": ["validatingwebhookconfigurations"],
        }
        cluster.wait("the bundle", lambda: "role-edits-webhooks" in said(cluster.create(probe, dry_run=True)))
        yield cluster


def said(answer: Answer) -> str:
    """The message and all warnings."""
    return "\n".join([answer.message, *answer.warnings])


def test_an_error_is_refused_in_its_environment_and_the_message_names_rule_and_fix(guarded: Cluster) -> None:
    good = guarded.create(pod("iris-prod"), dry_run=True)
    assert (good.status, good.warnings) == (201, []), said(good)
    # One rule only: where several policies refuse, the API server names any of them.
    broken = pod("iris-prod")
    broken["spec"]["hostPID"] = True
    refused = guarded.create(broken, dry_run=True)
    assert refused.status == 422, said(refused)
    assert "ValidatingAdmissionPolicy 'kustodian-host-namespaces'" in said(refused)
    assert "binding 'kustodian-host-namespaces-prod'" in said(refused)
    assert f"host-namespaces: {by_id()['host-namespaces'].manual.title}" in said(refused)
    assert by_id()["host-namespaces"].manual.fix in said(refused)


def test_the_environment_decides_between_a_warning_and_a_refusal(guarded: Cluster) -> None:
    warned = guarded.create(pod("iris-dev", runAsNonRoot=False), dry_run=True)
    assert warned.status == 201, said(warned)
    assert "kustodian-run-as-non-root-dev" in said(warned)
    refused = guarded.create(pod("iris-prod", runAsNonRoot=False), dry_run=True)
    assert refused.status == 422
    assert "kustodian-run-as-non-root-prod" in said(refused)


def test_other_namespaces_are_left_alone(guarded: Cluster) -> None:
    privileged = pod("elsewhere", privileged=True, allowPrivilegeEscalation=True)
    for data in (privileged, role("all", namespace="elsewhere")):
        answer = guarded.create(data, dry_run=True)
        assert (answer.status, answer.warnings) == (201, []), said(answer)


def test_roles_are_refused_in_the_namespace_and_cluster_roles_are_warned_of(guarded: Cluster) -> None:
    refused = guarded.create(role("all", namespace="iris-prod"), dry_run=True)
    assert refused.status == 422
    assert "kustodian-wildcard-role-prod" in said(refused)
    everywhere = guarded.create(role("all", "ClusterRole"), dry_run=True)
    assert everywhere.status == 201, said(everywhere)
    bindings = [w.split("binding '")[1].split("'")[0] for w in everywhere.warnings if "wildcard-role" in w]
    assert bindings == ["kustodian-wildcard-role--cluster-wide"]


def test_what_is_being_deleted_can_lose_its_finalizers(guarded: Cluster) -> None:
    older = role("older", namespace="iris-prod", finalizers=[FINALIZER])
    changed = role("older", namespace="iris-prod", finalizers=[FINALIZER], labels={"a": "b"})
    assert guarded.apply(changed).status == 422
    assert guarded.delete(older).status == 200
    assert guarded.apply(role("older", namespace="iris-prod")).status == 200
    assert guarded.delete(older).status == 404


@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
def test_the_default_repository_breaks_no_policy(guarded: Cluster, environment: str) -> None:
    with Engine(engine_binary()) as engine:
        run = start([ROOT / "overlays" / environment], CheckOptions(), engine)
        (rendered,) = engine.render(run.plan.root, run.plan.overlays, RenderOptions())
    assert rendered.error is None
    skipped = set()
    for manifest in rendered.objects:
        if not guarded.knows(manifest.data):
            skipped.add(manifest.kind)
            continue
        answer = guarded.apply(manifest.data, dry_run=True)
        assert answer.status in (200, 201), f"{manifest.kind} {manifest.name}: {said(answer)}"
        assert not [warning for warning in answer.warnings if "kustodian" in warning], said(answer)
    assert skipped <= NOT_SERVED
