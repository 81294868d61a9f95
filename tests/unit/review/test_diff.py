"""Differences of rendered objects: semantic, paired, and with their risks."""

from __future__ import annotations

from typing import Any

import pytest

from kustodian.model.manifest import Manifest
from kustodian.model.results.difference import ABSENT, FieldChange
from kustodian.review.diff.fields import HIDDEN, field_changes, without_secrets
from kustodian.review.diff.risks import risks_of


def paths(before: Any, after: Any) -> list[str]:
    return [change.path for change in field_changes(before, after)]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1}, {"a": 2, "b": 3}, ["a", "b"]),
        ({"l": [{"name": "x", "v": 1}, {"name": "y", "v": 1}]}, {"l": [{"name": "y", "v": 1}, {"name": "x", "v": 2}]},
         ["l[name=x].v", "l (order)"]),
        ({"l": [{"name": "x"}]}, {"l": [{"name": "x"}, {"name": "y"}]}, ["l[name=y]"]),
        ({"l": ["a", "b"]}, {"l": ["a"]}, ["l[1]"]),
        ({"l": ["a", "b"]}, {"l": ["b", "a"]}, ["l (order)"]),
        ({"l": ["b", "c"]}, {"l": ["a", "b", "c"]}, ["l[0]"]),
        ({"l": [{"v": 1}, {"v": 2}]}, {"l": [{"v": 0}, {"v": 1}, {"v": 2}]}, ["l[0]"]),
        ({"l": [{"v": 1, "w": {"x": 1}}]}, {"l": [{"v": 1, "w": {"x": 2}}, {"v": 9}]}, ["l[0].w.x", "l[1]"]),
        ({"a": 1}, {"a": True}, ["a"]),
        ({"l": [{"v": 1}, {"v": 2}]}, {"l": [{"v": 1}, {"v": 3}]}, ["l[1].v"]),
        ({"labels": {"a.io/b": "1"}}, {"labels": {"a.io/b": "2"}}, ['labels["a.io/b"]']),
        ({"a": None}, {}, ["a"]),
    ],
)  # fmt: skip
def test_fields(before: Any, after: Any, expected: list[str]) -> None:
    assert paths(before, after) == expected
    assert len(paths(after, before)) == len(expected)


def test_an_absent_side_is_told_from_null() -> None:
    (change,) = field_changes({"a": None}, {})
    assert (change.before, change.after) == (None, ABSENT)


def manifest(kind: str, **more: Any) -> Manifest:
    return Manifest(
        {
            "apiVersion": more.pop("apiVersion", "v1"),
            "kind": kind,
            "metadata": {"name": "x", **more.pop("metadata", {})},
            **more,
        }
    )


GROUPS = {
    "Deployment": "apps", "StatefulSet": "apps", "Job": "batch", "RoleBinding": "rbac.authorization.k8s.io",
    "StorageClass": "storage.k8s.io", "PriorityClass": "scheduling.k8s.io",
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "path", "refused"),
    [
        ("Deployment", "spec.selector.matchLabels.app", True),
        ("Deployment", "spec.template.metadata.labels.app", False),
        ("StatefulSet", "spec.volumeClaimTemplates[0].spec", True),
        ("StatefulSet", "spec.serviceName", True),
        ("StatefulSet", "spec.template.spec.containers[name=a].image", False),
        ("Job", "spec.template.spec.containers[name=a].image", True),
        ("Job", "spec.backoffLimit", False),
        ("PersistentVolumeClaim", "spec.storageClassName", True),
        ("PersistentVolumeClaim", "spec.resources.requests.storage", False),
        ("RoleBinding", "roleRef.name", True),
        ("StorageClass", "parameters.type", True),
        ("StatefulSet", "spec.templateish", True),
        ("Service", "spec.clusterIP", True),
        ("Service", "spec.type", False),
        ("Secret", "type", True),
        ("PriorityClass", "value", True),
        ("PriorityClass", "globalDefault", False),
        ("Pod", "spec.containers[name=a].image", False),
        ("Pod", "spec.containers[name=a].command[0]", True),
    ],
)
def test_what_the_api_server_refuses(kind: str, path: str, refused: bool) -> None:
    group = GROUPS.get(kind, "")
    one = manifest(kind, apiVersion=f"{group}/v1" if group else "v1")
    notes = risks_of(one, one, (FieldChange(path, 1, 2),))
    assert any("cannot be changed" in note for note in notes) is refused
    hook = manifest(
        kind, apiVersion=one.api_version, metadata={"annotations": {"argocd.argoproj.io/hook": "Sync"}}
    )
    assert not any("cannot be changed" in note for note in risks_of(hook, hook, (FieldChange(path, 1, 2),)))


def test_values_of_a_secret_are_never_repeated() -> None:
    before = {"kind": "Secret", "data": {"a": "b25l", "b": "dHdv"}}
    changes = [
        *field_changes(before, {"kind": "Secret", "data": {"a": "dHdv"}}),
        FieldChange("", before, ABSENT),
    ]
    shown = [without_secrets(change) for change in changes]
    assert shown == [
        FieldChange("data.a", HIDDEN, HIDDEN),
        FieldChange("data.b", HIDDEN, ABSENT),
        FieldChange("", {"kind": "Secret", "data": {"a": HIDDEN, "b": HIDDEN}}, ABSENT),
    ]


DELETED = "Argo CD deletes it: Application a prunes"


def test_what_goes_with_a_removed_object_is_said_only_where_it_goes() -> None:
    claim = manifest("PersistentVolumeClaim")
    assert risks_of(claim, None, (), DELETED) == (DELETED, "data may go with it")
    assert risks_of(claim, None, (), "stays in the cluster") == ("stays in the cluster",)


def change(before: Manifest, after: Manifest) -> tuple[str, ...]:
    return risks_of(before, after, tuple(field_changes(before.data, after.data)))


def test_frozen_data() -> None:
    def frozen(name: str, value: str) -> Manifest:
        return manifest("ConfigMap", immutable=True, metadata={"name": name}, data={"a": value})

    assert change(frozen("c-1", "x"), frozen("c-1", "y")) == (
        "the ConfigMap is immutable: the sync fails until it is deleted or gets another name",
    )
    assert change(frozen("c-1", "x"), frozen("c-2", "y")) == (), "another hash is another object"


def role(*rules: dict[str, list[str]], kind: str = "Role", **more: Any) -> Manifest:
    return manifest(kind, apiVersion="rbac.authorization.k8s.io/v1", rules=list(rules), **more)


READ = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}
ALL = {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ([READ], [READ | {"verbs": ["delete", "get", "list"]}], ("rights grow: delete pods",)),
        ([READ], [READ | {"verbs": ["list", "get"]}], ()),
        ([READ], [READ, READ | {"verbs": ["get"]}], ()),
        ([READ], [READ | {"verbs": ["get"], "resourceNames": ["a"]}], ("rights shrink: get pods, list pods",)),
        ([READ | {"resourceNames": ["a"]}], [READ], ("rights grow: get pods, list pods",)),
        ([READ], [ALL], ("rights grow: * *.*",)),
        ([ALL], [ALL, READ], ()),
        ([{"nonResourceURLs": ["/metrics"], "verbs": ["get"]}], [], ("rights shrink: get /metrics",)),
        ([READ], [READ | {"resources": list("abcdef")}],
         ("rights grow: get a, get b, get c, get d and 8 more", "rights shrink: get pods, list pods")),
    ],
)  # fmt: skip
def test_rights_are_compared_not_their_spelling(before: Any, after: Any, said: tuple[str, ...]) -> None:
    assert change(role(*before), role(*after)) == said


def test_rights_by_binding() -> None:
    def binding(*names: str) -> Manifest:
        subjects = [{"kind": "Group", "name": name} for name in names]
        return role(kind="RoleBinding", subjects=subjects, roleRef={"name": "admin"})

    assert change(binding("a"), binding("b")) == (
        "rights grow: Group b may do what admin may",
        "rights shrink: Group a may no longer do what admin may",
    )
    assert risks_of(None, binding("a"), ()) == ("rights grow: Group a may do what admin may",)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("5Gi", "4Gi", "a volume cannot shrink"),
        ("5Gi", "6Gi", "the volume grows"),
    ],
)
def test_volumes_only_grow(before: str, after: str, said: str) -> None:
    old, new = (
        manifest("PersistentVolumeClaim", spec={"resources": {"requests": {"storage": size}}})
        for size in (before, after)
    )
    assert any(note.startswith(said) for note in change(old, new))


def test_ways_in_pods_and_nodes() -> None:
    def service(kind: str) -> Manifest:
        return manifest("Service", spec={"type": kind})

    assert change(service("ClusterIP"), service("NodePort")) == (
        "it can be reached from outside of the cluster",
    )
    assert change(service("NodePort"), service("LoadBalancer")) == ()

    def workload(**pod: Any) -> Manifest:
        return manifest("Deployment", apiVersion="apps/v1", spec={"template": {"spec": pod}})

    container = {"name": "a", "image": "x:1", "resources": {"limits": {"nvidia.com/gpu": 1}}}
    assert change(workload(containers=[]), workload(containers=[container])) == (
        "another image runs",
        "the GPUs of a pod change",
        "requests or limits change: check quota, nodes and budget",
        "its pods are replaced",
    )
    assert "the pods reach into their node" in change(workload(), workload(hostNetwork=True))
    data = [manifest("ConfigMap", data={"image": tag}) for tag in "ab"]
    assert change(*data) == (), "a key of a ConfigMap runs nothing"
