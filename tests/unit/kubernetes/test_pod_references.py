"""The objects that pods, Ingresses, Gateways and others name."""

from __future__ import annotations

from typing import Any

import pytest

from kustodian.kubernetes.pod_references import (
    is_final,
    mentioned_in_commands,
    other_secret_references,
    pod_references,
    references_of,
)
from kustodian.kubernetes.pods.workload import pods_of
from kustodian.model.manifest import Manifest
from tests.unit.kubernetes.builders import deployment, manifest, objects, pod

C = ("spec", "containers", 0)
V = ("spec", "volumes", 0)


def container(**fields: Any) -> dict[str, Any]:
    return {"containers": [{"name": "c", **fields}]}


def volume(**fields: Any) -> dict[str, Any]:
    return {"volumes": [{"name": "v", **fields}]}


@pytest.mark.parametrize(("spec", "kind", "name", "how", "path"), [
    (container(envFrom=[{"configMapRef": {"name": "x"}}]), "ConfigMap", "x", "env", (*C, "envFrom", 0, "configMapRef", "name")),
    (container(envFrom=[{"secretRef": {"name": "x"}}]), "Secret", "x", "env", (*C, "envFrom", 0, "secretRef", "name")),
    (
        container(env=[{"valueFrom": {"configMapKeyRef": {"name": "x"}}}]),
        "ConfigMap", "x", "env", (*C, "env", 0, "valueFrom", "configMapKeyRef", "name"),
    ),
    (
        container(env=[{"valueFrom": {"secretKeyRef": {"name": "x"}}}]),
        "Secret", "x", "env", (*C, "env", 0, "valueFrom", "secretKeyRef", "name"),
    ),
    (container(storageUri="pvc://x/model"), "PersistentVolumeClaim", "x", "volume", (*C, "storageUri")),
    (volume(configMap={"name": "x"}), "ConfigMap", "x", "volume", (*V, "configMap", "name")),
    (volume(secret={"secretName": "x"}), "Secret", "x", "volume", (*V, "secret", "secretName")),
    (volume(persistentVolumeClaim={"claimName": "x"}), "PersistentVolumeClaim", "x", "volume", (*V, "persistentVolumeClaim", "claimName")),
    (
        volume(projected={"sources": [{"serviceAccountToken": {}}, {"secret": {"name": "x"}}]}),
        "Secret", "x", "volume", (*V, "projected", "sources", 1, "secret", "name"),
    ),
    (
        volume(projected={"sources": [{"configMap": {"name": "x"}}]}),
        "ConfigMap", "x", "volume", (*V, "projected", "sources", 0, "configMap", "name"),
    ),
    (volume(azureFile={"secretName": "x"}), "Secret", "x", "volume", (*V, "azureFile", "secretName")),
    (volume(csi={"nodePublishSecretRef": {"name": "x"}}), "Secret", "x", "volume", (*V, "csi", "nodePublishSecretRef", "name")),
    (
        volume(csi={"driver": "secrets-store.csi.k8s.io", "volumeAttributes": {"secretProviderClass": "x"}}),
        "SecretProviderClass", "x", "volume", (*V, "csi", "volumeAttributes", "secretProviderClass"),
    ),
    *(
        (volume(**{source: {"secretRef": {"name": "x"}}}), "Secret", "x", "volume", (*V, source, "secretRef", "name"))
        for source in ("cephfs", "cinder", "flexVolume", "iscsi", "rbd", "scaleIO", "storageos")
    ),
    ({"imagePullSecrets": [{"name": "x"}]}, "Secret", "x", "pull", ("spec", "imagePullSecrets", 0, "name")),
    ({"serviceAccountName": "x"}, "ServiceAccount", "x", "runs as", ("spec", "serviceAccountName")),
    ({"serviceAccount": "x"}, "ServiceAccount", "x", "runs as", ("spec", "serviceAccount")),
])  # fmt: skip
def test_references(
    spec: dict[str, Any], kind: str, name: str, how: str, path: tuple[str | int, ...]
) -> None:
    (found,) = references_of(pod(**spec))
    assert (found.kind, found.name, found.how, found.path) == (kind, name, how, path)
    assert not found.optional


@pytest.mark.parametrize("spec", [
    {},
    {"serviceAccountName": "default"},
    {"serviceAccountName": None},
    container(envFrom=None, env=None),
    container(envFrom=["x", {"secretRef": None}, {"secretRef": {}}, {"secretRef": {"name": 3}}]),
    container(env=[{"name": "A", "value": "b"}, {"valueFrom": None}, {"valueFrom": {"fieldRef": {"fieldPath": "x"}}}]),
    container(storageUri="s3://pvc/x"),
    container(storageUri=3),
    volume(emptyDir={}),
    volume(secret=None, configMap={}, projected={"sources": [None]}),
    volume(csi={"driver": "other.example.com", "volumeAttributes": {"secretProviderClass": "x"}}),
    {"volumes": [None]},
    {"imagePullSecrets": [{}]},
])  # fmt: skip
def test_no_references(spec: dict[str, Any]) -> None:
    assert references_of(pod(**spec)) == ()


def test_keys_and_options() -> None:
    env = [{"valueFrom": {"secretKeyRef": {"name": "s", "key": "token"}}}]
    volumes = [
        {"name": "v", "secret": {"secretName": "s", "items": [{"key": "a"}, {"path": "x"}, None, {"key": "b"}], "optional": True}},
    ]  # fmt: skip
    by_env, by_volume = references_of(pod(containers=[{"name": "c", "env": env}], volumes=volumes))
    assert by_env.keys == (("token", (*C, "env", 0, "valueFrom", "secretKeyRef", "key")),)
    assert (by_env.user, by_env.optional) == ('container "c"', False)
    assert by_volume.keys == (
        ("a", (*V, "secret", "items", 0, "key")),
        ("b", (*V, "secret", "items", 3, "key")),
    )
    assert (by_volume.user, by_volume.optional) == ('volume "v"', True)


def test_pod_references_leave_out_what_need_not_exist() -> None:
    sources: list[dict[str, Any]] = [
        {"secretRef": {"name": "needed"}},
        {"secretRef": {"name": "optional", "optional": True}},
        {"secretRef": {"name": "$(LATER)"}},
        {"configMapRef": {"name": "other-kind"}},
    ]
    found = list(
        pod_references(
            objects(deployment("d", "a", containers=[{"name": "c", "envFrom": sources}])), "Secret"
        )
    )
    assert [(reference.name, reference.namespace) for reference in found] == [("needed", "a")]
    assert found[0].path == ("spec", "template", *C, "envFrom", 0, "secretRef", "name")


def test_a_field_that_several_pods_of_an_owner_share_counts_once() -> None:
    spec = {"volumes": [{"name": "v", "secret": {"secretName": "s"}}], "driver": {}, "executor": {}}
    spark = manifest("sparkoperator.k8s.io/v1beta2", "SparkApplication", spec)
    assert len(pods_of(spark)) == 2
    (found,) = pod_references(objects(spark), "Secret")
    assert found.path == ("spec", "volumes", 0, "secret", "secretName")


SERVICE_ACCOUNT = Manifest({
    "apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "m"},
    "secrets": [{"name": "x"}], "imagePullSecrets": [None, {"name": "y"}],
})  # fmt: skip


@pytest.mark.parametrize(("user", "names"), [
    (SERVICE_ACCOUNT, {("x", ("secrets", 0, "name")), ("y", ("imagePullSecrets", 1, "name"))}),
    (manifest("networking.k8s.io/v1", "Ingress", {"tls": [{"secretName": "x"}]}), {("x", ("spec", "tls", 0, "secretName"))}),
    (manifest("extensions/v1beta1", "Ingress", {"tls": [{"secretName": "x"}]}), {("x", ("spec", "tls", 0, "secretName"))}),
    (
        manifest("gateway.networking.k8s.io/v1", "Gateway", {"listeners": [{}, {"tls": {"certificateRefs": [
            {"name": "x"}, {"name": "y", "kind": "ConfigMap"}, {"name": "z", "namespace": "elsewhere"},
        ]}}]}),
        {("x", ("spec", "listeners", 1, "tls", "certificateRefs", 0, "name"))},
    ),
    (
        manifest("keda.sh/v1alpha1", "TriggerAuthentication", {"secretTargetRef": [{"name": "x", "key": "k"}]}),
        {("x", ("spec", "secretTargetRef", 0, "name"))},
    ),
    (manifest("v1", "ConfigMap"), set()),
    (manifest("networking.k8s.io/v1", "Ingress", {"tls": None}), set()),
    (manifest("gateway.networking.k8s.io/v1", "Gateway", {"listeners": [{"tls": None}]}), set()),
])  # fmt: skip
def test_objects_that_use_secrets(user: Manifest, names: set[tuple[str, tuple[str | int, ...]]]) -> None:
    found = list(other_secret_references(objects(user)))
    assert {(reference.name, reference.path) for reference in found} == names
    assert all(reference.user == f"{user.kind} m" and reference.namespace == "default" for reference in found)


@pytest.mark.parametrize(("name", "final"), [
    ("iris", True), ("", False), ("$(NAME)", False), ("{{name}}-x", False), ("${NAME}", False), ("$NAME", True),
])  # fmt: skip
def test_is_final(name: str, final: bool) -> None:
    assert is_final(name) is final


def test_mentioned_in_commands() -> None:
    there = objects(deployment("d", "a", initContainers=[
        {"name": "i", "command": ["sh", "-c", "kubectl create secret generic made"]},
        {"name": "j", "args": [3, None, "other"]},
    ]))  # fmt: skip
    assert mentioned_in_commands("made", "a", there)
    assert mentioned_in_commands("other", "a", there)
    assert not mentioned_in_commands("made", "b", there)
    assert not mentioned_in_commands("absent", "a", there)
