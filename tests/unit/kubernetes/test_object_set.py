"""Look-ups among the objects of an overlay."""

from __future__ import annotations

import pytest

from kustodian.kubernetes.object_set import namespace_of
from kustodian.model.manifest import Manifest
from tests.unit.kubernetes.builders import deployment, manifest, objects

NEW = manifest("apps/v1", "Deployment", name="new", namespace="a")
OLD = manifest("apps/v1beta1", "Deployment", name="old", namespace="a")
FOREIGN = manifest("example.com/v1", "Deployment", name="foreign")
SERVICE = manifest("v1", "Service", name="s")
ROLE = manifest("rbac.authorization.k8s.io/v1", "ClusterRole", name="r", namespace="ignored")
ALL = objects(NEW, SERVICE, OLD, FOREIGN, ROLE)


@pytest.mark.parametrize(("group", "kinds", "names"), [
    ("apps", ("Deployment",), ["new", "old"]),
    ("", ("Service",), ["s"]),
    ("apps", ("StatefulSet",), []),
    ("apps", ("StatefulSet", "Deployment"), ["new", "old"]),
    ("apps", (), []),
    ("", ("Deployment",), []),
    ("example.com", ("Deployment", "Deployment"), ["foreign", "foreign"]),
])  # fmt: skip
def test_of(group: str, kinds: tuple[str, ...], names: list[str]) -> None:
    assert [found.name for found in ALL.of(group, *kinds)] == names


def test_it_iterates_in_rendered_order() -> None:
    assert list(ALL) == [NEW, SERVICE, OLD, FOREIGN, ROLE]
    assert len(ALL) == 5
    assert (list(objects()), len(objects())) == ([], 0)


def test_find() -> None:
    assert ALL.find("apps", "Deployment", "a", "new") is NEW
    assert ALL.find("apps", "Deployment", "default", "new") is None
    assert ALL.find("", "Deployment", "a", "new") is None
    assert ALL.find("", "Service", "default", "s") is SERVICE
    assert ALL.find("rbac.authorization.k8s.io", "ClusterRole", "anywhere", "r") is ROLE
    assert ALL.find("", "Service", "default", "") is None


@pytest.mark.parametrize(("data", "namespace"), [
    ({"kind": "Service", "metadata": {"namespace": "a"}}, "a"),
    ({"kind": "Service"}, "default"),
    ({"kind": "Service", "metadata": {"namespace": ""}}, "default"),
    ({"kind": "Service", "metadata": {"namespace": None}}, "default"),
    ({"kind": "Service", "metadata": {"namespace": 3}}, "default"),
    ({"kind": "Service", "metadata": None}, "default"),
    ({"kind": "Namespace", "metadata": {"name": "a", "namespace": "b"}}, ""),
    ({"kind": "ClusterRole"}, ""),
    ({}, "default"),
])  # fmt: skip
def test_namespace_of(data: dict[str, object], namespace: str) -> None:
    assert namespace_of(Manifest(data)) == namespace


def test_pods_of_all_objects_by_namespace_and_label() -> None:
    one = deployment("one", "a", {"app": "x", "tier": "web"})
    two = deployment("two", "a", {"app": "x", "port": 1})
    three = deployment("three", labels={"app": "x"})
    found = objects(one, manifest("v1", "ConfigMap"), two, three)
    assert [pod.owner for pod in found.pods] == [one, two, three]
    assert [pod.owner for pod in found.pods_in("a")] == [one, two]
    assert [pod.owner for pod in found.pods_in("default")] == [three]
    assert found.pods_in("nowhere") == []
    assert [pod.owner for pod in found.pods_carrying({"app": "x"}, "a")] == [one, two]
    assert [pod.owner for pod in found.pods_carrying({"app": "x", "tier": "web"}, "a")] == [one]
    assert [pod.owner for pod in found.pods_carrying({}, "a")] == [one, two]
    assert found.pods_carrying({"app": "x", "absent": "y"}, "a") == []
    assert found.pods_carrying({"tier": "web"}, "default") == []
