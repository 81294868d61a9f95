"""Differences of rendered objects: semantic, paired, and with their risks."""

from __future__ import annotations

from typing import Any

import pytest

from kustodian.model.difference import ABSENT, FieldChange
from kustodian.model.manifest import Manifest
from kustodian.review.diff import field_changes
from kustodian.review.diff_risks import risks_of


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
        ({"l": ["a", "b"]}, {"l": ["a"]}, ["l"]),
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
        {"apiVersion": "v1", "kind": kind, "metadata": {"name": "x", **more.pop("metadata", {})}, **more}
    )


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
    ],
)
def test_what_the_api_server_refuses(kind: str, path: str, refused: bool) -> None:
    notes = risks_of(manifest(kind), manifest(kind), (FieldChange(path, 1, 2),))
    assert any("cannot be changed" in note for note in notes) is refused
    hook = manifest(kind, metadata={"annotations": {"argocd.argoproj.io/hook": "Sync"}})
    assert not any("cannot be changed" in note for note in risks_of(hook, hook, (FieldChange(path, 1, 2),)))


def test_removed_objects_rights_and_frozen_data() -> None:
    assert any("Argo CD deletes it" in note for note in risks_of(manifest("Service"), None, ()))
    assert "data may go with it" in risks_of(manifest("PersistentVolumeClaim"), None, ())
    assert risks_of(None, manifest("ClusterRole"), ()) == ("rights change",)
    frozen = manifest("ConfigMap", immutable=True)
    assert risks_of(frozen, frozen, (FieldChange("data.a", 1, 2),)) == (
        "the ConfigMap is immutable: the sync fails",
    )
