"""Roles and bindings: what they grant, and to whom."""

from __future__ import annotations

from typing import Any

import pytest

from kustodian.kubernetes.rbac import (
    Grant,
    Right,
    granted,
    grants,
    is_for_people_only,
    rights_of,
    role_of,
    subjects,
)
from kustodian.model.manifest import Manifest
from tests.unit.kubernetes.builders import objects

V1 = "rbac.authorization.k8s.io/v1"


def role(*rules: object, kind: str = "Role", **fields: Any) -> Manifest:
    return Manifest({
        "apiVersion": V1, "kind": kind, "metadata": {"name": "r", "namespace": "a"}, "rules": list(rules), **fields,
    })  # fmt: skip


def rule(
    resources: object = ("secrets",), verbs: object = ("get",), groups: object = ("",), **more: Any
) -> dict[str, Any]:
    parts = {"apiGroups": groups, "resources": resources, "verbs": verbs}
    return {key: list(value) if isinstance(value, tuple) else value for key, value in parts.items()} | more


def test_grants() -> None:
    written = role(
        None, rule(("pods", "secrets"), ("get", 3), resourceNames=["x"], nonResourceURLs=["/metrics"]), {}
    )
    assert grants(written) == [
        Grant(("rules", 1), ("",), ("pods", "secrets"), ("get",), ("x",), ("/metrics",)),
        Grant(("rules", 2), (), (), (), (), ()),
    ]
    assert grants(role(rule(), aggregationRule={"clusterRoleSelectors": [{}]})) == []
    assert grants(Manifest({"kind": "Role", "rules": None})) == []


@pytest.mark.parametrize(("verbs", "sought", "allowed"), [
    (("get", "list"), ("list", "watch", "get"), ["list", "get"]),
    (("*",), ("list", "get"), ["list", "get"]),
    ((), ("get",), []),
    (("get",), (), []),
])  # fmt: skip
def test_allows(verbs: tuple[str, ...], sought: tuple[str, ...], allowed: list[str]) -> None:
    assert Grant((), (), (), verbs, (), ()).allows(sought) == allowed


@pytest.mark.parametrize(("groups", "resources", "index"), [
    (("",), ("pods", "secrets"), 1),
    (("",), ("secrets", "configmaps"), 0),
    (("*",), ("secrets",), 0),
    (("apps",), ("secrets",), None),
    (("",), ("pods",), None),
    (("",), ("*",), None),
    ((), ("secrets",), None),
])  # fmt: skip
def test_index_of(groups: tuple[str, ...], resources: tuple[str, ...], index: int | None) -> None:
    grant = Grant((), groups, resources, (), (), ())
    assert grant.index_of([""], ["configmaps", "secrets"]) == index


def test_granted() -> None:
    written = role(
        rule(("pods",)),
        rule(("pods", "secrets"), ("get", "list")),
        rule(("secrets",), ("watch",)),
        rule(("secrets",), ("*",)),
    )
    found = list(granted(written, iter([""]), iter(["secrets"]), iter(["get", "delete"])))
    assert [(path, resource, verbs) for _, path, resource, verbs in found] == [
        (("rules", 1, "resources", 1), "secrets", ["get"]),
        (("rules", 3, "resources", 0), "secrets", ["get", "delete"]),
    ]
    assert found[0][0] == grants(written)[1]
    assert list(granted(written, ["apps"], ["secrets"], ["get"])) == []


@pytest.mark.parametrize(("rules", "rights"), [
    ([rule(("pods", "secrets"), ("get", "list"), ("",))], ["get pods", "get secrets", "list pods", "list secrets"]),
    ([rule(("deployments",), groups=("apps",), resourceNames=["iris", "x"])], ["get deployments.apps named iris", "get deployments.apps named x"]),
    ([{"nonResourceURLs": ["/metrics"], "verbs": ["get"]}], ["get /metrics"]),
    ([rule(resources=())], []),
    ([rule(verbs=None)], []),
    ([], []),
])  # fmt: skip
def test_rights_of(rules: list[dict[str, Any]], rights: list[str]) -> None:
    assert sorted(str(right) for right in rights_of(role(*rules))) == rights


def url(verb: str, path: str) -> Right:
    return Right(verb, "", path, is_url=True)


@pytest.mark.parametrize(("right", "other", "covers"), [
    (Right("get", "", "pods"), Right("get", "", "pods"), True),
    (Right("get", "", "pods"), Right("get", "", "pods", "iris"), True),
    (Right("get", "", "pods", "iris"), Right("get", "", "pods"), False),
    (Right("get", "", "pods", "iris"), Right("get", "", "pods", "iris"), True),
    (Right("get", "", "pods", "iris"), Right("get", "", "pods", "x"), False),
    (Right("*", "*", "*"), Right("get", "apps", "deployments", "x"), True),
    (Right("get", "*", "pods"), Right("*", "*", "pods"), False),
    (Right("get", "", "pods"), Right("list", "", "pods"), False),
    (Right("get", "", "pods"), Right("get", "apps", "pods"), False),
    (Right("get", "", "pods"), Right("get", "", "pods/log"), False),
    (Right("get", "", "*"), Right("get", "", "pods/log"), True),
    (Right("get", "", "*/log"), Right("get", "", "pods/log"), True),
    (Right("get", "", "*/log"), Right("get", "", "pods/exec"), False),
    (Right("get", "", "*/log"), Right("get", "", "pods"), False),
    # A right to all resources gives none to URLs, nor the other way round.
    (Right("*", "*", "*"), url("get", "/metrics"), False),
    (url("*", "*"), Right("get", "", "pods"), False),
    (url("get", "/metrics"), url("get", "/metrics"), True),
    (url("get", "/metrics"), url("post", "/metrics"), False),
    (url("get", "*"), url("get", "/metrics"), True),
    (url("get", "/api/*"), url("get", "/api/v1"), True),
    (url("get", "/api/*"), url("get", "/apis"), False),
    (url("get", "/api"), url("get", "/api/v1"), False),
    (url("get", "/api/v1"), url("get", "/api/*"), False),
])  # fmt: skip
def test_covers(right: Right, other: Right, covers: bool) -> None:
    assert right.covers(other) is covers


def test_rights_of_urls_are_marked() -> None:
    rule = {"nonResourceURLs": ["*"], "verbs": ["get"]}
    assert rights_of(role(rule)) == {url("get", "*")}


def binding(kind: str, name: str, *who: object, to: str = "RoleBinding", namespace: str = "a") -> Manifest:
    return Manifest({
        "apiVersion": V1, "kind": to, "metadata": {"name": "b", "namespace": namespace},
        "roleRef": {"kind": kind, "name": name}, "subjects": list(who),
    })  # fmt: skip


def test_role_and_subjects_of_a_binding() -> None:
    found = binding("ClusterRole", "r", None, {"kind": "User"})
    assert role_of(found) == ("ClusterRole", "r")
    assert subjects(found) == [(1, {"kind": "User"})]
    assert role_of(Manifest({"roleRef": None})) == ("", "")
    assert subjects(Manifest({"subjects": "x"})) == []


USER, GROUP = {"kind": "User", "name": "ada"}, {"kind": "Group", "name": "ml"}
SYSTEM, ACCOUNT = {"kind": "Group", "name": "system:authenticated"}, {"kind": "ServiceAccount", "name": "s"}


@pytest.mark.parametrize(("kind", "bindings", "expected"), [
    ("Role", [binding("Role", "r", USER, GROUP)], True),
    ("Role", [binding("Role", "r", USER), binding("Role", "r", ACCOUNT)], False),
    ("Role", [binding("Role", "r", SYSTEM)], False),
    ("Role", [binding("Role", "r")], False),
    ("Role", [], False),
    ("Role", [binding("Role", "other", USER)], False),
    ("Role", [binding("ClusterRole", "r", USER)], False),
    ("Role", [binding("Role", "r", USER, namespace="b")], False),
    ("Role", [binding("Role", "r", USER), binding("Role", "r", ACCOUNT, namespace="b")], True),
    ("ClusterRole", [binding("ClusterRole", "r", USER, namespace="b")], True),
    ("ClusterRole", [binding("ClusterRole", "r", USER), binding("ClusterRole", "r", ACCOUNT, to="ClusterRoleBinding")], False),
])  # fmt: skip
def test_is_for_people_only(kind: str, bindings: list[Manifest], expected: bool) -> None:
    assert is_for_people_only(role(kind=kind), objects(*bindings)) is expected
