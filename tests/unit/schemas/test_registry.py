"""Schemas of Kubernetes versions and custom resources, and the words for what they refuse."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kustodian.kubernetes import api_lifecycle
from kustodian.kubernetes.api_lifecycle import lifecycle_of
from kustodian.model.errors import UserError
from kustodian.model.manifest import Manifest
from kustodian.policy.rules.schema._served import retired_version
from kustodian.schemas import shipped as shipped_module
from kustodian.schemas.registry import Schemas, supported_versions
from kustodian.schemas.server.objects import is_schedule

POD_SPEC = {"containers": [{"name": "a", "image": "registry.example.com/a:1.0.0"}]}


def crd(schema: dict[str, Any], **spec: Any) -> Manifest:
    """A CustomResourceDefinition for example.com/v1 Widget with this schema of its spec."""
    openapi = {"type": "object", "properties": {"spec": schema}}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": openapi}}
    names = {"kind": "Widget", "plural": "widgets"}
    return Manifest({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "spec": {"group": "example.com", "names": names, "versions": [version], **spec},
    })  # fmt: skip


def widget(spec: object) -> Manifest:
    """A Widget with this spec."""
    return Manifest(
        {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": spec}
    )


def messages(schemas: Schemas, manifest: Manifest) -> dict[tuple[str | int, ...], str]:
    """Path to message of everything a schema refuses."""
    return {violation.path: violation.message for violation in schemas.problems(manifest)}


def test_versions_are_those_of_the_package() -> None:
    assert supported_versions()[0] == "1.25"
    assert "1.34" in supported_versions()
    assert supported_versions().index("1.26") == 1


@pytest.mark.parametrize("version", ["1.24", "1.99", "2.0", "latest"])
def test_unknown_version_is_refused_with_the_known_ones(version: str) -> None:
    with pytest.raises(UserError) as caught:
        Schemas(version)
    assert version in caught.value.message
    assert "1.34" in (caught.value.hint or "")


@pytest.mark.parametrize("version", ["1.34", "v1.34", "1.34.2"])
def test_version_may_carry_a_prefix_and_a_patch(version: str) -> None:
    assert Schemas(version).version == "1.34"


@pytest.mark.parametrize("version", supported_versions())
def test_every_version_accepts_a_deployment_and_refuses_a_misspelt_field(version: str) -> None:
    schemas = Schemas(version)
    template = {"metadata": {"labels": {"app": "a"}}, "spec": POD_SPEC}
    spec: dict[str, Any] = {"selector": {"matchLabels": {"app": "a"}}, "template": template}
    data = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"}, "spec": spec}
    assert messages(schemas, Manifest(data)) == {}
    broken = {**data, "spec": {**spec, "replica": 1}}
    assert messages(schemas, Manifest(broken)) == {
        ("spec", "replica"): 'unknown field "replica", did you mean "replicas"?'
    }


def test_same_short_group_in_another_domain_is_another_group() -> None:
    # kubernetes-validate itself takes networking.istio.io/v1 for networking.k8s.io/v1.
    assert Schemas().knows("networking.k8s.io/v1", "Ingress")
    assert not Schemas().knows("networking.example.com/v1", "Ingress")


def test_builtin_kinds_know_their_scope() -> None:
    schemas = Schemas(crds=[crd({"type": "object"}, scope="Cluster")])
    assert schemas.is_namespaced("apps/v1", "Deployment")
    assert not schemas.is_namespaced("rbac.authorization.k8s.io/v1", "ClusterRole")
    assert not schemas.is_namespaced("example.com/v1", "Widget")
    assert schemas.is_namespaced("example.com/v1", "Unheard")


@pytest.mark.parametrize(
    ("spec", "path", "message"),
    [
        ({"replicas": "3"}, ("replicas",), 'replicas must be an integer, not the string "3"'),
        ({"paused": "yes"}, ("paused",), 'paused must be true or false, not the string "yes"'),
        ({"template": []}, ("template",), "template must be a mapping, not a list"),
        ({"strategy": {"type": "rollingupdate"}}, ("strategy", "type"),
         'type is "rollingupdate", which is not one of RollingUpdate, Recreate; '
         'did you mean "RollingUpdate"?'),
        ({"strategy": {"rollingUpdate": {"maxSurge": 0.5}}}, ("strategy", "rollingUpdate", "maxSurge"),
         "maxSurge must be an integer or a string, not the number 0.5"),
    ],
)  # fmt: skip
def test_refusals_are_worded_for_people(spec: dict[str, Any], path: tuple[str, ...], message: str) -> None:
    base: dict[str, Any] = {"selector": {}, "template": {}}
    data = {"apiVersion": "apps/v1", "kind": "Deployment", "spec": {**base, **spec}}
    assert messages(Schemas(), Manifest(data))["spec", *path] == message


@pytest.mark.parametrize("text", ["", "1GB", "1.5.0", "1e", "--1", "1 Gi"])
def test_bad_quantity_is_named(text: str) -> None:
    data = {"apiVersion": "v1", "kind": "ResourceQuota", "spec": {"hard": {"memory": text}}}
    assert "which is not a quantity" in messages(Schemas(), Manifest(data))["spec", "hard", "memory"]


@pytest.mark.parametrize("value", ["1Gi", "500m", "1e3", "0.5", ".5", "5.", "+1", 1, 0.5, " 1Gi"])
def test_good_quantity_is_accepted(value: object) -> None:
    data = {"apiVersion": "v1", "kind": "ResourceQuota", "spec": {"hard": {"memory": value}}}
    assert messages(Schemas(), Manifest(data)) == {}


def test_custom_resource_is_strict_about_unknown_fields_and_its_metadata() -> None:
    schemas = Schemas(crds=[crd({"type": "object", "properties": {"size": {"type": "integer"}}})])
    manifest = widget({"sise": 1})
    manifest.data["metadata"]["lables"] = {}
    assert messages(schemas, manifest) == {
        ("spec", "sise"): 'unknown field "sise", did you mean "size"?',
        ("metadata", "lables"): 'unknown field "lables", did you mean "labels"?',
    }


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        ({"type": "object", "x-kubernetes-preserve-unknown-fields": True}, {"any": [1]}, "text"),
        ({"x-kubernetes-int-or-string": True, "anyOf": [{"type": "integer"}, {"type": "string"}]},
         "80%", [80]),
        ({"type": "string", "nullable": True, "enum": ["a"]}, None, "b"),
        ({"type": "integer", "minimum": 0, "exclusiveMinimum": True}, 1, 0),
        ({"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"}, ["a"], ["a", "a"]),
        ({"type": "object", "additionalProperties": {"type": "string"}}, {"a": "b"}, {"a": 1}),
        ({"type": "object", "x-kubernetes-embedded-resource": True,
          "properties": {"spec": {"type": "object"}}},
         {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}}, {"metadata": {"nam": "a"}}),
        ({"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
          "oneOf": [{"required": ["a"]}, {"required": ["b"]}]}, {"a": "x"}, {}),
    ],
)  # fmt: skip
def test_structural_schema_is_read_as_the_api_server_reads_it(
    schema: dict[str, Any], good: object, bad: object
) -> None:
    schemas = Schemas(crds=[crd({"type": "object", "properties": {"field": schema}})])
    assert messages(schemas, widget({"field": good})) == {}
    assert messages(schemas, widget({"field": bad})) != {}


def test_null_of_an_optional_field_is_dropped_and_of_a_required_one_refused() -> None:
    properties = {"a": {"type": "string", "enum": ["x"]}, "b": {"type": "string"}}
    schemas = Schemas(crds=[crd({"type": "object", "required": ["b"], "properties": properties})])
    assert messages(schemas, widget({"a": None, "b": ""})) == {}
    assert messages(schemas, widget({"a": "x", "b": None})) == {("spec", "b"): "b must be a string, not null"}


def test_alternatives_are_named() -> None:
    schema = {
        "type": "object",
        "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
        "anyOf": [{"required": ["a"]}, {"required": ["b"]}],
    }
    assert messages(Schemas(crds=[crd(schema)]), widget({})) == {("spec",): 'spec needs "a" or "b"'}


def test_status_of_a_subresource_is_not_looked_at() -> None:
    plain = crd({"type": "object"})
    version = plain.data["spec"]["versions"][0]
    version["schema"]["openAPIV3Schema"]["properties"]["status"] = {"type": "object"}
    with_subresource = Manifest(json.loads(json.dumps(plain.data)))
    with_subresource.data["spec"]["versions"][0]["subresources"] = {"status": {}}
    manifest = widget({})
    manifest.data["status"] = {"observed": 1}
    assert messages(Schemas(crds=[plain]), manifest) == {("status", "observed"): 'unknown field "observed"'}
    assert messages(Schemas(crds=[with_subresource]), manifest) == {}


def _shipped(folder: Path, format_: int = 1) -> Path:
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$defs": {"shared1": {"type": "object", "properties": {"size": {"type": "integer"}},
                              "additionalProperties": False}},
        "type": "object",
        "properties": {"apiVersion": {"const": "example.com/v1"}, "kind": {"const": "Widget"},
                       "metadata": {"type": "object"}, "spec": {"$ref": "#/$defs/shared1"}},
        "additionalProperties": False,
    }  # fmt: skip
    versions = {
        "v1": {"file": "Widget_v1.json", "served": True, "storage": True, "deprecated": False},
        "v1beta1": {"file": "Widget_v1beta1.json", "served": False, "storage": False, "deprecated": True},
    }
    kinds = {"example.com/Widget": {"scope": "Cluster", "plural": "widgets", "versions": versions}}
    (folder / "Widget_v1.json").write_text(json.dumps(schema))
    (folder / "index.json").write_text(json.dumps({"format": format_, "modules": [], "kinds": kinds}))
    return folder


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with shipped schemas in the layout of the build, in place of the real one."""
    read = shipped_module.shipped_kinds
    folder = _shipped(tmp_path)
    monkeypatch.setattr(shipped_module, "shipped_kinds", lambda: read(folder))
    return folder


def test_shipped_schema_is_found_and_its_definitions_give_suggestions(shipped: Path) -> None:
    del shipped
    schemas = Schemas()
    assert schemas.knows("example.com/v1", "Widget")
    assert not schemas.is_namespaced("example.com/v1", "Widget")
    assert messages(schemas, widget({"sise": 1})) == {
        ("spec", "sise"): 'unknown field "sise", did you mean "size"?'
    }


def test_version_of_a_shipped_kind_is_looked_up_in_its_index(shipped: Path) -> None:
    del shipped
    schemas = Schemas()

    def retired(version: str) -> str | None:
        found = retired_version(Manifest({"apiVersion": f"example.com/{version}", "kind": "Widget"}), schemas)
        return found.replacement if found else None

    assert retired("v1") is None
    assert retired("v1beta1") == "example.com/v1"
    assert retired("v1alpha1") == "example.com/v1"
    assert retired("v2") is None, "it may be newer than what is shipped"


def test_crd_of_the_repository_goes_before_the_shipped_one(shipped: Path) -> None:
    del shipped
    schemas = Schemas(crds=[crd({"type": "object", "properties": {"colour": {"type": "string"}}})])
    assert messages(schemas, widget({"colour": "red"})) == {}


def test_index_of_another_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="format 2"):
        shipped_module.shipped_kinds(_shipped(tmp_path, 2))


@pytest.mark.parametrize("version", supported_versions())
def test_lifecycle_table_agrees_with_the_published_schemas(version: str) -> None:
    schemas = Schemas(version)
    now = (1, int(version.partition(".")[2]))
    for (api_version, kind), life in api_lifecycle._LIFECYCLES.items():
        known = schemas.kinds_of(api_version) if kind == "*" else {kind} & schemas.kinds_of(api_version)
        if life.removed is not None and life.removed <= now:
            assert not known, f"{kind} of {api_version} is still in {version}"
        elif life.removed is not None and (1, 25) <= life.deprecated <= now:
            assert known, f"{kind} of {api_version} is not in {version}"


def test_lifecycle_names_the_replacement() -> None:
    life = lifecycle_of("policy/v1beta1", "PodDisruptionBudget")
    assert life is not None
    assert life.deprecated == (1, 21)
    assert life.removed == (1, 25)
    assert life.replacement.startswith("policy/v1 ")
    assert lifecycle_of("policy/v1", "PodDisruptionBudget") is None


@pytest.mark.parametrize(
    ("schedule", "valid"),
    [
        ("0 2 * * *", True), ("*/5 * * * *", True), ("0-30/10 1,2 ? jan-MAR sun", True), ("@daily", True),
        ("@every 1h30m", True), ("5/15 * * * *", True),
        ("60 * * * *", False), ("0 24 * * *", False), ("0 0 0 * *", False), ("0 0 * 13 *", False),
        ("0 0 * * 7", False), ("* * * *", False), ("* * * * * *", False), ("5-1 * * * *", False),
        ("*/0 * * * *", False), ("@often", False), ("@every day", False), ("", False),
    ],
)  # fmt: skip
def test_cron_schedule_as_the_controller_reads_it(schedule: str, valid: bool) -> None:
    assert is_schedule(schedule) is valid
