"""Pod templates and their containers, with the paths of their fields."""

from __future__ import annotations

from typing import Any

import pytest

from kustodian.kubernetes.pods.template import Container, PodTemplate
from kustodian.model.manifest import Manifest
from tests.unit.kubernetes.builders import pod

OWNER = Manifest({})


@pytest.mark.parametrize(("data", "role", "noun"), [
    ({"name": "c"}, "container", 'container "c"'),
    ({"name": "c"}, "init", 'init container "c"'),
    ({"name": "c"}, "sidecar", 'sidecar "c"'),
    ({"name": "c"}, "ephemeral", 'ephemeral container "c"'),
    ({"name": 3}, "container", 'container "0"'),
])  # fmt: skip
def test_a_container_in_words(data: dict[str, Any], role: Any, noun: str) -> None:
    assert str(Container(data, ("spec", "containers", 0), role)) == noun


@pytest.mark.parametrize(("data", "name", "image", "requests", "limits", "context"), [
    (
        {"name": "c", "image": "x:1", "resources": {"requests": {"cpu": 1}, "limits": {"cpu": 2}}, "securityContext": {"privileged": True}},
        "c", "x:1", {"cpu": 1}, {"cpu": 2}, {"privileged": True},
    ),
    ({}, "", "", {}, {}, {}),
    ({"name": None, "image": 1, "resources": [], "securityContext": "x"}, "", "", {}, {}, {}),
    ({"resources": {"requests": None, "limits": "x"}}, "", "", {}, {}, {}),
])  # fmt: skip
def test_fields_of_a_container(
    data: dict[str, Any], name: str, image: str, requests: object, limits: object, context: object
) -> None:
    container = Container(data, ("c",), "container")
    assert (container.name, container.image) == (name, image)
    assert (container.requests, container.limits, container.security_context) == (requests, limits, context)


def test_where_an_image_is_written() -> None:
    assert Container({}, ("c",), "container").image_path == ("c", "image")
    assert Container({}, ("c",), "container", given_image_path=("spec", "image")).image_path == (
        "spec",
        "image",
    )


@pytest.mark.parametrize(("role", "expected"), [
    ("container", True), ("sidecar", True), ("init", False), ("ephemeral", False),
])  # fmt: skip
def test_long_running(role: Any, expected: bool) -> None:
    assert Container({}, (), role).long_running is expected


def test_containers_in_the_order_they_start() -> None:
    template = pod(
        initContainers=[{"name": "fetch"}, {"name": "mesh", "restartPolicy": "Always"}, {"name": "odd", "restartPolicy": "Never"}],
        containers=[None, {"name": "server", "restartPolicy": "Always"}],
        ephemeralContainers=[{"name": "debug"}],
    )  # fmt: skip
    assert [(c.name, c.role, c.path) for c in template.containers] == [
        ("fetch", "init", ("spec", "initContainers", 0)),
        ("mesh", "sidecar", ("spec", "initContainers", 1)),
        ("odd", "init", ("spec", "initContainers", 2)),
        ("server", "container", ("spec", "containers", 1)),
        ("debug", "ephemeral", ("spec", "ephemeralContainers", 0)),
    ]
    assert [c.name for c in template.main_containers] == ["server"]
    assert pod(containers=None, initContainers="x").containers == ()


def test_given_containers_take_the_place_of_those_in_the_spec() -> None:
    given = (Container({"name": "given"}, ("spec", "driver"), "container"),)
    template = PodTemplate(
        OWNER, ("spec",), ("spec",), {"containers": [{"name": "c"}]}, given_containers=given
    )
    assert template.containers == given


@pytest.mark.parametrize(("os", "expected"), [
    ({"name": "windows"}, True), ({"name": "linux"}, False), ({}, False), (None, False), ("windows", False),
])  # fmt: skip
def test_is_windows(os: object, expected: bool) -> None:
    assert pod(os=os).is_windows is expected


@pytest.mark.parametrize(("spec", "name"), [
    ({"serviceAccountName": "a"}, "a"),
    ({"serviceAccount": "b"}, "b"),
    ({"serviceAccountName": "a", "serviceAccount": "b"}, "a"),
    ({"serviceAccountName": "", "serviceAccount": None}, "default"),
    ({"serviceAccountName": 3}, "default"),
    ({}, "default"),
])  # fmt: skip
def test_service_account(spec: dict[str, Any], name: str) -> None:
    assert pod(**spec).service_account == name


def test_paths_of_fields_that_lie_elsewhere() -> None:
    template = PodTemplate(
        OWNER, ("spec", "driver"), ("spec", "driver"), {"volumes": [None, {"name": "v"}], "securityContext": {"runAsUser": 1}},
        field_paths={"volumes": ("spec", "volumes"), "securityContext": ("spec", "driver", "podSecurityContext")},
    )  # fmt: skip
    assert template.path_of("volumes") == ("spec", "volumes")
    assert template.path_of("volumes", 1, "name") == ("spec", "volumes", 1, "name")
    assert template.path_of("hostNetwork") == ("spec", "driver", "hostNetwork")
    assert template.path_of() == ("spec", "driver")
    assert template.volumes == [(("spec", "volumes", 1), {"name": "v"})]
    container = Container({}, ("c",), "container")
    assert template.effective(container, "runAsUser") == (
        1,
        ("spec", "driver", "podSecurityContext", "runAsUser"),
    )


OWN = ("spec", "containers", 0, "securityContext", "runAsUser")
PODS = ("spec", "securityContext", "runAsUser")


@pytest.mark.parametrize(("own", "pods", "expected"), [
    ({"runAsUser": 1}, {"runAsUser": 2}, (1, OWN)),
    ({"runAsUser": 0}, {"runAsUser": 2}, (0, OWN)),
    ({"runAsUser": None}, {"runAsUser": 2}, (2, PODS)),
    ({}, {"runAsUser": 2}, (2, PODS)),
    (None, {"runAsUser": 2}, (2, PODS)),
    ({}, {"runAsUser": None}, (None, OWN)),
    ("x", [], (None, OWN)),
])  # fmt: skip
def test_a_container_inherits_from_its_pod(
    own: object, pods: object, expected: tuple[object, object]
) -> None:
    template = pod(securityContext=pods, containers=[{"name": "c", "securityContext": own}])
    assert template.effective(template.containers[0], "runAsUser") == expected
